"""The heatmap's modules in a real browser, without the page that goes with them: labels, colours, words, live updates."""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from heedful.inspection import labels, map_page, web
from heedful.inspection.brightness import hexadecimal
from heedful.results import Alignment
from tests.browsing import Visit, browsing
from tests.inspection.alignments import diagonal
from tests.inspection.sample_maps import SCRIPTS

NAMES = "Heatmap, statistics, certainty, colour, visible, percent, saveButtons, ENGLISH, KOREAN"
SVG = "{http://www.w3.org/2000/svg}"
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
    assert visit.page.evaluate("[percent(null, 'ko'), percent(1e-9, 'ko')]") == ["알 수 없음", "0.0001 % 미만"]


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


def test_weights_of_nothing_are_nothing(visit: Visit) -> None:
    said = words(visit, Alignment(("a", "b"), ("x", "y"), np.zeros((2, 2), dtype=np.float32)))
    assert said == ["All weights are zero: no input unit was looked at."]
    half = np.array([[0, 0], [0.5, 0.5], [0, 0]], dtype=np.float32)
    said = words(visit, Alignment(("a", "b"), ("x", "y", "z"), half))
    assert said[0] == "Two output units looked at nothing: “\u2068x\u2069” (1st) and “\u2068z\u2069” (3rd)."
    assert said[1] == "The output unit looks at about 2.0 input units at once."
    assert "No input unit was left out." in said
    assert not any("same place" in each for each in said)


def test_small_numbers_have_digits(visit: Visit) -> None:
    even = Alignment(("a",) * 2000, ("x",), np.full((1, 2000), 1 / 2000, dtype=np.float32))
    assert "got the most attention, 0.0005 in all; an even share would be 0.0005." in words(visit, even)[-1]


def test_the_parts_of_a_sound_are_called_what_they_are_called_on_the_map(visit: Visit) -> None:
    known = {"boxes": [[0, 0, 0.5, 1], None]}
    given = [[[0.9, 0.1]], ["0.0 s", " "], ["x"], known]
    said = visit.page.evaluate(
        "([rows, source, target, known]) => statistics(rows, source, target, 'en', known)", given
    )
    assert any("“\u20680.0 s\u2069” (1st) got the most attention" in each for each in said)
    given[0] = [[0.01, 0.99]]
    said = visit.page.evaluate(
        "([rows, source, target, known]) => statistics(rows, source, target, 'en', known)", given
    )
    assert any("“\u2068␣\u2069” (2nd) got the most attention" in each for each in said)


def test_nobody_is_less_sure_of_what_is_not_known(visit: Visit) -> None:
    assert visit.page.evaluate("certainty([null, 0.25, 0.75, null], ['x', 'y', 'z'])") == [
        "The model was least sure of “\u2068y\u2069” (2nd): 25.0 %."
    ]
    assert visit.page.evaluate("certainty([null, NaN], ['x', 'y'])") == []


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


def test_a_unit_without_a_probability_has_no_bar(visit: Visit) -> None:
    whole = diagonal("abc", "xy")
    for size in (3, 70):
        shown(visit, record_of(diagonal(["s"] * size, "xy")))
        visit.page.evaluate("(row) => map.extend({ unit: 'z', weights: row })", [1 / size] * size)
        visit.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert "NaN" not in drawn(visit)
        assert "NaN" not in visit.page.evaluate("map.svg()")
        visit.page.evaluate("map.focus({ target: 2, source: null })")
        assert "probability of output “z”: not known" in visit.page.locator(".heatmap-said").inner_text()
    shown(visit, {**record_of(whole), "probabilities": [0.5, 0.6, 0.9]})  # the last is the end mark's
    visit.page.evaluate("(row) => map.extend({ unit: 'z', weights: row, probability: 0.25 })", [0.2, 0.3, 0.5])
    assert visit.page.evaluate("map.record.probabilities") == [0.5, 0.6, 0.25]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_model_without_attention_can_be_saved_too(visit: Visit, language: str) -> None:
    record = {"source": ["a"], "target": ["x", "y"], "weights": None, "probabilities": [0.75, None]}
    shown(visit, record)
    visit.page.evaluate("(language) => (map.language = language)", language)
    drawing = ElementTree.fromstring(visit.page.evaluate("map.svg('t')"))
    none = visit.page.evaluate("(language) => ({ en: ENGLISH, ko: KOREAN })[language].none", language)
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    assert {none, "x", "y", "75.0 %", "t"} < set(texts)
    assert json.loads(visit.page.evaluate("map.json()")) == {"source": ["a"], "target": ["x", "y"], "weights": []}
    shown(visit, None)
    ElementTree.fromstring(visit.page.evaluate("map.svg()"))
    assert json.loads(visit.page.evaluate("map.json()")) == {"source": [], "target": [], "weights": []}


def test_both_languages_say_the_same_things(visit: Visit) -> None:
    kinds = "(words) => Object.entries(words).map(([name, word]) => [name, typeof word === 'string' ? 0 : word.length])"
    english, korean = (visit.page.evaluate(f"({kinds})({name})") for name in ("ENGLISH", "KOREAN"))
    assert english == korean


def test_it_speaks_another_language_when_it_is_told_to(visit: Visit) -> None:
    whole = diagonal("abc", "xy")
    shown(visit, record_of(whole))
    visit.page.evaluate("window.bar = saveButtons(document.getElementById('host'), map)")
    visit.page.evaluate("map.focus({ target: 0, source: 0 })")
    english = drawn(visit)
    visit.page.evaluate("map.language = 'ko'")
    texts = visit.page.locator(".heatmap-map text").all_text_contents()
    assert {"입력", "출력", "어텐션", "받은 합계", "준 합계: 늘 1", "확률"} <= set(texts)
    said = visit.page.locator(".heatmap-said").inner_text()
    assert said.startswith(f"{whole.weights[0, 0]:.3f} 출력 ‘x’(2개 중 1번째)에서 입력 ‘a’(3개 중 1번째)에 준 어텐션")
    assert visit.page.get_by_role("button", name="지도를 SVG 형식으로 저장").is_visible()
    assert "밝을수록" in visit.page.evaluate("map.svg()")
    sentences = visit.page.evaluate(
        "({ weights, source, target }) => statistics(weights, source, target, 'ko')", record_of(whole)
    )
    certain = visit.page.evaluate("certainty([0.5, 0.25, 0.75], ['x', 'y'], 'ko')")
    assert certain == [
        "모델이 가장 자신 없어 한 단위는 ‘\u2068y\u2069’(2번째)이며, 그 확률은 25.0 %입니다.",
        "출력이 여기서 끝날 확률은 75.0 %입니다.",
    ]
    assert len(sentences) == len(words(visit, whole))
    assert all(sentence.endswith("다.") for sentence in sentences)
    visit.page.evaluate("map.language = 'xx'")
    assert visit.page.evaluate("map.language") == "en"
    assert drawn(visit) == english
    assert visit.page.get_by_role("button", name="Save the map as SVG").is_visible()
    visit.page.evaluate("bar.remove()")


def test_what_is_pointed_at_moves_nothing(visit: Visit) -> None:
    size = 50
    shown(visit, record_of(diagonal([f"s{at}" for at in range(size)], [f"t{at}" for at in range(size)])))
    visit.page.evaluate("map.focus({ target: 0, source: 0 })")
    visit.page.evaluate("scrollTo(0, 0); calls.length = 0; document.activeElement.blur()")
    cursor = drawn(visit)
    visit.page.evaluate("map.point({ target: 3, source: 49 })")
    said = visit.page.locator(".heatmap-said").inner_text
    assert "output “t3” (4 of 50) looked at input “s49” (50 of 50)" in said()
    assert drawn(visit) != cursor
    assert visit.page.evaluate("[scrollY, calls.length, document.activeElement.tagName]") == [0, 0, "BODY"]
    visit.page.evaluate("map.point({ source: 2 })")
    assert said().startswith("input “s2” (3 of 50) got")
    visit.page.locator(".heatmap-map").press("ArrowRight")
    assert said().startswith("input “s2”"), "the cursor has moved, but something else is pointed at"
    visit.page.evaluate("map.point(null)")
    assert "output “t1” (2 of 50) looked at input “s0” (1 of 50)" in said()
    visit.page.evaluate("map.point({ target: 99, source: 0 })")
    assert said().startswith("Point at a cell"), "there is no such unit"
    shown(visit, None)
    visit.page.evaluate("map.point({ target: 0, source: 0 })")


DASHED = "[stroke-dasharray]"


def test_what_is_held_is_marked_and_let_go(visit: Visit) -> None:
    shown(visit, record_of(diagonal("abc", "xy")))
    free, image = drawn(visit), visit.page.evaluate("map.svg()")
    visit.page.evaluate("map.hold([{ target: 1, source: 2 }, { target: null, source: 0 }, { target: 7, source: 0 }])")
    marks = visit.page.locator(f".heatmap-map {DASHED}")
    assert marks.count() == 2 + 1, "two are there, and one explains them below the map"
    cell, ring = (each.bounding_box() for each in (visit.page.locator(".heatmap-map g rect").nth(5), marks.first))
    assert cell is not None
    assert ring is not None
    assert ring["x"] < cell["x"]
    assert ring["y"] < cell["y"]
    assert ring["width"] < cell["width"] + 12
    assert visit.page.locator(".heatmap-map text", has_text="held by hand").count() == 1
    assert visit.page.evaluate("map.svg()").count("stroke-dasharray") == 3
    for spot, held in (
        ("{ target: 1, source: 2 }", True),
        ("{ target: 0, source: 0 }", True),
        ("{ target: 0, source: 1 }", False),
    ):
        visit.page.evaluate(f"map.point({spot})")
        assert ("held here by hand" in visit.page.locator(".heatmap-said").inner_text()) == held
    visit.page.evaluate("map.point(null)")
    visit.page.evaluate("map.extend({ unit: 'z', weights: [1, 0, 0] }); map.hold([{ target: 2, source: 0 }])")
    assert marks.count() == 2
    visit.page.evaluate("map.hold([])")
    shown(visit, record_of(diagonal("abc", "xy")))
    assert drawn(visit) == free
    visit.page.evaluate("map.hold([{ target: 1, source: 2 }])")
    visit.page.evaluate("map.hold([])")
    assert (drawn(visit), visit.page.evaluate("map.svg()")) == (free, image)


def test_what_is_held_is_marked_on_a_large_map(visit: Visit) -> None:
    size = 80
    shown(visit, record_of(diagonal(["s"] * size, ["t"] * size)))
    green = """() => {
      const canvas = document.querySelector(".heatmap-map canvas"), { width, height } = canvas, found = [];
      const pen = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
      pen.drawImage(canvas, 0, 0);
      const dots = pen.getImageData(0, 0, width, height - 50).data; // the legend is below
      for (let at = 0, dot = 0; at < dots.length; at += 4, dot++) {
        const isGreen = dots[at] === 0x2f && dots[at + 1] === 0xc7 && dots[at + 2] === 0x98;
        if (isGreen) found.push([dot % width, Math.floor(dot / width)]);
      }
      return found;
    }"""
    assert visit.page.evaluate(green) == []
    visit.page.evaluate("map.hold([{ target: 60, source: 20 }])")
    found = visit.page.evaluate(green)
    assert len(found) > 20
    right, bottom = (max(each[axis] for each in found) for axis in (0, 1))
    visit.page.locator(".heatmap-map canvas").hover(position={"x": right - 7, "y": bottom - 7})
    assert "(61 of 80) looked at input “s” (21 of 80)" in visit.page.locator(".heatmap-said").inner_text()
    assert "held here by hand" in visit.page.locator(".heatmap-said").inner_text()
    assert visit.page.evaluate("map.svg()").count("stroke-dasharray") == 2
    visit.page.evaluate("map.hold([])")
    visit.page.mouse.move(0, 0)
    assert visit.page.evaluate(green) == []


@pytest.mark.parametrize("size", [20, 80], ids=["elements", "a canvas"])
def test_a_faint_map_can_be_brightened(visit: Visit, size: int) -> None:
    rows = np.random.default_rng(0).dirichlet(np.full(size, 30.0), 5).astype(np.float32)
    most = f"{float(f'{rows.max():.2g}'):g}"
    picture = "document.querySelector('.heatmap-map canvas')?.toDataURL() ?? ''"
    seen = lambda: (drawn(visit), visit.page.evaluate(picture), visit.page.evaluate("map.svg()"))  # noqa: E731
    shown(visit, record_of(Alignment(("a",) * size, ("x",) * 5, rows)))
    dark, box = seen(), visit.page.get_by_role("checkbox", name="Brighten")
    box.check()
    assert visit.page.evaluate("map.brightened") is True
    bright = seen()
    assert bright != dark
    drawing = ElementTree.fromstring(bright[2])
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    assert {most, "brightened to this map's greatest weight"} <= set(texts)
    assert "1" not in texts[-4:]
    assert f"Full light is {most}, the greatest weight of this map." in (drawing.findtext(f"{SVG}desc") or "")
    if size == 20:
        fills = [each["fill"] for each in rectangles(drawing)][: rows.size]
        assert fills == [hexadecimal(min(1.0, float(weight / rows.max()))) for weight in rows.ravel()]
    box.uncheck()
    assert seen() == dark
    visit.page.evaluate("map.brightened = true")
    assert seen() == bright
    assert box.is_checked()


def rectangles(drawing: ElementTree.Element) -> list[dict[str, str]]:
    """The cells of a drawing, which have titles."""
    return [each.attrib for each in drawing.iter(f"{SVG}rect") if each.find(f"{SVG}title") is not None]


def test_a_bright_map_has_no_such_box(visit: Visit) -> None:
    for alignment in (diagonal("abc", "xy"), Alignment(("a",), ("x",), np.zeros((1, 1), dtype=np.float32))):
        shown(visit, record_of(alignment))
        assert visit.page.get_by_role("checkbox").count() == 0
        visit.page.evaluate("map.brightened = true")  # somebody else's box
        assert "NaN" not in visit.page.evaluate("map.svg()")


@pytest.mark.parametrize(("targets", "sources"), [(1, 2000), (2000, 1), (5, 700), (300, 2000), (61, 61)])
def test_a_large_map_is_no_line_when_it_is_saved(visit: Visit, targets: int, sources: int) -> None:
    weights = np.full((targets, sources), 1 / sources, dtype=np.float32)
    shown(visit, record_of(Alignment(("a",) * sources, ("x",) * targets, weights)))
    drawing = ElementTree.fromstring(visit.page.evaluate("map.svg()"))
    (image,) = drawing.iter(f"{SVG}image")
    wide, high = (float(image.attrib[side]) for side in ("width", "height"))
    assert min(wide / targets, high / sources) >= 0.5
    assert min(wide, high) >= 34
    assert max(wide, high) <= 2000
    assert (wide == high) == (targets == sources)


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
