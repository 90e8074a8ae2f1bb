import contextlib
import io
import json

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.image import imread

from heedful.errors import MissingPackageError
from heedful.inspection import png
from heedful.inspection.brightness import colours
from heedful.inspection.sheet import plan
from heedful.results import Alignment
from tests.inspection.alignments import diagonal


def _decoded(picture: bytes) -> np.ndarray:
    return np.rint(imread(io.BytesIO(picture), format="png")[:, :, :3] * 255).astype(np.uint8)


def _there(character: str) -> bool:
    for path in font_manager.findSystemFonts():
        with contextlib.suppress(OSError, RuntimeError):  # fonts of bitmaps
            if font_manager.get_font(path).get_char_index(ord(character)):
                return True
    return False


@pytest.fixture
def only_dejavu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no font but the one that comes with matplotlib."""
    faces = [face for face in font_manager.fontManager.ttflist if face.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", faces)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


def test_each_cell_has_the_colour_of_its_weight() -> None:
    alignment = diagonal("abcdefg", "xyz")
    dots, sheet = _decoded(png.render(alignment)), plan(alignment, "")
    scale = dots.shape[1] // sheet.width
    ys = (sheet.place.top + sheet.cell[1] * (np.arange(7) + 0.4)) * scale
    xs = (sheet.place.left + sheet.cell[0] * (np.arange(3) + 0.4)) * scale
    drawn = dots[np.ix_(ys.astype(int), xs.astype(int))]
    assert np.array_equal(drawn, colours(alignment.weights.T))


def test_a_map_of_two_thousand_by_two_thousand_has_a_dot_a_cell() -> None:
    weights = np.zeros((2000, 2000), dtype=np.float32)
    weights[np.arange(2000), np.arange(2000)[::-1]] = 1
    alignment = Alignment(("각",) * 2000, ("b",) * 2000, weights)
    dots, (left, top, wide, high) = _decoded(png.render(alignment)), plan(alignment, "").place
    assert np.array_equal(dots[top : top + high, left : left + wide, 0] > 200, weights.T > 0)


@pytest.mark.parametrize(
    ("unit", "script", "package"),
    [
        ("안", "Hangul", "fonts-noto-cjk or fonts-nanum"),
        ("カ", "kana", "fonts-noto-cjk"),
        ("漢", "Han", "fonts-noto-cjk"),
        ("नि", "Devanagari", "fonts-noto-core"),
        ("ไ", "Thai", "fonts-noto-core"),
        ("🫠", "emoji", "fonts-symbola"),
    ],
)
@pytest.mark.usefixtures("only_dejavu")
def test_without_a_font_it_says_which_helps_and_draws_no_box(unit: str, script: str, package: str) -> None:
    with pytest.raises(MissingPackageError) as refused:
        png.render(diagonal(["a", unit], ["b"]))
    message = str(refused.value)
    assert f"({script})" in message
    assert unit[0] in message
    assert f"install {package} (" in message
    assert ".svg" in message
    assert "\n" not in message


@pytest.mark.usefixtures("only_dejavu")
def test_ipa_arabic_and_escapes_need_no_font_of_the_system() -> None:
    assert png.render(
        diagonal(["tʃʰ", "ɪ̃", "ŋ", "סוף", " ", "\t", "\n", "\u00a0", ""], ["سلام", "\u202e", "\ud800", "$x$", "\u0303"])
    )


@pytest.mark.parametrize(
    ("label", "package"), [("안녕", "fonts-nanum"), ("アンニョン", "fonts-nanum"), ("दुनिया", "fonts-lohit-deva")]
)
@pytest.mark.filterwarnings("error")
def test_a_label_is_drawn_with_a_font_of_its_script(label: str, package: str) -> None:
    if not all(map(_there, label)):
        pytest.skip(f"no font here has {label}; apt-get install {package}")
    nothing = png.render(diagonal(["a"], ["b"]), title="")
    assert png.render(diagonal(["a"], ["b"]), title=label) != nothing  # a missing glyph is a warning of matplotlib's


@pytest.mark.parametrize(("first", "second"), [("안", "녕"), ("カ", "キ"), ("क", "ख")])
def test_two_letters_do_not_look_the_same_as_boxes_would(first: str, second: str) -> None:
    if not (_there(first) and _there(second)):
        pytest.skip(f"no font here has {first}; apt-get install fonts-nanum fonts-lohit-deva")
    assert png.render(diagonal([first], ["b"])) != png.render(diagonal([second], ["b"]))


def test_words_that_this_matplotlib_would_take_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png.ft2font, "__libraqm_version__", None, raising=False)
    assert png.render(diagonal(["س"], ["a"]))
    with pytest.raises(MissingPackageError, match=r"cannot join or order the letters of سلام.*matplotlib 3\.11.*\.svg"):
        png.render(diagonal(["سلام"], ["a"]))


def test_settings_of_the_user_do_not_show_and_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    alignment = diagonal("ab", "a $x$")
    before = png.render(alignment, title="$5")
    with matplotlib.rc_context(
        {"savefig.dpi": 33, "text.usetex": True, "text.color": "red", "figure.facecolor": "white"}
    ):
        assert png.render(alignment, title="$5") == before
    settings = json.dumps(dict(matplotlib.rcParams), default=str)
    png.render(alignment)
    assert json.dumps(dict(matplotlib.rcParams), default=str) == settings


def test_a_font_installed_since_matplotlib_made_its_list_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    if not _there("안"):
        pytest.skip("no font here has 안; apt-get install fonts-nanum")
    faces = [face for face in font_manager.fontManager.ttflist if face.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", faces)
    assert png.render(diagonal(["안"], ["b"]))
