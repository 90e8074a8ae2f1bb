"""``heedful study``: trains the lessons, looks inside, and measures every claim."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

import heedful
from heedful.checkpoint import RunLock
from heedful.errors import DivergedError
from heedful.inspection.page import Page, Section, Table
from heedful.study.claims import Claim, alike, all_states, bottleneck, picks, soften
from heedful.study.claims_inside import Insides, explanation, final_state, own_item, recall, reversing
from heedful.study.comparing import check_folder, compare
from heedful.study.comparison_page import side_by_side
from heedful.study.cost import kept_step_costs
from heedful.study.families import attention_of, cells_of
from heedful.study.grid import Override
from heedful.study.lessons import CELLS, CELLS_ON_DATES, COPY, DATES, LESSONS, Lesson
from heedful.study.looking import Look, Looking, look_all, looks
from heedful.study.running import ARMS, Told
from heedful.study.scored import Comparison
from heedful.study.words import Words


@dataclass(frozen=True)
class Study:
    """The lessons, trained and measured: comparisons by the lesson's name, and the claims in the order of the lecture."""

    compared: Mapping[str, Comparison]
    claims: tuple[Claim, ...]

    def record(self) -> dict[str, Any]:
        """The study as JSON-ready values."""
        return {
            "claims": {each.name: each.record() for each in self.claims},
            "lessons": {name: each.record() for name, each in self.compared.items()},
        }


def study(  # noqa: PLR0913 (one argument an option)
    words: Words,
    out: Path,
    seeds: int = 3,
    *,
    jobs: int = 1,
    threads: int = 1,
    overrides: Sequence[Override] = (),
    lessons: Sequence[Lesson] = LESSONS,
    told: Told = lambda progress: None,
    looking: Looking = lambda what: None,
) -> Study:
    """Trains what is not finished, looks into what was not looked into, and judges.

    Raises:
        SettingsError: ``out`` holds something else. DivergedError: a run did. What training raises.
    """
    check_folder(out)
    (out / ARMS).mkdir(parents=True, exist_ok=True)  # a study interrupted at once is still known as ours
    compared = {
        each.name: compare(
            each.planned(overrides), seeds, out / ARMS / each.name, jobs=jobs, threads=threads, told=told, timed=False
        )
        for each in lessons
    }
    for each in lessons:
        if len(compared[each.name].arms) < len(each.arms):
            raise DivergedError("; ".join(compared[each.name].notes))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with RunLock(out):
            claims = _claims(words, out, compared, lambda wanted: look_all(wanted, jobs, threads, looking))
    finally:
        torch.set_num_threads(before)
    return Study(compared, tuple(claims))


def _claims(
    words: Words, out: Path, compared: Mapping[str, Comparison], look: Callable[[Sequence[Look]], None]
) -> list[Claim]:
    copy, dates, cells = (compared[name] for name in (COPY.name, DATES.name, CELLS_ON_DATES.name))
    on_copy, on_dates = words("data-copy"), words("data-dates")
    arms = {each.arm.name: each for each in copy.arms}
    plain = [arms[f"attention=fixed, cell={cell}"] for cell in CELLS]
    backwards = [arms[f"attention=fixed, cell={cell}, read_backwards=true"] for cell in CELLS]
    both = [arms[f"attention=fixed, cell={cell}, bidirectional=true"] for cell in CELLS]
    attentive = [arms[f"attention={name}, cell={cell}"] for name in ("bahdanau", "luong") for cell in CELLS]
    looked = [each for each in dates.arms if each.arm.recipe.model.attention != "fixed"]
    data = [(on_copy, [*plain, *attentive]), (on_dates, dates.arms)]
    named = dict(zip(CELLS, plain, strict=True))
    wanted = {
        "untrained": looks(named, untrained=True),
        "copy": looks(named),
        "both": looks(dict(zip(CELLS, both, strict=True))),
        "dates": looks(dict(zip(CELLS, cells.arms, strict=True))),
        "attentive": looks({f"{attention_of(each)}, {cells_of(each)}": each for each in attentive}, outputs=True),
        "dated": looks({attention_of(each): each for each in looked}, outputs=True),
    }
    look([each for group in wanted.values() for seeds in group.values() for each in seeds])
    inside = {name: _seen(group) for name, group in wanted.items()}
    one, two = words("one-direction"), words("both-directions")
    after = [(f"{on_copy}, {one}", inside["copy"]), (f"{on_dates}, {one}", inside["dates"])]
    seen = [(on_copy, inside["attentive"]), (on_dates, inside["dated"])]
    costs = kept_step_costs(words, out, arms["attention=luong, cell=lstm"], arms["attention=bahdanau, cell=lstm"])
    found = [
        bottleneck(words, [*plain, *attentive]),
        final_state(words, "final-by-nature", [(words("untrained"), inside["untrained"])]),
        final_state(words, "final-after-training", after, [(f"{on_copy}, {two}", inside["both"])]),
        recall(words, list(zip(plain, backwards, strict=True))),
        soften(words, [*plain, *attentive]),
        own_item(words, seen),
        all_states(words, [*plain, *attentive]),
        picks(words, data),
        alike(words, data, costs),
        reversing(words, list(zip(plain, backwards, strict=True))),
        explanation(words, seen),
    ]
    return [each for each in found if each is not None]


def _seen(group: Mapping[str, Sequence[Look]]) -> Insides:
    return {name: [found for each in seeds if (found := each.seen()) is not None] for name, seeds in group.items()}


def study_page(words: Words, found: Study, command: str) -> Page:
    """The page of the lecture: a section a claim, the models, how to repeat it."""
    seeds = len(next(iter(found.compared.values())).arms[0].seeds)
    warning = (words("seed-warning"),) if seeds == 1 else ()
    runs = sum(len(each.folders) for one in found.compared.values() for each in one.arms)
    seconds = sum(run.seconds for one in found.compared.values() for each in one.arms for run in each.measured)
    tables: list[Table] = []
    for name, one in found.compared.items():
        tables.append(replace(side_by_side(words, one), caption=f"{name} ({words(one.metric)})"))
    recipes = [f"# {name}\n{one.recipe.toml()}" for name, one in found.compared.items()]
    return Page(
        title=words("study-title"),
        lead=(
            words("study-lead", runs=runs, minutes=words("minutes", count=seconds / 60)),
            *warning,
            words("measures-caption"),
        ),
        sections=(
            *(each.section for each in found.claims),
            Section("models", words("study-models"), text=(words("study-models-text"),), tables=tuple(tables)),
            Section("repeat", words("repeat"), text=(words("study-repeat-text"),), code=(command, *recipes)),
        ),
        language=words.language,
        footer=words("footer", version=heedful.__version__),
    )
