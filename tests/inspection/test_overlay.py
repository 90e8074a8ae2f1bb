import base64
import io
import itertools
import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.image import imread
from numpy.typing import NDArray

from heedful.errors import MissingPackageError
from heedful.inspection import numbers, pharaoh, png, svg
from heedful.inspection.overlay import Overlay, Picture, plan
from heedful.inspection.overview import CAPTION
from heedful.inspection.panels import MOST_PANELS
from heedful.inspection.renderers import RENDERERS
from heedful.results import Alignment, Scene
from tests.inspection.scenes import columns, grid, looking, noise, paper

NAME = "{http://www.w3.org/2000/svg}"
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
NAN = np.full((2, 4), np.nan, dtype=np.float32)
NOTHING = np.zeros((0, 4), dtype=np.float32)

LINE = looking([2, 40, 160, 319], columns(320), paper(67, 1290))
DIGITS = looking([3, 7, 12, 16], columns(18), paper(30, 70), "6447")
GRID = looking([0, 8, 17, 35], grid(4, 9), paper(60, 80))
SOUND = looking([1, 5, 9], columns(10), paper(80, 40), "sɪx", kind="spectrogram", seconds=0.4)
MIXED = looking([0, 3, 6], np.concatenate([NAN, columns(5)]), paper(30, 70))
SHAPES = {
    "line": LINE,
    "digits": DIGITS,
    "grid": GRID,
    "sound": SOUND,
    "long sound": looking([1, 5], columns(200), paper(80, 900), kind="spectrogram", seconds=9.3),
    "mixed": MIXED,
    "only text": looking([0, 1], NAN, paper(30, 70)),
    "noise": looking([1, 2], columns(4), noise(30, 40)),
    "black": looking([1, 2], columns(4), paper(30, 40, 0)),
    "empty output": looking([], columns(4), paper(30, 40)),
    "empty input": Alignment(
        (), ("a", "b"), np.zeros((2, 0), dtype=np.float32), Scene("picture", NOTHING, paper(9, 9))
    ),
    "empty": Alignment((), (), np.zeros((0, 0), dtype=np.float32), Scene("picture", NOTHING, paper(9, 9))),
    "a dot": looking([0], columns(1), paper(1, 1)),
    "a thread": looking([0, 1], columns(2), paper(1, 3000)),
    "a tower": looking([0, 1], grid(2, 1), paper(3000, 1)),
    "long words": looking([0, 1, 2], columns(3), paper(30, 50), ["word" * 9, "a b\tc", "<b>&amp;"]),
    "hostile": looking([0, 1, 2], columns(3), paper(5, 99), ["\ud800", "\u202e\x1b[2J", "e" + "\u0301" * 99]),
    "no seconds": looking([0], columns(3), paper(80, 40), kind="spectrogram", seconds=0.0),
}


def _panels(overlay: Overlay) -> list[Picture]:
    return list(overlay.pictures[1:-1])


def _brightest(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """The middle of what is brightest, as shares of the width and the height."""
    light = pixels @ LUMINANCE
    ys, xs = np.nonzero(light >= light.max() - 1)
    return (float(xs.mean()) + 0.5) / light.shape[1], (float(ys.mean()) + 0.5) / light.shape[0]


def _decoded(picture: bytes) -> NDArray[np.uint8]:
    return np.rint(imread(io.BytesIO(picture), format="png")[:, :, :3] * 255).astype(np.uint8)


def _images(drawing: str) -> list[tuple[str, NDArray[np.uint8]]]:
    """Name and dots of every picture in a drawing."""
    images = ElementTree.fromstring(drawing).iter(f"{NAME}image")
    return [
        (
            image.findtext(f"{NAME}title", ""),
            _decoded(base64.b64decode(image.get("href", "").removeprefix("data:image/png;base64,"))),
        )
        for image in images
    ]


def _texts(overlay: Overlay) -> list[str]:
    return [label.text for label in overlay.labels]


@pytest.mark.parametrize("shape", ["line", "digits", "grid", "sound", "noise", "black"])
def test_the_bright_place_of_a_panel_lies_in_the_box_that_its_unit_looked_at(shape: str) -> None:
    alignment = replace(SHAPES[shape], scene=replace(_scene(SHAPES[shape]), pixels=paper(*_size(SHAPES[shape]))))
    for panel, row in zip(_panels(plan(alignment, "")), alignment.weights, strict=True):
        left, top, right, bottom = _scene(alignment).boxes[row.argmax()].tolist()
        x, y = _brightest(panel.pixels)
        assert left <= x <= right
        assert top <= y <= bottom


def _scene(alignment: Alignment) -> Scene:
    assert alignment.scene is not None
    return alignment.scene


def _size(alignment: Alignment) -> tuple[int, int]:
    pixels = _scene(alignment).pixels
    assert pixels is not None
    return pixels.shape[0], pixels.shape[1]


@pytest.mark.parametrize("shape", ["noise", "black"])
def test_whatever_the_picture_shows_a_box_with_the_weight_is_brighter_than_it_was(shape: str) -> None:
    alignment = SHAPES[shape]
    dark = plan(replace(alignment, weights=np.zeros_like(alignment.weights)), "")
    for row, lit, unlit in zip(alignment.weights, _panels(plan(alignment, "")), _panels(dark), strict=True):
        gain = (lit.pixels @ LUMINANCE - unlit.pixels @ LUMINANCE).mean(axis=0)
        assert int(gain.argmax() * len(row) / len(gain)) == row.argmax()
        assert gain.max() > 60
        assert gain.min() > -1


@pytest.mark.parametrize("shape", ["line", "digits", "grid", "sound", "mixed"])
def test_the_dots_of_a_png_are_those_of_the_plan(shape: str) -> None:
    alignment = SHAPES[shape]
    overlay, dots = plan(alignment, ""), _decoded(png.render(alignment))
    scale = overlay.scale
    assert dots.shape == (overlay.height * scale, overlay.width * scale, 3)
    for box, pixels in ((picture.box, picture.pixels) for picture in overlay.pictures[1:]):
        there = dots[box.top * scale : box.bottom * scale, box.left * scale : box.right * scale]
        assert np.array_equal(there, pixels)
    for left, top, width, height in overlay.rules:
        assert dots[top * scale : (top + height) * scale, left * scale : (left + width) * scale].min() > 100


@pytest.mark.parametrize("shape", SHAPES)
def test_the_pictures_of_a_drawing_are_those_of_the_plan(shape: str) -> None:
    images, planned = _images(svg.render(SHAPES[shape])), plan(SHAPES[shape], "").pictures
    assert len(images) == len(planned)
    for (name, dots), picture in zip(images, planned, strict=True):
        assert name == picture.name
        assert np.array_equal(dots, picture.pixels)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_output_unit_has_a_panel_with_its_label(shape: str) -> None:
    overlay, count = plan(SHAPES[shape], ""), len(SHAPES[shape].target)
    assert len(_panels(overlay)) == count
    named = [label for label in overlay.labels if label.size == 16]
    assert len(named) == count
    for label, panel in zip(named, _panels(overlay), strict=True):
        box = panel.box
        assert (label.x <= box.left and box.top <= label.y <= box.bottom) or (
            label.x == box.left and 0 < box.top - label.y < 10
        )


def test_lines_stand_below_each_other_and_small_pictures_side_by_side() -> None:
    lines, digits = ([panel.box for panel in _panels(plan(alignment, ""))] for alignment in (LINE, DIGITS))
    assert len({box.left for box in lines}) == 1
    assert all(first.bottom < second.top for first, second in itertools.pairwise(lines))
    assert len({box.top for box in digits}) == 1
    assert all(first.right < second.left for first, second in itertools.pairwise(digits))


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_stands_on_the_sheet(shape: str) -> None:
    overlay = plan(SHAPES[shape], "t" * 300)
    assert overlay.width < 2000
    for box in (*overlay.rules, *(picture.box for picture in overlay.pictures)):
        assert 0 <= box.left < box.right <= overlay.width
        assert 0 <= box.top < box.bottom <= overlay.height
    for label in overlay.labels:
        assert 0 <= label.x <= overlay.width
        assert 0 <= label.y <= overlay.height
    for picture in overlay.pictures:
        assert picture.pixels.shape == (picture.box.height * overlay.scale, picture.box.width * overlay.scale, 3)


def test_the_overview_has_the_attention_of_all_units_and_their_labels_over_their_places() -> None:
    overview = plan(DIGITS, "").pictures[0]
    light = (overview.pixels @ LUMINANCE).mean(axis=0)
    looked_at = DIGITS.weights.argmax(axis=1)
    middles = ((looked_at + 0.5) / 18 * len(light)).astype(int)
    assert (light[middles] > np.median(light) + 60).all()
    labels = [label for label in plan(DIGITS, "").labels if label.size == 14]
    assert [label.text for label in labels] == list("6447")
    for label, at in zip(labels, looked_at, strict=True):
        assert abs(label.x - overview.box.left - (at + 0.5) / 18 * overview.box.width) < 0.5 / 18 * overview.box.width
        assert label.y < overview.box.top


def test_the_brightest_place_of_the_overview_is_where_most_attention_adds_up() -> None:
    alignment = looking([1, 6, 6, 6, 3], columns(8), paper(40, 80))
    x, _ = _brightest(plan(alignment, "").pictures[0].pixels)
    assert int(x * 8) == 6
    assert f"the brightest is {alignment.weights.sum(axis=0).max():.2g}" in " ".join(_texts(plan(alignment, "")))


def test_on_a_grid_labels_stand_on_the_picture_near_their_places() -> None:
    overlay = plan(GRID, "")
    box = overlay.pictures[0].box
    for label, row in zip([label for label in overlay.labels if label.size == 14], GRID.weights, strict=True):
        left, top, right, bottom = _scene(GRID).boxes[row.argmax()].tolist()
        assert box.left <= label.x <= box.right
        assert box.top <= label.y <= box.bottom
        assert abs(label.x - box.left - (left + right) / 2 * box.width) < 20
        assert abs(label.y - box.top - (top + bottom) / 2 * box.height) < 40


@pytest.mark.parametrize("boxes", [columns(30), grid(5, 6)], ids=["columns", "a grid"])
def test_labels_of_an_overview_do_not_lie_over_each_other(boxes: NDArray[np.float32]) -> None:
    crowded = looking([7] * 20 + [8] * 20, boxes, paper(60, 80), ["wide"] * 40)
    overlay = plan(crowded, "")
    labels = [label for label in overlay.labels if label.size == 14]
    assert 2 < len(labels) < 40
    for at, one in enumerate(labels):
        for other in labels[at + 1 :]:
            assert abs(one.y - other.y) >= 17 or abs(one.x - other.x) >= 4 * 14 * 0.62 - 1
    assert f"{CAPTION}; {40 - len(labels)} of their labels found no room" in _texts(overlay)


def test_the_scale_goes_to_the_greatest_weight_of_the_map_and_says_so() -> None:
    small = looking([3, 9], columns(300), paper(60, 600))
    faint = replace(small, weights=small.weights * np.float32(0.1))
    for one, other in zip(_panels(plan(small, "")), _panels(plan(faint, "")), strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels.astype(int)).max() <= 1
    assert {"0", "0.9"} <= set(_texts(plan(small, "")))
    assert {"0", "0.09"} <= set(_texts(plan(faint, "")))
    assert "attention, up to the greatest of this map" in _texts(plan(small, ""))


def test_panels_share_their_scale() -> None:
    weights = np.zeros((2, 4), dtype=np.float32)
    weights[0, 1], weights[1] = 1, 0.25
    strong, weak = _panels(plan(Alignment(tuple("abcd"), ("x", "y"), weights, _scene(SHAPES["noise"])), ""))
    assert strong.pixels.max() > weak.pixels.max() + 50


def test_a_sound_has_its_seconds_below() -> None:
    texts = _texts(plan(SOUND, ""))
    assert {"0", "0.2", "0.4 s"} <= set(texts)
    overlay = plan(SOUND, "")
    box = overlay.pictures[0].box
    at = {label.text: label.x for label in overlay.labels if label.size == 11 and label.y < box.bottom + 22}
    assert at["0"] == box.left
    assert abs(at["0.2"] - (box.left + box.width / 2)) <= 1
    assert not any(text.endswith(" s") for text in _texts(plan(DIGITS, "")))


def test_the_share_that_went_to_text_is_named() -> None:
    assert [text for text in _texts(plan(MIXED, "")) if text.startswith("text")] == ["text 93%", "text 3%", "text 3%"]
    assert not any(text.startswith("text") for text in _texts(plan(DIGITS, "")))
    left_without = [label.text for label in plan(MIXED, "").labels if label.size == 14]
    assert left_without == ["b", "c"]  # the first looked at text, so it has no place on the picture


def test_what_is_empty_is_said() -> None:
    said = {name: _texts(plan(SHAPES[name], "")) for name in ("empty output", "empty input", "empty")}
    assert "the output is empty" in said["empty output"]
    assert "the input is empty" in said["empty input"]
    assert {"the output is empty", "the input is empty"} <= set(said["empty"])


def test_a_picture_of_four_thousand_dots_with_many_units_is_quick_and_small() -> None:
    alignment = looking(range(0, 960, 8), columns(1000), noise(67, 4000), "x" * 120)
    start = time.perf_counter()
    drawing, dots = svg.render(alignment), png.render(alignment)
    assert time.perf_counter() - start < 15
    assert len(drawing) < 30e6
    assert _decoded(dots).shape[1] < 2000
    overlay = plan(alignment, "")
    assert len(_panels(overlay)) == MOST_PANELS
    assert f"panels of the first {MOST_PANELS} of 120 output units" in _texts(overlay)
    assert len([label for label in overlay.labels if label.size == 14]) == 120  # the overview has them all


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RENDERERS)
def test_any_shape_is_drawn_and_always_the_same(name: str, shape: str) -> None:
    drawn = RENDERERS[name](SHAPES[shape], title="the title")
    assert drawn == RENDERERS[name](SHAPES[shape], title="the title")
    if isinstance(drawn, str):
        drawn.encode()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drawing_fetches_runs_and_names_nothing(shape: str) -> None:
    drawing = svg.render(SHAPES[shape], title="</title><script>&\x07")
    names = {element.tag for element in ElementTree.fromstring(drawing).iter()}
    assert names <= {NAME + name for name in ("svg", "title", "desc", "rect", "image", "text")}
    bare = re.sub(r'href="data:image/png;base64,[A-Za-z0-9+/=]+"', "", drawing)
    bare = bare.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|href|url\(|<script|<style|\bid=|\bon\w+=", bare)


def test_labels_are_text_in_every_script_and_panels_say_where_their_unit_looked() -> None:
    units = ["안", "ʃ", "नि", "سلام", "漢", " "]
    drawing = svg.render(looking(range(6), columns(6), paper(30, 70), units), title="안녕")
    texts = [text.text for text in ElementTree.fromstring(drawing).iter(f"{NAME}text")]
    assert all(texts.count(label) == 2 for label in ["안", "ʃ", "नि", "سلام", "漢", "␣"])
    assert "안녕" in texts
    names = [re.sub("[\u2068\u2069]", "", name) for name, _ in _images(drawing)]
    assert names[:3] == [CAPTION, "안: most at 0-3, 0.92", "ʃ: most at 4-7, 0.92"]


def test_a_png_without_a_font_is_refused_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = [face for face in font_manager.fontManager.ttflist if face.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", faces)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    assert png.render(SOUND)  # IPA needs no font of the system
    with pytest.raises(MissingPackageError, match=r"안 \(Hangul\).*\.svg"):
        png.render(looking([0], columns(2), paper(9, 9), ["안"]))


def test_without_pixels_the_matrix_is_drawn_as_ever() -> None:
    unseen = looking([1, 3], columns(5), None, kind="vectors")
    plain = replace(unseen, scene=None)
    assert svg.render(unseen) == svg.render(plain)
    assert png.render(unseen) == png.render(plain)


def test_json_says_what_each_position_covers_and_pharaoh_is_as_ever() -> None:
    record = json.loads(numbers.render(MIXED))
    assert list(record) == ["source", "target", "weights", "boxes"]
    assert record["boxes"][:3] == [None, None, [0.0, 0.0, pytest.approx(0.2), 1.0]]
    assert "boxes" not in json.loads(numbers.render(replace(MIXED, scene=None)))
    assert pharaoh.render(MIXED) == pharaoh.render(replace(MIXED, scene=None))


@pytest.mark.parametrize("name", RENDERERS)
def test_a_number_that_is_none_is_not_drawn(name: str) -> None:
    weights = np.full((1, 50), np.nan, dtype=np.float32)
    with pytest.raises(ValueError, match="nan"):
        RENDERERS[name](Alignment(("a",) * 50, ("x",), weights, Scene("picture", columns(50), paper(9, 9))))


def test_a_drawing_on_a_picture_loads_neither_matplotlib_nor_torch() -> None:
    program = """
import sys
import numpy
from heedful.inspection import svg
from heedful.results import Alignment, Scene
boxes, pixels = numpy.array([[0, 0, 1, 1]], dtype=numpy.float32), numpy.zeros((4, 4, 3), dtype=numpy.uint8)
svg.render(Alignment(("a",), ("b",), numpy.ones((1, 1), dtype=numpy.float32), Scene("picture", boxes, pixels)))
print([name for name in ("torch", "matplotlib") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
