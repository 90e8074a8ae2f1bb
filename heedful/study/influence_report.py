"""What was found about a model's influences, as a page for people."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heedful.evaluation.averages import Average
from heedful.inspection import svg
from heedful.inspection.charts import Line, lines
from heedful.inspection.labels import visible_text
from heedful.inspection.page import Cell, Figure, Page, Section, Table, Verdict
from heedful.inspection.sheet import AxisNames
from heedful.results import Alignment
from heedful.study.influence_findings import COMPARED, Curve, Explained, Findings, States
from heedful.study.words_influence import WORDS, Language

SHOWN = 3
"""Sources whose maps are drawn."""
HALF = 0.5
"""More than half of the influence is to dominate, or to be mostly about; more than one in ten is to differ."""
Words = dict[str, str]


def report(found: Findings, language: Language = "en", command: str = "") -> Page:
    """The page: the final state, every hidden state, every output unit.

    ``command`` is what made it, to be shown at the end.
    """
    words = WORDS[language]
    reads = words[f"reads-{found.reads}"]
    lead = (words["lead"].format(count=f"{found.count:,}", attention=found.attention, reads=reads), words["method"])
    sections = (_final(found, words), _states(found, words), _outputs(found, words))
    return Page(words["title"], lead, sections, language, f"{words['again']} {command}" if command else "")


def _final(found: Findings, words: Words) -> Section:
    halves = {part: curve for part, curve in found.curves.items() if part != "both"} or found.curves
    names = {part: words[f"part-{part}"] for part in found.curves}
    text: list[str] = []
    for part, curve in halves.items():
        if curve.first is not None and curve.last is not None:
            shares = {"first": _share(curve.first), "last": _share(curve.last)}
            text.append(words["final-seen"].format(name=_begun(names[part]), **shares))
        if len(curve.points) > 1:
            ends = {"end": curve.points[0].mean, "start": curve.points[-1].mean, "far": curve.distance[-1]}
            text.append(words["final-ends"].format(name=_begun(names[part]), **ends))
    rows = [
        (names[part], _percent(each.first, words), _percent(each.last, words)) for part, each in found.curves.items()
    ]
    drawn = lines(
        [_line(names[part], curve) for part, curve in halves.items()], title=words["final-chart"],
        across=words["final-across"], up=words["final-up"], bottom=0.0, level=1.0,
    )  # fmt: skip
    verdict = _verdict(_dominated(found), words)
    return Section(
        "final-state",
        words["final"],
        words[f"final-claim-{found.reads}"],
        verdict,
        tuple(text) if verdict else (*text, words["final-short"]),
        (Figure(drawn, words["final-caption"]),),
        (
            Table(
                tuple(words[f"thirds-{each}"] for each in ("part", "first", "last")),
                tuple(rows),
                words["thirds-caption"],
            ),
        ),
    )


def _line(name: str, curve: Curve) -> Line:
    low, high = ([getattr(each, end) for each in curve.points] for end in ("low", "high"))
    return Line(name, curve.distance, [each.mean for each in curve.points], low, high)


def _dominated(found: Findings) -> Sequence[tuple[Average | None, float]]:
    """The shares of what was read last, each with the number that it should be above."""
    if found.reads == "both":
        return [(found.curves["forwards"].last, HALF), (found.curves["backwards"].first, HALF)]
    whole = found.curves["both"]
    return [(whole.last if found.reads == "forwards" else whole.first, HALF)]


def _verdict(above: Sequence[tuple[Average | None, float]], words: Words) -> Verdict | None:
    """Holds where every interval lies above its number, does not hold where one lies below."""
    there = [(share, number) for share, number in above if share is not None]
    if len(there) < len(above):
        return None
    if all(share.low > number for share, number in there):
        return Verdict("holds", words["holds"])
    if any(share.high < number for share, number in there):
        return Verdict("does not hold", words["does not hold"])
    return Verdict("not decided", words["not decided"])


def _states(found: Findings, words: Words) -> Section:
    own, share = found.own_is_most, found.own_share
    text = words["states-short"]
    if own is not None:
        text = words["states-seen"].format(sources=own.count, own=_share(own), share=_share(share))
    figures = tuple(_state_map(each, words) for each in found.states[:SHOWN])
    claim = words["states-claim"]
    return Section(
        "states", words["states"], claim, _verdict([(own, HALF)], words), (text,), tuple(x for x in figures if x)
    )


def _state_map(found: States, words: Words) -> Figure:
    states = tuple(found.source[at] for at in found.states)
    most = float(found.influence.max(initial=0.0))
    caption = words["states-map"].format(source=_short(found.source), most=most)
    if len(states) < len(found.source):
        caption += " " + words["states-some"].format(shown=len(states), all=len(found.source))
    return _map(
        found.source, states, found.influence, caption, AxisNames(words["item"], words["state"], words["influence"])
    )


def _outputs(found: Findings, words: Words) -> Section:
    attends = ("weights", "gradient") in found.compared
    both = found.compared["gradient", "erasure"]
    text = [] if attends else [words["outputs-fixed"]]
    if both.same_top is None:
        text.append(words["outputs-short"])
    elif attends:
        first, second = found.compared["weights", "gradient"], found.compared["weights", "erasure"]
        shares = {
            "same": first.same_top, "erased": second.same_top, "both": both.same_top, "chance": both.chance
        }  # fmt: skip
        text.append(words["outputs-seen"].format(**{name: _share(each) for name, each in shares.items()}))
        if first.tau is not None and found.excess is not None:
            excess = _order(found.excess, words)
            text.append(words["outputs-order"].format(tau=f"{first.tau.mean:.2f}", excess=excess))
    else:
        shares = {"both": _share(both.same_top), "chance": _share(both.chance)}
        text.append(words["outputs-fixed-seen"].format(**shares))
    shown = [each for each in found.explained if each.target][:SHOWN]
    return Section(
        "outputs",
        words["outputs"],
        words["outputs-claim"] if attends else "",
        _verdict([(found.excess, 0.0)], words) if attends else None,
        tuple(text),
        tuple(figure for each in shown for figure in _maps(each, words)),
        () if both.same_top is None else (_compared(found, words),),
    )


def _compared(found: Findings, words: Words) -> Table:
    head = tuple(words[each] for each in ("compared", "tau", "same-top", "chance"))
    rows: list[tuple[Cell, ...]] = []
    for pair in COMPARED:
        if (each := found.compared.get(pair)) is not None:
            name = words["pair"].format(one=words[pair[0]], other=words[pair[1]])
            tau = None if each.tau is None else _order(each.tau, words)
            rows.append((name, tau, _percent(each.same_top, words), _percent(each.chance, words)))
    same = found.compared["gradient", "erasure"].same_top
    caption = words["compared-caption"].format(count=0 if same is None else f"{same.count:,}")
    return Table(head, tuple(rows), f"{caption} {words['compared-last']}" if len(rows) > 1 else caption)


def _maps(found: Explained, words: Words) -> list[Figure]:
    """Weights, gradient and erasing side by side."""
    said = {"source": _short(found.source), "target": _short(found.target)}
    names = AxisNames(words["input"], words["output"], words["influence"])
    drawn: list[Figure] = []
    if found.weights is not None:
        looked = Alignment(found.source, found.target, found.weights)
        attended = svg.render(looked, names=AxisNames(words["input"], words["output"], words["weights"]))
        drawn.append(Figure(attended, words["map-weights"].format(**said)))
    for name, values in (("map-gradient", found.gradient), ("map-erasure", np.abs(found.falls))):
        caption = words[name].format(**said, most=float(values.max(initial=0.0)))
        drawn.append(_map(found.source, found.target, values, caption, names))
    return drawn


def _map(
    source: tuple[str, ...], target: tuple[str, ...], values: NDArray[np.float64], caption: str, names: AxisNames
) -> Figure:
    """A map up to its own greatest value: influence has no scale of its own."""
    most = float(values.max(initial=0.0))
    scaled = (values / most if most > 0 else values).astype(np.float32)
    return Figure(svg.render(Alignment(source, target, scaled), names=names), caption)


def _short(units: tuple[str, ...]) -> str:
    """The units as a title: the first of them where there are many."""
    joined = ("" if all(len(unit) < 3 for unit in units) else " ").join(units[:40])
    return visible_text(joined) + ("…" if len(units) > 40 else "")


def _begun(name: str) -> str:
    """The name as a sentence begins with it."""
    return name[:1].upper() + name[1:]


def _share(found: Average | None) -> str:
    """In the run of a sentence; the tables have the intervals."""
    return "–" if found is None else f"{100 * found.mean:.0f} %"


def _percent(found: Average | None, words: Words) -> str:
    if found is None:
        return words["nothing"]
    return words["percent"].format(mean=100 * found.mean, low=100 * found.low, high=100 * found.high)


def _order(found: Average, words: Words) -> str:
    return words["order"].format(mean=found.mean, low=found.low, high=found.high)
