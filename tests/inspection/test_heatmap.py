"""The heatmap's modules in a real browser, without the page that goes with them: labels, colours, words, live updates."""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from heedful.inspection import labels, map_page, web
from heedful.inspection.brightness import hexadecimal
from heedful.results import Alignment
from tests.browsing import Visit, browsing
from tests.inspection.alignments import diagonal
from tests.inspection.sample_maps import SCRIPTS

NAMES = "Heatmap, statistics, certainty, colour, visible, percent, saveButtons"
POLICY = "style-src 'none'; img-src data: blob:"
BARE = f'<!DOCTYPE html><title>t</title><meta http-equiv="Content-Security-Policy" content="{POLICY}">'


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """A bare page with what heatmap.js exports in its window, under a policy that lets nobody write styles into it."""
    file = tmp_path_factory.mktemp("bare") / "bare.html"
    script = f"{web.script('heatmap.js')}\nObject.assign(window, {{ {NAMES} }});"
    file.write_text(f'{BARE}<div id="host"></div><script type="module">{script}</script>', encoding="utf-8")
    with browsing() as browser, browser.open_page(file) as found:
        yield found
        assert found.complaints == []
        assert found.requests == [file.as_uri()]


def shown(visit: Visit, record: dict[str, Any] | None) -> None:
    """A new map of this record, as ``map``; what it reports is kept in ``calls``."""
    visit.page.evaluate(
        """(record) => {
          window.map?.close();
          window.calls = [];
          const told = (name) => (spot) => calls.push([name, spot ?? null]);
          window.map = new Heatmap(document.getElementById("host"), {
            onFocus: told("focus"), onLeave: told("leave"), onPick: told("pick"),
          });
          map.show(record);
        }""",
        record,
    )


def record_of(alignment: Alignment, count: int | None = None) -> dict[str, Any]:
    """The map's record, of its first output units."""
    return {
        "source": alignment.source,
        "target": alignment.target[:count],
        "weights": alignment.weights[:count].tolist(),
        "probabilities": [0.5 + 0.01 * at for at in range(len(alignment.target[:count]))],
    }


def drawn(visit: Visit) -> str:
    """All that is drawn."""
    return visit.page.evaluate("document.querySelector('.heatmap-map').innerHTML")


def words(visit: Visit, alignment: Alignment) -> list[str]:
    """What there is to say about the map."""
    given = [alignment.weights.tolist(), alignment.source, alignment.target]
    return visit.page.evaluate("([weights, source, target]) => statistics(weights, source, target)", given)


def test_a_colour_is_that_of_every_map(visit: Visit) -> None:
    weights = [*np.linspace(-0.1, 1.1, 1201).tolist(), 0.5]
    found = visit.page.evaluate("(weights) => weights.map(colour)", weights)
    assert found == [hexadecimal(min(1.0, max(0.0, weight))) for weight in weights]


def test_a_unit_is_shown_as_everywhere(visit: Visit) -> None:
    known = [
        chr(code)
        for code in range(0x10000)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs")  # not in this Unicode yet; no text for Playwright
    ]
    units = [*SCRIPTS, "", "o" + "\u0338" * 500, "ab c", "a\u200db", "\U000e0067", "\U0001f469", "a\u202eb", *known]
    found = visit.page.evaluate("(units) => units.map(visible)", units)
    expected = [labels.visible(unit) for unit in units]
    assert [unit for unit, here, there in zip(units, found, expected, strict=True) if here != there] == []


def test_half_a_character_is_shown_by_its_number(visit: Visit) -> None:
    assert visit.page.evaluate("visible('\\ud800') + visible('a\\udfffb')") == "\\ud800a\\udfffb"


def test_a_share_is_said_as_in_the_page(visit: Visit) -> None:
    shares = [0.0, 1.0, 0.9996, 0.9994, 0.5, 0.01, 0.0099, 0.000123, 1e-6, 9.9e-7, 1e-12]
    assert visit.page.evaluate("(shares) => shares.map(percent)", shares) == [*map(map_page.percent, shares)]
    assert visit.page.evaluate("percent(null)") == "not known"


@pytest.mark.parametrize("count", [1, 4, 50])
def test_an_even_look_is_as_wide_as_the_input(visit: Visit, count: int) -> None:
    even = Alignment(("a",) * count, ("x",) * 3, np.full((3, count), 1 / count, dtype=np.float32))
    said = words(visit, even)
    assert said[0].startswith(f"An output unit looks at about {count:.1f} input units at once.")
    assert "No input unit was left out." in said
    assert any("the same place all the time" in each for each in said)


def test_what_was_not_looked_at_is_named(visit: Visit) -> None:
    weights = np.zeros((3, 4), dtype=np.float32)
    weights[[0, 1, 2], [0, 1, 3]] = 1
    said = words(visit, Alignment(("p", "q", " ", "s"), ("x", "y", "z"), weights))
    assert "An output unit looks at about 1.0 input units at once." in said
    assert "One input unit was never looked at, or hardly: “\u2068␣\u2069” (3rd)." in said
    assert "It goes through the input from the first unit to the last, and never back." in said
    assert "Every output unit gives more than half of its attention to one input unit." in said


@pytest.mark.parametrize(
    ("peaks", "way"),
    [
        ([3, 2, 1, 0], "from the last unit to the first, and never forward"),
        ([0, 1, 2, 1, 3, 4, 5], "On the whole it goes through the input from the first unit to the last"),
        ([0, 5, 1, 4, 2, 3], "to and fro"),
        ([2, 2], "same place"),
    ],
)
def test_the_way_it_goes(visit: Visit, peaks: list[int], way: str) -> None:
    weights = np.eye(6, dtype=np.float32)[peaks]
    said = words(visit, Alignment(tuple("abcdef"), tuple("uvwxyz_"[: len(peaks)]), weights))
    assert sum(way in each for each in said) == 1


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_is_said_of_an_empty_map(visit: Visit, shape: tuple[int, int]) -> None:
    assert words(visit, Alignment(("a",) * shape[1], ("x",) * shape[0], np.zeros(shape, dtype=np.float32))) == []


@pytest.mark.parametrize("size", [6, 20, 70], ids=["elements", "elements that shrink", "a canvas"])
def test_units_that_come_one_by_one_make_the_same_map(visit: Visit, size: int) -> None:
    whole = diagonal([f"s{at}" for at in range(size)], [f"t{at}" for at in range(size)])
    painted = "document.querySelector('.heatmap-map canvas')?.toDataURL() ?? ''"
    shown(visit, record_of(whole))
    expected = drawn(visit), visit.page.evaluate(painted)
    shown(visit, record_of(whole, 0))
    for at in range(size):
        unit = {"unit": whole.target[at], "weights": whole.weights[at].tolist(), "probability": 0.5 + 0.01 * at}
        visit.page.evaluate("(unit) => map.extend(unit)", unit)
    visit.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert (drawn(visit), visit.page.evaluate(painted)) == expected
    assert json.loads(visit.page.evaluate("map.json()"))["target"] == [*whole.target]


def test_flat_weights_are_as_good_as_rows(visit: Visit) -> None:
    whole = diagonal("abc", "xy")
    shown(visit, record_of(whole))
    first = drawn(visit)
    visit.page.evaluate(
        "(record) => map.show({ ...record, weights: Float32Array.from(record.weights.flat()) })", record_of(whole)
    )
    assert drawn(visit) == first


def test_clicks_and_keys_are_told(visit: Visit) -> None:
    shown(visit, record_of(diagonal("abc", "xy")))
    cells = visit.page.locator(".heatmap-map g rect")
    cells.nth(1 * 3 + 2).click()
    assert visit.page.evaluate("calls.at(-1)") == ["pick", {"target": 1, "source": 2}]
    visit.page.locator(".heatmap-map text", has_text="y").first.click()
    assert visit.page.evaluate("calls.at(-1)") == ["pick", {"target": 1, "source": None}]
    visit.page.locator(".heatmap-map text", has_text="b").first.click()
    assert visit.page.evaluate("calls.at(-1)") == ["pick", {"target": None, "source": 1}]
    visit.page.mouse.move(0, 0)
    visit.page.evaluate("map.focus({ target: 0, source: 0 })")
    visit.page.locator(".heatmap-map").focus()
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("calls.at(-1)") == ["pick", {"target": 0, "source": 0}]
    visit.page.keyboard.press("Escape")
    assert visit.page.evaluate("calls.at(-1)") == ["leave", None]


def test_nothing_is_shown_before_there_is_something_and_when_it_is_gone(visit: Visit) -> None:
    shown(visit, None)
    assert visit.page.locator(".heatmap").is_hidden()
    visit.page.evaluate("(record) => map.show(record)", record_of(diagonal("abc", "xy")))
    assert visit.page.locator(".heatmap-map").is_visible()
    visit.page.evaluate("map.close()")
    assert visit.page.locator(".heatmap").count() == 0
