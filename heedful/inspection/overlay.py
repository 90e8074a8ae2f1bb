"""Attention on the picture that it was paid to: one plan for the drawing (SVG) and for the dots (PNG)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heedful.inspection.brightness import brightness
from heedful.inspection.glow import lightness, lit
from heedful.inspection.heat import covers, heat_of
from heedful.inspection.labels import shortened, visible_text
from heedful.inspection.overview import overview
from heedful.inspection.panels import MOST_PANELS, Panel, Part, arranged, named, panels
from heedful.inspection.sheet import BAR, BRIGHT_TEXT, CARD, EDGE, GAP, MOST_TITLE, Box, Label, text_width
from heedful.results import Alignment, Scene

MOST_DOUBLED = 1600  # a sheet no larger than this has two dots a unit, for screens that show fine print
SHADE = 0.3  # how much of the picture is left under a label


@dataclass(frozen=True, eq=False)
class Picture:
    """Red, green and blue (height, width, 3) for a box of the sheet, and what the pointer is told."""

    box: Box
    pixels: NDArray[np.uint8]
    name: str = ""


@dataclass(frozen=True, eq=False)
class Overlay:
    """The plan. ``pictures`` are the overview, the panels of output units in their order, and the colour bar.

    They have ``scale`` dots for every unit of the sheet. ``rules`` are thin lines.
    """

    width: int
    height: int
    scale: int
    pictures: tuple[Picture, ...]
    rules: tuple[Box, ...]
    labels: tuple[Label, ...]


def is_over_a_picture(alignment: Alignment) -> bool:
    """Whether there is something to draw the attention on."""
    return alignment.scene is not None and alignment.scene.pixels is not None and alignment.scene.pixels.size > 0


def plan(alignment: Alignment, title: str) -> Overlay:
    """The overview above, a panel an output unit below it, the legend at the bottom.

    Raises:
        ValueError: the alignment has no picture, or a weight is not a finite number.
    """
    scene = alignment.scene
    if scene is None or scene.pixels is None:
        raise ValueError("the alignment has no picture to draw on; heedful.inspection.sheet.plan draws it as a matrix")
    weights, there = brightness(alignment.weights), covers(scene.boxes)
    total = weights.sum(axis=0)
    # Weights over hundreds of positions are small: the greatest of a map is the end of its scale, and named below it.
    greatest, most = (float(found[..., there].max(initial=0)) or 1.0 for found in (weights, total))
    place = arranged(scene.pixels.shape[0], scene.pixels.shape[1], named(alignment.target[:MOST_PANELS]))
    heading = shortened(visible_text(title), MOST_TITLE)
    written = [Label(heading, EDGE, EDGE + 14, 16, colour=BRIGHT_TEXT)] if heading else []
    first = overview(alignment, scene, total / most, place, EDGE + 30 * len(written))
    second = panels(alignment, scene, weights / greatest, place, first.bottom + 24)
    bar = Box(EDGE + 14, second.bottom + 28, *BAR)
    third = _legend(alignment, bar, greatest, most)
    labels = (*written, *first.labels, *second.labels, *third.labels)
    shown = (*first.panels, *second.panels)
    width = math.ceil(max([*(panel.box.right for panel in shown), *map(_end, labels)]) + EDGE)
    scale = 2 if max(width, third.bottom) <= MOST_DOUBLED else 1
    return Overlay(
        width=width,
        height=third.bottom,
        scale=scale,
        pictures=(*_pictures(shown, scene, scene.pixels, scale), _bar(bar, scale)),
        rules=(*first.rules, *second.rules),
        labels=labels,
    )


def _pictures(shown: tuple[Panel, ...], scene: Scene, pixels: NDArray[np.uint8], scale: int) -> list[Picture]:
    sizes = {(panel.box.width * scale, panel.box.height * scale) for panel in shown}
    grounds = {size: (lightness(pixels, *size), heat_of(scene.boxes, *size)) for size in sizes}
    pictures: list[Picture] = []
    for panel in shown:
        light, heat = grounds[panel.box.width * scale, panel.box.height * scale]
        dots = lit(light, heat.over(panel.bright))
        for shade in panel.shades:
            part = dots[shade.top * scale : shade.bottom * scale, shade.left * scale : shade.right * scale]
            part[:] = SHADE * part + (1 - SHADE) * np.array(list(bytes.fromhex(CARD[1:])))
        pictures.append(Picture(panel.box, dots, panel.name))
    return pictures


def _bar(box: Box, scale: int) -> Picture:
    """The colours as they are on light parts of a picture, above, and on dark ones, below."""
    ramp = np.tile(np.linspace(0, 1, box.width * scale), (box.height * scale, 1))
    light = (np.arange(box.height * scale) < box.height * scale / 2).astype(np.float64)
    return Picture(box, lit(np.repeat(light[:, None], box.width * scale, axis=1), ramp))


def _legend(alignment: Alignment, bar: Box, greatest: float, most: float) -> Part:
    """What the ends of the colour bar mean, and what is not there."""
    sides = (("input", alignment.source), ("output", alignment.target))
    notes = [f"the {name} is empty" for name, units in sides if not units]
    if alignment.source and alignment.target:
        notes.append(f"in the picture of all units together the brightest is {most:.2g}")
    if len(alignment.target) > MOST_PANELS:
        notes.append(f"panels of the first {MOST_PANELS} of {len(alignment.target)} output units")
    labels = [
        Label("0", bar.left - GAP, bar.bottom, 11, "end"),
        Label(f"{greatest:.2g}", bar.right + GAP, bar.bottom, 11),
        Label("attention, up to the greatest of this map", bar.right + 52, bar.bottom, 11),
        *(Label(note, bar.left, bar.bottom + 18 * line, 11) for line, note in enumerate(notes, 1)),
    ]
    return Part(bar.bottom + 18 * len(notes) + EDGE, labels=tuple(labels))


def _end(label: Label) -> float:
    """Where a line of text ends, about."""
    share = {"start": 1.0, "middle": 0.5, "end": 0.0}[label.anchor]
    return label.x + share * text_width(label.text, label.size)
