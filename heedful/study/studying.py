"""``heedful study``: trains the lessons, looks inside, and measures every claim."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import heedful
from heedful.checkpoint import RunLock, load
from heedful.inspection.page import Page, Section, Table
from heedful.model.seq2seq import Network
from heedful.predictor import Predictor
from heedful.study.claims import Claim, alike, all_states, bottleneck, picks, soften
from heedful.study.claims_inside import Insides, explanation, final_state, own_item, recall, reversing
from heedful.study.comparing import Comparison, Scored, check_folder, compare
from heedful.study.comparison_page import side_by_side
from heedful.study.cost import kept_step_costs
from heedful.study.grid import Override
from heedful.study.inside import INSIDE, Inside, look_inside
from heedful.study.lessons import CELLS, CELLS_ON_DATES, COPY, DATES, LESSONS, Lesson
from heedful.study.running import ARMS, Told
from heedful.study.words import Words

Looking = Callable[[str], None]
"""Is told what is looked into."""


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
        SettingsError: ``out`` holds something else. What training raises.
    """
    check_folder(out)
    (out / ARMS).mkdir(parents=True, exist_ok=True)  # a study interrupted at once is still known as ours
    compared = {
        each.name: compare(
            each.planned(overrides), seeds, out / ARMS / each.name, jobs=jobs, threads=threads, told=told, timed=False
        )
        for each in lessons
    }
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with RunLock(out):
            claims = _claims(words, out, compared, looking)
    finally:
        torch.set_num_threads(before)
    return Study(compared, tuple(claims))


def _claims(words: Words, out: Path, compared: Mapping[str, Comparison], looking: Looking) -> list[Claim | Any]:
    copy, dates, cells = (compared[name] for name in (COPY.name, DATES.name, CELLS_ON_DATES.name))
    on_copy, on_dates = words("data-copy"), words("data-dates")
    arms = {each.arm.name: each for each in copy.arms}
    plain = [arms[f"attention=fixed, cell={cell}"] for cell in CELLS]
    backwards = [arms[f"attention=fixed, cell={cell}, read_backwards=true"] for cell in CELLS]
    both = [arms[f"attention=fixed, cell={cell}, bidirectional=true"] for cell in CELLS]
    attentive = [arms[f"attention={name}, cell={cell}"] for name in ("bahdanau", "luong") for cell in CELLS]
    looked = [each for each in dates.arms if each.arm.recipe.model.attention != "fixed"]
    data = [(on_copy, [*plain, *attentive]), (on_dates, dates.arms)]
    inside = _Looker(looking)
    named = dict(zip(CELLS, plain, strict=True))
    after = [
        (f"{on_copy}, {words('one-direction')}", inside.of(named)),
        (f"{on_dates}, {words('one-direction')}", inside.of(dict(zip(CELLS, cells.arms, strict=True)))),
    ]
    two_ways = (f"{on_copy}, {words('both-directions')}", inside.of(dict(zip(CELLS, both, strict=True))))
    seen = [
        (on_copy, inside.of({each.arm.name: each for each in attentive}, outputs=True)),
        (on_dates, inside.of({each.arm.name: each for each in looked}, outputs=True)),
    ]
    costs = kept_step_costs(words, out, arms["attention=luong, cell=lstm"], arms["attention=bahdanau, cell=lstm"])
    found = [
        bottleneck(words, [*plain, *attentive]),
        final_state(words, "final-by-nature", [(words("untrained"), inside.untrained(named))]),
        final_state(words, "final-after-training", after, [two_ways]),
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


class _Looker:
    """Looks into models, and keeps what was seen beside their runs."""

    def __init__(self, looking: Looking) -> None:
        self.looking = looking

    def of(self, arms: Mapping[str, Scored], *, outputs: bool = False) -> Insides:
        """Into every seed of these arms."""
        return {name: [self._one(scored, place, outputs) for place in range(len(scored.folders))]
                for name, scored in arms.items()}  # fmt: skip

    def untrained(self, arms: Mapping[str, Scored]) -> Insides:
        """Into networks like these as they are before the first update, a seed each."""
        found: dict[str, list[Inside]] = {}
        for name, scored in arms.items():
            self.looking(name)
            found[name] = []
            for folder, seed, run in zip(scored.folders, scored.seeds, scored.measured, strict=True):
                path = folder / f"untrained-{INSIDE}"
                had = Inside.read(path, run.digest)
                if had is None:
                    had = look_inside(_untrained(folder, seed), scored.items, outputs=False)
                    had.write(path)
                found[name].append(had)
        return found

    def _one(self, scored: Scored, place: int, outputs: bool) -> Inside:
        folder = scored.folders[place]
        had = Inside.read(folder / INSIDE, scored.measured[place].digest)
        if had is None or (outputs and not had.weights_gradient):
            self.looking(f"{scored.arm.name}, seed {scored.seeds[place]}")
            had = look_inside(Predictor.load(folder), scored.items, outputs=outputs)
            had.write(folder / INSIDE)
        return had


def _untrained(folder: Path, seed: int) -> Predictor:
    """The run's network with the weights that training began with."""
    predictor = Predictor.from_checkpoint(load(folder))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        columns = [len(vocabulary) for vocabulary in predictor.codec.source_vocabularies]
        network = Network(predictor.network.settings, columns, len(predictor.codec.target_vocabulary))
    return Predictor(network.eval(), predictor.codec, predictor.settings)


def study_page(words: Words, found: Study, command: str) -> Page:
    """The page of the lecture: a section a claim, the models, how to repeat it."""
    runs = sum(len(each.folders) for one in found.compared.values() for each in one.arms)
    seconds = sum(run.seconds for one in found.compared.values() for each in one.arms for run in each.measured)
    tables: list[Table] = []
    for name, one in found.compared.items():
        table = side_by_side(words, one)
        tables.append(Table(table.head, table.rows, f"{name} ({words(one.metric)})"))
    recipes = [f"# {name}\n{one.recipe.toml()}" for name, one in found.compared.items()]
    return Page(
        title=words("study-title"),
        lead=(words("study-lead", runs=runs, minutes=words("minutes", count=seconds / 60)), words("measures-caption")),
        sections=(
            *(each.section for each in found.claims),
            Section("models", words("study-models"), text=(words("study-models-text"),), tables=tuple(tables)),
            Section("repeat", words("repeat"), text=(words("study-repeat-text"),), code=(command, *recipes)),
        ),
        language=words.language,
        footer=words("footer", version=heedful.__version__),
    )
