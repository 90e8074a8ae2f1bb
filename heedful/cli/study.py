"""``heedful study``: the lecture's claims on built-in data, measured on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli import comparing, options


def study(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The study's folder.")] = Path("runs/study"),
    seeds: comparing.Seeds = 3,
    jobs: comparing.Jobs = None,
    threads: options.Threads = None,
    updates: Annotated[
        int | None,
        typer.Option("--updates", min=1, metavar="N", help="Other than 1,200 a run: fewer for a quick look."),
    ] = None,
    language: comparing.Language = "en",
    json: options.Json = False,
) -> None:
    """Train the built-in lessons, look inside, and judge every claim of the lecture.

    Some ten to thirty minutes on two cores. What is finished is not trained again: stopped, the same command goes on.
    """
    from heedful.cli import show
    from heedful.study.lessons import LESSONS
    from heedful.study.studying import study as study_all
    from heedful.study.studying import study_page
    from heedful.study.words import Words

    words = Words(language)
    at_once = jobs or comparing.cores()
    overrides = [] if updates is None else [("training.updates", updates), ("training.warmup", updates // 12)]
    total = sum(len(each.arms) for each in LESSONS) * seeds
    show.say(f"{total} small models to train, {at_once} at a time")
    with comparing.following(total) as told:
        found = study_all(
            words, out, seeds, jobs=at_once, threads=comparing.shares(at_once, threads), overrides=overrides, told=told,
            looking=lambda what: told.say(f"looking into {what}"),
        )  # fmt: skip
    fewer = [] if updates is None else ["--updates", str(updates)]
    said = comparing.command(
        "study", "--out", str(out), "--seeds", str(seeds), *fewer, *comparing.in_language(language)
    )
    comparing.write(out, found.record(), study_page(words, found, said))
    if json:
        show.json_line(found.record())
    else:
        comparing.claims(found.claims, words)
    show.say(f"report: {out / comparing.REPORT}; numbers: {out / comparing.RESULT}")
