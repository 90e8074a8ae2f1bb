import re
import time
from xml.etree import ElementTree

import numpy as np
import pytest

from heedful.inspection import svg
from heedful.inspection.brightness import hexadecimal
from heedful.inspection.sheet import AxisNames, text_width
from heedful.results import Alignment
from tests.inspection.alignments import diagonal
from tests.inspection.scenes import columns, looking, paper

NAME = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    "&amp;",
    "]]>",
    '"',
    "\x00",
    "\x1b",
    "\ud800",
    "\u202e",
    "\ufffe",
    "<!--",
    "$x$",
]
SCRIPTS = ["안", "カ", "नि", "क्षि", "tʃʰ", "ɪ̃", "سلام", "שלום", "ไทย", "漢", "👩‍👩‍👧"]


def _cells(drawing: str) -> list[tuple[str, str]]:
    """Fill and pointer note of every cell, row by row."""
    rects = ElementTree.fromstring(drawing).iter(f"{NAME}rect")
    return [(rect.get("fill", ""), rect.findtext(f"{NAME}title", "")) for rect in rects if len(rect)]


def _texts(drawing: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(drawing).iter(f"{NAME}text")]


def test_each_cell_has_the_colour_of_its_weight(known: Alignment) -> None:
    fills = [fill for fill, _ in _cells(svg.render(known))]
    assert fills == [hexadecimal(weight) for weight in (0.0, 0.25, 1.0, 0.25, 0.0, 0.5)]  # a row an input unit


def test_input_is_down_and_output_across(known: Alignment) -> None:
    root = ElementTree.fromstring(svg.render(known))
    at = {text.text: (float(text.get("x", 0)), float(text.get("y", 0))) for text in root.iter(f"{NAME}text")}
    assert at["a"][1] < at["b"][1] < at["c"][1]
    assert at["x"][0] < at["y"][0]
    assert {"input", "output", "0", "1", "attention"} <= set(at)


def test_a_cell_says_its_number(known: Alignment) -> None:
    notes = [re.sub("[\u2068\u2069]", "", note) for _, note in _cells(svg.render(known))]
    assert notes[:3] == ["x ← a: 0.00", "y ← a: 0.25", "x ← b: 1.00"]


def test_labels_are_text_in_every_script() -> None:
    texts = _texts(svg.render(diagonal(SCRIPTS, SCRIPTS), title="안녕"))
    assert all(texts.count(label) == 2 for label in SCRIPTS)
    assert "안녕" in texts


def test_hostile_labels_are_only_text() -> None:
    drawing = svg.render(diagonal(HOSTILE, HOSTILE), title="</title><script>&\x07")
    drawing.encode()
    names = {element.tag for element in ElementTree.fromstring(drawing).iter()}
    assert names == {NAME + name for name in ("svg", "title", "desc", "rect", "g", "path", "text")}
    assert "\\u202e" in _texts(drawing)


def test_right_to_left_labels_end_at_the_map() -> None:
    drawing = svg.render(diagonal(["שלום", "abc"], ["x", "y"]))
    labels = {text.text: text for text in ElementTree.fromstring(drawing).iter(f"{NAME}text")}
    hebrew, latin = labels["שלום"], labels["abc"]
    assert (hebrew.get("direction"), hebrew.get("unicode-bidi")) == ("rtl", "isolate")
    assert (hebrew.get("text-anchor"), latin.get("text-anchor")) == ("start", "end")  # both mean the right-hand end
    assert hebrew.get("x") == latin.get("x")


def test_nothing_is_fetched_run_or_named(known: Alignment) -> None:
    drawing = svg.render(known).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|href|url\(|<script|<style|\bid=|\bon\w+=", drawing)


def test_everything_stands_on_the_card() -> None:
    root = ElementTree.fromstring(svg.render(diagonal(["word" * 5] * 9, ["an output"] * 30), title="t" * 300))
    wide, high = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter(f"{NAME}text"):
        assert 0 <= float(text.get("x", 0)) <= wide
        assert 0 <= float(text.get("y", 0)) <= high


def test_merged_cells_have_the_colour_of_their_weight() -> None:
    alignment = diagonal("a" * 300, "b" * 250)
    root = ElementTree.fromstring(svg.render(alignment))
    drawn = np.zeros((300, 250))
    fills = {hexadecimal(level / 63): level / 63 for level in range(64)}
    ground = next(rect for rect in root.iter(f"{NAME}rect") if rect.get("fill") == hexadecimal(0.0))
    cell = float(ground.get("width", 0)) / 250
    for path in root.iter(f"{NAME}path"):
        if path.get("transform"):
            for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path.get("d", "")):
                first = round(int(x) / cell)
                drawn[round(int(y) / cell), first : first + round(int(length) / cell)] = fills[path.get("fill", "")]
    assert np.abs(drawn - alignment.weights.T).max() <= 0.5 / 63 + 1e-6


@pytest.mark.parametrize("spread", [0.02, 1.0, 50.0])
def test_two_thousand_by_two_thousand_is_quick_and_small(spread: float) -> None:
    weights = np.random.default_rng(0).gamma(spread, size=(2000, 2000)) + 1e-9
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    alignment = Alignment(("각",) * 2000, ("b",) * 2000, weights)
    start = time.perf_counter()
    drawing = svg.render(alignment)
    assert time.perf_counter() - start < 2
    assert len(drawing.encode()) < 20e6


def test_more_units_than_dots_keep_their_brightest() -> None:
    weights = np.zeros((2, 5000), dtype=np.float32)
    weights[0, 4321] = weights[1, 17] = 1
    drawing = svg.render(Alignment(("a",) * 5000, ("x", "y"), weights))
    assert drawing.count(f'fill="{hexadecimal(1.0)}" d="M') >= 1
    assert "each dot is the brightest of 3 × 1 (input × output) units" in _texts(drawing)


def test_a_map_of_something_else_says_so() -> None:
    names = AxisNames(down="원문", across="target <word>", bar="influence & more")
    drawing = svg.render(diagonal("abc", "xy"), names=names)
    texts = _texts(drawing)
    assert {"원문", "target <word>", "influence & more"} <= set(texts)
    assert not {"input", "output", "attention"} & set(texts)
    root = ElementTree.fromstring(drawing)
    assert root.findtext(f"{NAME}title") == "influence & more"
    assert "Influence & more of 2 target <word> units" in root.findtext(f"{NAME}desc", "")
    assert "the 원문 is empty" in _texts(svg.render(diagonal("", "xy"), names=names))


def test_the_names_are_those_of_attention_unless_they_are_given(known: Alignment) -> None:
    assert svg.render(known) == svg.render(known, names=AxisNames("input", "output", "attention"))


@pytest.mark.parametrize("units", ["a", "abc", "a" * 30])
def test_names_of_any_length_stand_on_the_card(units: str) -> None:
    name = "a name without an end " * 9
    root = ElementTree.fromstring(svg.render(diagonal(units, units), names=AxisNames(name, name, name)))
    wide, high = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter(f"{NAME}text"):
        x, y, long = (
            float(text.get("x", 0)),
            float(text.get("y", 0)),
            text_width(text.text or "", int(text.get("font-size", 0))),
        )
        before = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")] * long
        if "rotate(-90" in text.get("transform", ""):
            assert y + before <= high
            assert y + before - long >= 0
        elif not text.get("transform"):
            assert x - before >= 0
            assert x - before + long <= wide


def test_a_picture_has_no_axes_to_name() -> None:
    with pytest.raises(ValueError, match="no axes"):
        svg.render(looking([0], columns(2), paper(9, 9)), names=AxisNames(bar="influence"))
