"""The table of renderers, and which of them a file name asks for."""

from pathlib import PurePath
from typing import Protocol, runtime_checkable

from heedful.errors import SettingsError
from heedful.inspection import map_page, numbers, pharaoh, svg, text
from heedful.results import Alignment


@runtime_checkable
class Renderer(Protocol):
    """An alignment in, the whole file out: ``str`` ends with a line feed, ``bytes`` are a picture. Nothing is written."""

    def __call__(self, alignment: Alignment, *, title: str = "") -> str | bytes:
        """Draws."""
        ...


def _png(alignment: Alignment, *, title: str = "") -> bytes:
    from heedful.inspection import png  # here, since matplotlib takes half a second, and only dots need it

    return png.render(alignment, title=title)


RENDERERS: dict[str, Renderer] = {
    "text": text.render,
    "png": _png,
    "svg": svg.render,
    "html": map_page.render,
    "json": numbers.render,
    "pharaoh": pharaoh.render,
}

SUFFIXES = {".txt": "text", ".png": "png", ".svg": "svg", ".html": "html", ".json": "json", ".pharaoh": "pharaoh"}


def for_path(path: str | PurePath) -> Renderer:
    """The renderer that the file's suffix asks for.

    Raises:
        SettingsError: no renderer writes such a file; the message names the suffixes that there are.
    """
    suffix = PurePath(path).suffix.lower()
    if suffix not in SUFFIXES:
        found = f"nothing here writes {suffix}" if suffix else "the name has no suffix"
        raise SettingsError(f"{path}: {found}; end it in one of {', '.join(SUFFIXES)}")
    return RENDERERS[SUFFIXES[suffix]]
