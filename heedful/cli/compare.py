"""``heedful compare``: a recipe in many variants, with seeds, intervals and significance, in one report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli import comparing, options, train
from heedful.errors import SettingsError

if TYPE_CHECKING:
    from heedful.study.scored import Comparison


def compare(  # noqa: PLR0913 (one argument an option)
    data: Annotated[
        list[str],
        typer.Argument(metavar="RECIPE.toml | DATA.tsv | SOURCE TARGET", help="What heedful train takes."),
    ],
    *,
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary", metavar="KEY=A,B,...", help="A recipe key and its values. Said again: every combination."
        ),
    ],
    seeds: comparing.Seeds = 1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The comparison's folder; runs/NAME-compared.")
    ] = None,
    jobs: comparing.Jobs = None,
    threads: options.Threads = None,
    updates: Annotated[
        int | None, typer.Option("--updates", min=1, metavar="N", help="The budget of every run, in updates.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            metavar="M",
            help="The budget of every run: so many minutes, or its updates if they are done earlier.",
        ),
    ] = None,
    sets: options.Set = None,
    dev: Annotated[list[str] | None, typer.Option("--dev", metavar="FILE", help="As heedful train takes it.")] = None,
    bins: Annotated[
        str | None, typer.Option("--bins", metavar="N,N,...", help="Last source length of each range in the report.")
    ] = None,
    alignments: Annotated[
        Path | None,
        typer.Option("--alignments", metavar="FILE", help="Right links of the dev data: i-j sure, i?j possible."),
    ] = None,
    language: comparing.Language = "en",
    json: options.Json = False,
) -> None:
    """Train a recipe in variants and say which is best, with intervals and significance.

    The runs stand in the folder, and the report beside them. What is finished is not trained again: stopped, the same
    command goes on.
    """
    from heedful.cli import show
    from heedful.study import comparison_page, grid
    from heedful.study.comparing import check_folder
    from heedful.study.comparing import compare as compare_arms
    from heedful.study.cost import kept_step_costs
    from heedful.study.families import luong_and_bahdanau
    from heedful.study.words import Words

    words, ranges = Words(language), comparing.bins_of(bins)
    files, among = options.separated(data)
    overrides = options.read_overrides([*(sets or []), *among])
    if updates is not None and minutes is not None:
        raise SettingsError("--updates and --minutes are two budgets; give one")
    if minutes is not None:
        overrides.append(("training.minutes", minutes))
    if updates is not None:
        overrides.append(("training.updates", updates))
    if dev:
        overrides.append(("data.dev", options.as_place(dev, "--dev")))
    table = train.table_of(files)
    folder = out or Path("runs") / f"{train.stem_of(files[0])}-compared"
    check_folder(folder)
    show.say(f"reading {' '.join(files)}")
    arms = grid.arms(table, overrides, [_from_here(*grid.parse_vary(each)) for each in vary], files[0])
    for note in dict.fromkeys(note for arm in arms for note in arm.notes):
        show.say(f"note: {note}")
    at_once = jobs or 1
    links = None
    if alignments is not None:
        from heedful.data.alignments import read_alignments

        links = read_alignments(alignments)
    show.say(f"{show.count(len(arms), 'arm')}, {show.count(seeds, 'seed')} each")
    with comparing.following(len(arms) * seeds) as told:
        found = compare_arms(
            arms, seeds, folder, jobs=at_once, threads=comparing.shares(at_once, threads), told=told, links=links
        )
    options.use_threads(threads)
    pairs = luong_and_bahdanau(found.arms)
    costs = kept_step_costs(words, folder, *pairs[0]) if pairs else ()
    claims = comparison_page.claims_of(words, found, ranges, costs)
    said = comparing.command(
        "compare", *data, *(word for each in vary for word in ("--vary", each)), "--seeds", str(seeds), "--out", str(folder),
        *_said(sets, updates, minutes, dev, bins, alignments), *comparing.in_language(language),
    )  # fmt: skip
    page = comparison_page.comparison_page(words, found, claims, train.stem_of(files[0]), said)
    record = found.record() | {"claims": {each.name: each.record() for each in claims}}
    comparing.write(folder, record, page)
    if json:
        show.json_line(record)
    else:
        _tell(found, words("best"))
        comparing.claims(claims, words)
    show.say(f"report: {folder / comparing.REPORT}; numbers: {folder / comparing.RESULT}")


def _from_here(key: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Files that are varied are seen from here, not from where the runs will stand."""
    if key not in ("data.train", "data.dev"):
        return key, values
    return key, tuple(
        [*map(options.absolute, each)] if isinstance(each, list) else options.absolute(str(each)) for each in values
    )


def _said(
    sets: list[str] | None, updates: int | None, minutes: float | None, dev: list[str] | None, bins: str | None,
    alignments: Path | None,
) -> list[str]:  # fmt: skip
    """Options that make another comparison, as they were said."""
    found = [word for each in sets or [] for word in ("--set", each)]
    for name, value in (("--updates", updates), ("--minutes", minutes), ("--bins", bins), ("--alignments", alignments)):
        found += [] if value is None else [name, f"{value}"]
    return [*found, *(word for each in dev or [] for word in ("--dev", each))]


def _tell(found: "Comparison", best: str) -> None:
    """The table on standard output, the best first."""
    from heedful.cli import show
    from heedful.evaluation.metrics import METRICS

    higher = METRICS[found.metric].higher_is_better
    order = sorted(range(len(found.arms)), key=lambda place: found.means[place].value, reverse=higher)
    rows: list[list[str]] = []
    for place in order:
        each, mean, against = found.arms[place], found.means[place], found.against_best[place]
        record = found.record_of(place)
        versus = best if against is None else f"{against.difference:+.2f} ({against.low:+.2f} to {against.high:+.2f})"
        speeds = (record["training_units_per_second"], record["prediction_units_per_second"])
        rows.append(
            [each.arm.name, f"{mean.value:.2f}", f"{mean.low:.2f} to {mean.high:.2f}", versus,
             "" if against is None else f"{against.p:.3f}", "" if each.entropy is None else f"{each.entropy:.2f}",
             f"{each.measured[0].parameters:,}", *("" if speed is None else f"{speed:,.0f}" for speed in speeds)]
        )  # fmt: skip
    sources = f"{len(found.arms[0].items.sources):,} sources"
    heads = [
        "arm", found.metric, "95 %", "against the best (95 %)", "p (Holm)", "entropy", "parameters", "training/s", "prediction/s"
    ]  # fmt: skip
    show.table(f"{found.metric} in %, {sources}", heads, rows)
