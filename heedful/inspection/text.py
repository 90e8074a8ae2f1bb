"""The heatmap in a terminal: blocks of colour, or of shade where there is no colour."""

from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from heedful.inspection.brightness import brightness, colours
from heedful.inspection.labels import is_right_to_left, letters, shortened, visible, visible_text
from heedful.inspection.positions import joined, position_names
from heedful.results import Alignment

SHADES = " ·░▒▓█"
MOST_CELLS = 16  # of a label before it is cut, across or down
ACROSS = 6  # columns may become so wide, in cells, for labels to be written across; longer ones are written downwards
ORDER_KEPT = "\u200e"  # left-to-right mark: keeps a terminal that sorts bidi text from swapping columns


def render(alignment: Alignment, *, title: str = "", colour: bool = False, width: int = 100) -> str:
    """Input down the left, output across the top, in as many blocks of columns as the width asks for.

    ``colour`` writes ANSI true-colour backgrounds; without it brightness is a shade, from blank to a full block. The
    hundreds of positions of a picture or a sound are joined to rows that fit on a screen, each the sum of some neighbours.
    """
    brightness(alignment.weights)  # for its check, before sums hide which weight it was
    alignment, most = joined(alignment)
    bright = brightness(alignment.weights)
    rows = [_fitted(name) for name in position_names(alignment)]
    columns = [_fitted(visible(unit)) for unit in alignment.target]
    lines = [visible_text(title), ""] if title.strip() else []
    if not rows or not columns:
        return "\n".join([*lines, f"nothing to draw: the {'input' if not rows else 'output'} is empty", ""])
    margin = max(map(cell_len, [*rows, "input"])) + 1
    room = max(1, width - margin - 2)
    cells, heads = _heads(columns, room)
    a_block = max(1, room // cells)
    for first in range(0, len(columns), a_block):
        some = slice(first, first + a_block)
        lines += _block(rows, heads[some], bright[some].T, margin, cells, colour)
        lines.append("")
    ramp = _cells(np.linspace(0, 1, len(SHADES)), 2, colour)
    note = [f"{'':{margin}} a row is the sum of up to {most} neighbours"] if most > 1 else []
    return "\n".join([*lines, f"{'':{margin}} 0 {ramp} 1", *note, ""])


def _heads(columns: list[str], room: int) -> tuple[int, list[list[str]]]:
    """How many cells a column takes, and the lines of each column's head: one if written across, more if downwards."""
    cells = max(2, max(map(cell_len, columns)) + 1)
    if cells <= ACROSS or cells * len(columns) <= room:
        return cells, [[column] for column in columns]
    stacks = [letters(column) for column in columns]
    return max(2, max(cell_len(letter) for stack in stacks for letter in stack) + 1), stacks


def _block(
    rows: list[str], heads: list[list[str]], bright: NDArray[np.float64], margin: int, cells: int, colour: bool
) -> list[str]:
    edge = " " if colour else "│"
    beyond = " " * (1 + max(0, len("output") - cells * len(heads)))  # so that all lines are equally wide
    height = max(map(len, heads))
    lines = [_padded("", margin + 1) + _padded("output", cells * len(heads)) + " "]
    for line in range(height):
        # A short head stands at the bottom, next to its column.
        letters_here = [head[line - height + len(head)] if line >= height - len(head) else "" for head in heads]
        lines.append(_padded("", margin + 1) + "".join(_padded(letter, cells) for letter in letters_here) + beyond)
    lines[-1] = _padded("input", margin + 1) + lines[-1][margin + 1 :]
    for row, shown in zip(rows, bright, strict=True):
        lines.append(_padded(row, margin, right=True) + edge + _cells(shown, cells, colour) + edge + beyond[1:])
    return lines


def _cells(bright: NDArray[np.float64], cells: int, colour: bool) -> str:
    if not colour:
        shades = np.minimum((bright * len(SHADES)).astype(np.int64), len(SHADES) - 1)
        shades = np.maximum(shades, bright >= 0.02)  # a trace is shown as one
        return "".join(SHADES[shade] * cells for shade in shades)
    runs = ((rgb, len(list(run))) for rgb, run in groupby(map(tuple, colours(bright).tolist())))
    return "".join(f"\x1b[48;2;{red};{green};{blue}m{' ' * cells * n}" for (red, green, blue), n in runs) + "\x1b[0m"


def _fitted(label: str) -> str:
    return shortened(label, MOST_CELLS)


def _padded(label: str, cells: int, right: bool = False) -> str:
    """The label in exactly so many cells, as the terminal counts them; on the right one blank separates it from the map."""
    blanks = " " * (cells - cell_len(label))
    label = label + ORDER_KEPT if is_right_to_left(label) else label
    return blanks[1:] + label + blanks[:1] if right else label + blanks
