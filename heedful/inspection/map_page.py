"""Maps as one HTML file: it opens from a disk without a network. A file to point at, and to mail to somebody."""

import math
from collections.abc import Sequence

from heedful.inspection import svg, web
from heedful.inspection.html import fingerprint, written
from heedful.inspection.labels import letters, visible, visible_text
from heedful.inspection.map_data import Shown, data
from heedful.inspection.map_words import words_in
from heedful.inspection.overlay import is_over_a_picture
from heedful.inspection.palette import DARK, LIGHT
from heedful.inspection.sheet import AxisNames
from heedful.inspection.styles import STYLE, variables
from heedful.results import Alignment, Hypothesis

MOST_STILL = 1000
"""Cells of a map that is drawn for readers without scripts as well."""
LONG = 90
"""Characters of a text before it is cut where it stands on the page; ``map_page.js`` says the same."""
MOST_TITLED = 60
"""Letters of each part of the window's title."""
FEW = 4
"""Outputs to choose from that need no frame: the list of more may have to be scrolled."""


def render(alignment: Alignment, *, title: str = "", language: str = "en") -> str:
    """The page of one map, of which nothing but the weights is known.

    Raises:
        ValueError: a weight is not a finite number.
        SettingsError: no page speaks this language.
    """
    heading = title or words_in(language)["attention"]
    return _page([Shown((heading,), alignment.target, alignment)], language)


def render_maps(hypotheses: Sequence[Hypothesis], *, title: str = "", language: str = "en") -> str:
    """The page of several outputs for one source, best first, to choose from: ``title`` says the source.

    A hypothesis without attention has its probabilities shown, and the page says why there is no map.

    Raises:
        ValueError: there are no hypotheses, or a weight is not a finite number.
        SettingsError: no page speaks this language.
    """
    if not hypotheses:
        raise ValueError("a page of no hypotheses has nothing to show")
    return _page(
        [
            Shown(
                (title, each.text) if title else (each.text,),
                each.units,
                each.attention,
                each.score,
                each.log_prob,
                each.log_probs,
            )
            for each in hypotheses
        ],
        language,
    )


def _page(shown: list[Shown], language: str) -> str:
    words, script, style = words_in(language), web.script("map_page.js"), _style()
    heading = [*map(_spaced, shown[0].heading)]
    attends = any(each.attention is not None for each in shown)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{language}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, style)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<link rel="icon" href="data:,">',
        f"<title>{written(' → '.join(map(_titled, heading)))}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        "<main>",
        f'<header class="lead"><h1 id="heading">{" → ".join(map(_part, heading))}</h1>',
        _button("whole", words, "more", "less"),
        f"<p>{words['lead']}</p>" if attends else "",
        _button("scheme", words, "light", "dark"),
        "</header>",
        *_choices(shown, words),
        f'<section id="map" aria-label="{words["map"]}">{_still(shown[0], words)}</section>',
        '<div id="save"></div>',
        f'<section class="words"><h2>{words["statistics"]}</h2><ul id="words"></ul></section>',
        "</main>",
        f'<script type="application/json" id="maps">{data(shown)}</script>',
        f'<script type="module">{script}</script>',
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _style() -> str:
    """The report's own, with a choice between light and dark that the reader can take back from the system."""
    chosen = "".join(
        f':root[data-scheme="{name}"] {{ color-scheme: {name}; {variables(colours)} }}\n'
        for name, colours in (("light", LIGHT), ("dark", DARK))
    )
    return f"{STYLE}\n@media screen {{\n{chosen}}}\n{web.read('heatmap.css')}\n{web.read('map_page.css')}"


def _policy(script: str, style: str) -> str:
    """What a browser may do for this page: show it, and run the one script that has this fingerprint."""
    return (
        f"default-src 'none'; style-src {fingerprint(style)}; script-src {fingerprint(script)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _spaced(text: str) -> str:
    """A text as it may be shown, even if it is empty or nothing but spaces."""
    return visible_text(text) or visible(text)


def _titled(part: str) -> str:
    """A part of the window's title."""
    if len(part) <= MOST_TITLED or len(found := letters(part)) <= MOST_TITLED:
        return part
    return "".join(found[: MOST_TITLED - 1]) + "…"


def _part(part: str) -> str:
    """A part of the heading; a long one is cut by its style, and is told whole to whoever rests on it."""
    long = f' class="long" title="{written(part)}"' if len(part) > LONG else ""
    return f"<bdi{long}>{written(part)}</bdi>"


def _button(name: str, words: dict[str, str], *states: str) -> str:
    """A button that the script wakes up, with what it says in either of its states."""
    said = " ".join(f'data-{state}="{words[state]}"' for state in states)
    return f'<button type="button" id="{name}" {said} hidden></button>'


def _choices(shown: list[Shown], words: dict[str, str]) -> list[str]:
    """The outputs to choose from; one alone is in the heading already, but for its numbers."""
    if len(shown) == 1:
        facts = _facts(shown[0], words)
        return [f'<p class="facts">{facts}</p>'] if facts else []
    rows = "".join(_choice(place, each, words) for place, each in enumerate(shown))
    many = " many" if len(shown) > FEW else ""
    legend = f"<legend>{words['choices']}</legend>"
    return [f'<form id="choices"><fieldset>{legend}<div class="list{many}">{rows}</div></fieldset></form>']


def _choice(place: int, shown: Shown, words: dict[str, str]) -> str:
    text = shown.heading[-1]
    whole = f' title="{written(text)}"' if len(text) > LONG else ""
    seen = written(text) if text.strip() else written(visible(text))
    return (
        f'<label{whole}><input type="radio" name="hypothesis" value="{place}"{" checked" * (place == 0)}>'
        f'<bdi class="text">{seen}</bdi> <span class="facts">{_facts(shown, words)}</span></label>'
    )


def _facts(shown: Shown, words: dict[str, str]) -> str:
    if shown.score is None or shown.log_prob is None:
        return ""
    score = f"{shown.score:.4f}".replace("-", "−")
    share = percent(math.exp(min(0.0, shown.log_prob)), words["little"])
    return f"{words['score']} {score} · {words['probability']} {share}"


def percent(share: float, little: str = "under 0.0001 %") -> str:
    """A share as people read it, however small; ``percent`` of ``heatmap.js`` says the same."""
    hundredths = 100 * share
    if hundredths >= 99.95 or hundredths == 0:
        return f"{hundredths:.0f} %"
    if hundredths >= 1:
        return f"{hundredths:.1f} %"
    return f"{float(f'{hundredths:.2g}'):.10f}".rstrip("0") + " %" if hundredths >= 0.0001 else little


def _still(shown: Shown, words: dict[str, str]) -> str:
    """For those whose programs run no scripts, as a preview of mail may not: the map of the best, if it is small."""
    alignment = shown.attention
    if alignment is None:
        return f"<noscript><p>{words['none']}</p></noscript>"
    if is_over_a_picture(alignment) or alignment.weights.size > MOST_STILL:
        return f"<noscript><p>{words['scripts']}</p></noscript>"
    names = AxisNames(down=words["input"], across=words["output"], bar=words["bar"])
    return f'<noscript><div class="scroll">{svg.render(alignment, names=names).strip()}</div></noscript>'
