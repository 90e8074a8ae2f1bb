"""The colours of a page and of what is drawn on it, by the name of their CSS variable: on light ground, and on dark.

The six series are those of Okabe and Ito, told apart by people who see colours differently too, made darker or lighter
until each has a contrast of 3 to the ground. Every value of ``LIGHT`` is there once, so that a colour has one name.
"""

LIGHT = {
    "paper": "#fefefd",
    "panel": "#f6f5f8",
    "ink": "#1c1b24",
    "quiet": "#5d5b6c",
    "rule": "#e3e1e9",
    "band": "#eceaf2",
    "link": "#4a3aa7",
    "good": "#00694d",
    "bad": "#a83a00",
    "open": "#5a5869",
    "series-1": "#0072b2",
    "series-2": "#d55e00",
    "series-3": "#008a65",
    "series-4": "#b0508a",
    "series-5": "#a87400",
    "series-6": "#55535f",
}

DARK = {
    "paper": "#14131b",
    "panel": "#1b1a26",
    "ink": "#eae9f1",
    "quiet": "#a5a2b8",
    "rule": "#302e3d",
    "band": "#262433",
    "link": "#b3a8ff",
    "good": "#4fd3a8",
    "bad": "#ff9a66",
    "open": "#b0adc2",
    "series-1": "#56b4e9",
    "series-2": "#ff8b47",
    "series-3": "#2fc798",
    "series-4": "#e79bc8",
    "series-5": "#f0c04a",
    "series-6": "#c4c1d2",
}

SERIES = tuple(name for name in LIGHT if name.startswith("series-"))


def variable(name: str) -> str:
    """The colour for an SVG attribute: the page's, and without a page that on light ground."""
    return f"var(--{name}, {LIGHT[name]})"
