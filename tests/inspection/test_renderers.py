"""Everything that every renderer promises, and the table itself."""

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from heedful import choices
from heedful.errors import SettingsError
from heedful.inspection.renderers import RENDERERS, for_path
from heedful.results import Alignment
from tests.inspection.alignments import diagonal

SHAPES = {
    "1 x 1": diagonal("a", "b"),
    "1 x n": diagonal("a", "bcdefgh"),
    "n x 1": diagonal("abcdefg", "h"),
    "empty output": Alignment(("a", "b"), (), np.zeros((0, 2), dtype=np.float32)),
    "empty input": Alignment((), ("a", "b"), np.zeros((2, 0), dtype=np.float32)),
    "empty": Alignment((), (), np.zeros((0, 0), dtype=np.float32)),
    "200 x 200": diagonal("a" * 200, "b" * 200),
    "3 x 300": diagonal("abc", "b" * 300),
    "2001 x 1": diagonal("a" * 2001, "b"),
    "5000 x 2": diagonal("a" * 5000, "bc"),
    "hostile": diagonal(["<b>", "&", "\x00", "\x1b[2J"], ["\ud800", "\u202e", "$x$", "e" + "\u0301" * 99]),
}


def test_the_table_holds_what_recipes_and_help_name() -> None:
    assert list(RENDERERS) == list(choices.RENDERERS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RENDERERS)
def test_any_shape_is_drawn_and_always_the_same(name: str, shape: str) -> None:
    drawn = RENDERERS[name](SHAPES[shape], title="the title")
    assert drawn == RENDERERS[name](SHAPES[shape], title="the title")
    if isinstance(drawn, str):
        assert drawn.endswith("\n")
        drawn.encode()
    else:
        assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    if name == "svg":
        ElementTree.fromstring(str(drawn))


@pytest.mark.parametrize("name", RENDERERS)
def test_a_number_that_is_none_is_not_drawn(name: str) -> None:
    weights = np.array([[0.5, np.nan]], dtype=np.float32)
    with pytest.raises(ValueError, match="nan"):
        RENDERERS[name](Alignment(("a", "b"), ("x",), weights))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.png", "png"),
        ("runs/b.SVG", "svg"),
        ("f.html", "html"),
        ("c.json", "json"),
        ("d.txt", "text"),
        ("e.x.pharaoh", "pharaoh"),
    ],
)
def test_the_suffix_chooses(path: str, name: str) -> None:
    assert for_path(path) is RENDERERS[name]


@pytest.mark.parametrize("path", ["map.gif", "map", ".png", "map.png/"])
def test_another_suffix_is_refused_with_those_that_there_are(path: str) -> None:
    if path == "map.png/":
        assert for_path(path) is RENDERERS["png"]
        return
    with pytest.raises(SettingsError, match=r"\.txt, \.png, \.svg, \.html, \.json, \.pharaoh") as refused:
        for_path(path)
    assert str(refused.value).startswith(path)


@pytest.mark.parametrize("name", [name for name in RENDERERS if name != "png"])
def test_only_dots_load_matplotlib_and_nothing_loads_torch(name: str) -> None:
    program = f"""
import sys
import numpy
from heedful.inspection.renderers import RENDERERS
from heedful.results import Alignment
RENDERERS[{name!r}](Alignment(("a",), ("b",), numpy.ones((1, 1), dtype=numpy.float32)))
print([name for name in ("torch", "matplotlib", "pydantic", "heedful.model", "heedful.data") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_png_loads_no_torch_and_no_pyplot() -> None:
    program = "import sys, heedful.inspection.png; print('torch' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False False"
