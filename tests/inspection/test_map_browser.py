"""Pages of maps in a real browser, with the network cut: pointed at, walked through, copied, looked at by axe."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import pytest

from heedful.inspection import labels, numbers
from heedful.inspection.map_page import render, render_maps
from heedful.results import Alignment, Hypothesis
from tests.browsing import Browser, Visit, browsing
from tests.inspection.alignments import diagonal
from tests.inspection.sample_maps import (
    HOSTILE,
    SCRIPTS,
    deck,
    hypothesis,
    large,
    pictured,
    three,
    unattending,
)

SIZE = 2000
SVG = "{http://www.w3.org/2000/svg}"
CLIPBOARD = ("clipboard-read", "clipboard-write")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of every kind of page."""
    folder = tmp_path_factory.mktemp("maps")
    written = {
        "three": render_maps(three(), title="3 May"),
        "picture": render_maps([hypothesis(pictured(), "wxyz")], title="print.png"),
        "none": render_maps([unattending()], title="source"),
        "scripts": render(diagonal(SCRIPTS, SCRIPTS[::-1]), title="שלום"),
        "sixty": render(diagonal([f"s{at}" for at in range(60)], [f"t{at}" for at in range(60)])),
        "large": render(large(SIZE), title="large"),
    }
    for name, page in written.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


def written(folder: Path, hypotheses: Sequence[Hypothesis]) -> Path:
    """A page of these."""
    path = folder / "page.html"
    path.write_text(render_maps(hypotheses, title="the source"), encoding="utf-8")
    return path


def ready(visit: Visit) -> Visit:
    """The page when its map is there, and what there is to say about it."""
    visit.page.locator("#words li").first.wait_for()
    return visit


def said(visit: Visit) -> str:
    """The read-out, without the signs that isolate units."""
    return " ".join(visit.page.locator(".heatmap-said").inner_text().split())


def point(visit: Visit, alignment: Alignment, target: int, source: int) -> None:
    """Moves the pointer onto a cell."""
    cell = visit.page.locator(".heatmap-map g rect").nth(target * len(alignment.source) + source)
    cell.hover()


def told(alignment: Alignment, target: int, source: int) -> str:
    """What a read-out says of a cell."""
    output, given = labels.visible(alignment.target[target]), labels.visible(alignment.source[source])
    return (
        f"{alignment.weights[target, source]:.3f} output “{output}” ({target + 1} of {len(alignment.target)}) "
        f"looked at input “{given}” ({source + 1} of {len(alignment.source)})"
    )


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["three", "picture", "none", "scripts", "sixty", "large"])
def test_a_page_asks_for_nothing_complains_of_nothing_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    with browser.open_page(pages[name], width=width, scheme=scheme) as visit:
        ready(visit)
        assert visit.requests == [pages[name].as_uri()]
        assert visit.complaints == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
        assert visit.page.locator(".heatmap").is_visible()
        assert visit.page.locator(".heatmap-map").is_visible() == (name != "none")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["three", "picture", "none", "scripts", "large"])
def test_axe_finds_nothing(
    browser: Browser, pages: dict[str, Path], name: str, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with browser.open_page(pages[name], scheme=scheme) as visit:
        ready(visit)
        found = axe.run(visit.page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_the_pointer_is_told_the_numbers(browser: Browser, pages: dict[str, Path]) -> None:
    best = three()[0]
    alignment = best.attention
    assert alignment is not None
    with browser.open_page(pages["three"]) as visit:
        ready(visit)
        for target, source in np.ndindex(alignment.weights.shape):
            point(visit, alignment, target, source)
            assert said(visit).startswith(told(alignment, target, source))
            chance = 100 * np.exp(best.log_probs[target])
            assert said(visit).endswith(f": {chance:.1f} %")
        visit.page.mouse.move(0, 0)
        assert said(visit).startswith("Point at a cell")
        assert visit.page.locator(".heatmap-said").get_attribute("role") == "status"


def test_the_keyboard_walks_through_the_map(browser: Browser, pages: dict[str, Path]) -> None:
    alignment = three()[0].attention
    assert alignment is not None
    rows, columns = len(alignment.source), len(alignment.target)
    walks = [
        ([], (0, 0)), (["ArrowDown"], (0, 1)), (["ArrowRight"], (1, 1)), (["End"], (columns - 1, 1)),
        (["ArrowRight"], (columns - 1, 1)), (["Home"], (0, 1)), (["Control+End"], (columns - 1, rows - 1)),
        (["ArrowLeft", "ArrowUp"], (columns - 2, rows - 2)), (["PageUp", "ArrowDown"], (columns - 2, 0)),
        (["Control+Home"], (0, 0)),
    ]  # fmt: skip
    with browser.open_page(pages["three"]) as visit:
        ready(visit)
        for _ in range(30):
            visit.page.keyboard.press("Tab")
            if visit.page.evaluate("document.activeElement.className") == "heatmap-map":
                break
        for keys, (target, source) in walks:
            for key in keys:
                visit.page.keyboard.press(key)
            assert said(visit).startswith(told(alignment, target, source)), keys
        visit.page.keyboard.press("ArrowUp")  # onto the label of the output unit
        best = int(alignment.weights[0].argmax())
        assert said(visit).startswith(f"output “{alignment.target[0]}” (1 of {columns}) looked at input")
        assert f"“{labels.visible(alignment.source[best])}” {alignment.weights[0, best]:.3f}" in said(visit)
        assert "1.000 in all" in said(visit)
        for key in ("ArrowDown", "ArrowLeft"):  # onto the label of the input unit
            visit.page.keyboard.press(key)
        total = alignment.weights[:, 0].sum()
        assert said(visit).startswith(f"input “{alignment.source[0]}” (1 of {rows}) got {total:.3f} in all")


def test_totals_are_written_beside_the_map(browser: Browser, pages: dict[str, Path]) -> None:
    alignment = three()[0].attention
    assert alignment is not None
    with browser.open_page(pages["three"]) as visit:
        ready(visit)
        texts = visit.page.locator(".heatmap-map text").all_text_contents()
        totals = [f"{total:.1f}" for total in alignment.weights.sum(axis=0)]
        assert [text for text in texts if re.fullmatch(r"\d\.\d", text)] == totals
        assert {"input", "output", "got in all", "given: always 1", "probability"} <= set(texts)


LONG_TEXT = "The quick brown fox jumps over the lazy dog, again and again and again. " * 28


@pytest.fixture(scope="module")
def lengthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages with much to say above their maps: a long source with long outputs, and fifty short outputs."""
    folder = tmp_path_factory.mktemp("lengthy")
    rows = np.random.default_rng(0).dirichlet(np.ones(len(LONG_TEXT)), 50).astype(np.float32)
    map_of_it = Alignment(tuple(LONG_TEXT), ("x",) * 50, rows)
    written = {
        "long": render_maps([hypothesis(map_of_it, LONG_TEXT[at:]) for at in range(5)], title=LONG_TEXT),
        "fifty": render_maps([hypothesis(diagonal("3 May", f"05-{at:02}")) for at in range(50)], title="3 May"),
        "61 units": render(diagonal([f"s{at}" for at in range(61)], [f"t{at}" for at in range(61)])),
    }
    for name, page in written.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


@pytest.mark.parametrize(("width", "most"), [(1200, 460), (360, 640)])
@pytest.mark.parametrize("name", ["long", "fifty"])
def test_the_map_is_in_sight_however_much_stands_above_it(
    browser: Browser, lengthy: dict[str, Path], name: str, width: int, most: int
) -> None:
    with browser.open_page(lengthy[name], width=width) as visit:
        ready(visit)
        box = visit.page.locator(".heatmap-box").first.bounding_box()
        assert box is not None
        assert box["y"] < most
        last = visit.page.locator("input[name=hypothesis]").last
        last.check()  # it can be scrolled to
        assert last.is_checked()


def test_what_is_cut_can_be_read_whole(browser: Browser, lengthy: dict[str, Path]) -> None:
    with browser.open_page(lengthy["long"]) as visit:
        ready(visit)
        heading, button = visit.page.locator("#heading"), visit.page.locator("#whole")
        before = heading.evaluate("(heading) => heading.offsetHeight")
        button.click()
        assert heading.evaluate("(heading) => heading.offsetHeight") > 4 * before
        assert button.get_attribute("aria-expanded") == "true"
        assert " ".join(LONG_TEXT.split()) in " ".join(heading.inner_text().split())
        visit.page.locator("#choices label").nth(2).click()
        visit.page.wait_for_function(
            "() => document.querySelector('#heading bdi:last-child').textContent.startsWith('e q')"
        )
        assert heading.evaluate("(heading) => heading.offsetHeight") == before
        assert heading.locator("bdi").last.get_attribute("title") == " ".join(LONG_TEXT[2:].split())
        assert len(visit.page.title()) < 130
        assert visit.complaints == []


@pytest.mark.parametrize("sheet", ["A4", "Letter"])
@pytest.mark.parametrize("landscape", [False, True])
@pytest.mark.parametrize("name", ["long", "61 units"])
def test_the_map_is_on_the_first_sheet_of_paper(
    browser: Browser, lengthy: dict[str, Path], name: str, sheet: str, landscape: bool
) -> None:
    with browser.open_page(lengthy[name]) as visit:
        ready(visit)
        file = visit.page.pdf(format=sheet, landscape=landscape)
        sheets = re.findall(rb"<</Type /Page\n.*?>>\nendobj", file, re.DOTALL)
        assert [b"/XObject" in each for each in sheets] == [True, *[False] * (len(sheets) - 1)], "a canvas is an image"


def test_a_text_that_runs_from_right_to_left_stands_beside_its_button(browser: Browser, tmp_path: Path) -> None:
    found = [hypothesis(diagonal("abc", text), text) for text in ("שלום", "سلام", "abc")]
    with browser.open_page(written(tmp_path, found)) as visit:
        ready(visit)
        lefts = visit.page.locator(".text").evaluate_all(
            """(texts) => texts.map((text) => {
              const range = document.createRange();
              range.selectNodeContents(text);
              return range.getBoundingClientRect().left;
            })"""
        )
        assert len(lefts) == len(found)
        assert max(lefts) - min(lefts) <= 2


@pytest.mark.parametrize("name", ["three", "large", "picture", "none"])
def test_a_page_in_korean_has_no_english(browser: Browser, tmp_path: Path, name: str) -> None:
    numbers = [str(at) for at in range(700)]
    maps: dict[str, list[Hypothesis]] = {
        "three": [hypothesis(diagonal("12345", text), text) for text in ("678", "67", "7")],
        "large": [hypothesis(diagonal(numbers, numbers), "7")],
        "picture": [hypothesis(pictured(), "7")],
        "none": [Hypothesis("12", ("1", "2"), -0.5, -1.5, (-0.1, -1.0, -0.4), None)],
    }
    path = tmp_path / "page.html"
    path.write_text(render_maps(maps[name], title="12345", language="ko"), encoding="utf-8")
    everything = """() => {
      const found = [document.title, document.querySelector("main").innerText];
      for (const each of document.querySelectorAll("main *")) {
        found.push(each.getAttribute("aria-label") ?? "", each.getAttribute("title") ?? "");
        if (each.matches(".heatmap-map text")) found.push(each.textContent);
      }
      return found.join("\\n");
    }"""
    with browser.open_page(path) as visit:
        ready(visit)
        said_there = [visit.page.evaluate(everything)]
        if name != "none":
            for key in ("Home", "ArrowUp", "ArrowDown", "ArrowLeft", "Escape"):
                visit.page.locator(".heatmap-map").press(key)
                said_there.append(visit.page.evaluate(everything))
            with visit.page.expect_download():
                visit.page.get_by_role("button", name="지도를 SVG 형식으로 저장").click()
            said_there.append(visit.page.evaluate(everything))
        known = {"SVG", "PNG", "JSON", "MB", "Home", "End", "Enter", "attention", "svg", "w", "x", "y", "z"}
        assert set(re.findall("[A-Za-z]+", "\n".join(said_there))) <= known
        assert visit.page.locator("html").get_attribute("lang") == "ko"
        assert visit.complaints == []


def test_the_words_of_a_large_map_are_those_of_its_exact_weights(browser: Browser, tmp_path: Path) -> None:
    """Most of its weights are smaller than what the file keeps of a weight; all of them together are a third."""
    size, tail = 700, 0.0004
    weights = np.full((size, size), tail, dtype=np.float32)
    weights[:, 7] += 1 - tail * size
    path = tmp_path / "page.html"
    path.write_text(render(Alignment(("a",) * size, ("b",) * size, weights)), encoding="utf-8")
    row = weights[0].astype(np.float64)
    breadth = np.exp(-(row * np.log(row)).sum())
    with browser.open_page(path) as visit:
        ready(visit)
        words = visit.page.locator("#words").inner_text()
        assert f"looks at about {breadth:.1f} input units at once" in words
        assert f"got the most attention, {weights[:, 7].sum(dtype=np.float64):.2f} in all" in words
        assert "As JSON: 490,000 numbers, rounded to 5 decimals, about 4 MB" in visit.page.locator("#save").inner_text()


@pytest.mark.parametrize("way", ["click", "keyboard"])
def test_another_hypothesis_is_another_map(browser: Browser, pages: dict[str, Path], way: str) -> None:
    with browser.open_page(pages["three"]) as visit:
        ready(visit)
        for at, each in enumerate(three()[1:], start=1):
            if way == "click":
                visit.page.locator("#choices label").nth(at).click()
            else:
                visit.page.locator("input[name=hypothesis]").nth(at - 1).focus()
                visit.page.keyboard.press("ArrowDown")
            visit.page.wait_for_function("(text) => document.title.endsWith(`→ ${text}`)", arg=each.text)
            assert visit.page.locator("h1").inner_text() == f"3 May → {each.text}"
            alignment = each.attention
            assert alignment is not None
            assert visit.page.locator(".heatmap-map g").first.locator("rect").count() == alignment.weights.size
            point(visit, alignment, len(alignment.target) - 1, 2)
            assert said(visit).startswith(told(alignment, len(alignment.target) - 1, 2))
        assert visit.complaints == []


def test_light_and_dark_and_paper(browser: Browser, pages: dict[str, Path]) -> None:
    ground, card = (
        f"getComputedStyle(document.querySelector('{at}')).backgroundColor" for at in ("body", ".heatmap-box")
    )
    with browser.open_page(pages["three"]) as light, browser.open_page(pages["three"], scheme="dark") as dark:
        one, other = (ready(each).page.evaluate(ground) for each in (light, dark))
        assert one != other
        assert light.page.evaluate(card) == dark.page.evaluate(card)
        for visit, before, after in ((light, one, other), (dark, other, one)):
            for expected in (after, before):
                visit.page.locator("#scheme").click()
                assert visit.page.evaluate(ground) == expected
        dark.page.emulate_media(media="print", color_scheme="dark")
        assert dark.page.evaluate(ground) == one
        for hidden in ("#scheme", ".heatmap-save"):
            assert dark.page.locator(hidden).is_hidden()
        assert dark.page.pdf().startswith(b"%PDF")


def test_without_scripts_there_is_still_the_best_map(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open_page(pages["three"], script=False) as visit:
        assert visit.page.locator("#map svg[role=img]").is_visible()
        assert visit.page.locator("#choices label").count() == 3
        assert visit.complaints == []
    with browser.open_page(pages["large"], script=False) as visit:
        assert "a browser that runs scripts" in visit.page.locator("#map").inner_text()


def test_hostile_text_is_text(browser: Browser, tmp_path: Path) -> None:
    alignment = diagonal(HOSTILE, HOSTILE[::-1])
    path = written(tmp_path, [hypothesis(alignment, text) for text in HOSTILE])
    with browser.open_page(path) as visit:
        visit.page.on("dialog", lambda dialog: visit.complaints.append(dialog.message))
        ready(visit)
        for at in range(len(HOSTILE)):
            visit.page.locator("input[name=hypothesis]").nth(at).check()
            point(visit, alignment, at, at)
            assert said(visit).startswith(told(alignment, at, at))
        assert visit.page.evaluate("document.querySelectorAll('main img, main script, main b').length") == 0
        assert visit.requests == [path.as_uri()]
        assert visit.complaints == []


def test_every_script_has_its_labels(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open_page(pages["scripts"]) as visit:
        ready(visit)
        texts = visit.page.locator(".heatmap-map text").all_text_contents()
        assert all(texts.count(labels.visible(unit)) == 2 for unit in SCRIPTS)
        hebrew = visit.page.locator(".heatmap-map text", has_text="שלום").first
        assert hebrew.get_attribute("direction") == "rtl"
        # Right-to-left or not, a label of an input unit ends where its row begins.
        ends = [
            visit.page.locator(".heatmap-map text", has_text=text).first.evaluate(
                "(text) => text.getBoundingClientRect().right"
            )
            for text in ("שלום", "한", "tʃʰ")
        ]
        assert max(ends) - min(ends) <= 2


# ---- large maps -----------------------------------------------------------------------------------------------------


def bright(visit: Visit) -> list[list[float]]:
    """The upper left corners of patches of the map in the colour of nine tenths, in dots of the canvas."""
    return visit.page.evaluate(
        """() => {
          const canvas = document.querySelector(".heatmap-map canvas"), { width, height } = canvas;
          const copy = Object.assign(document.createElement("canvas"), { width, height });
          const pen = copy.getContext("2d", { willReadFrequently: true });
          pen.drawImage(canvas, 0, 0);
          const dots = pen.getImageData(0, 0, width, height).data;
          const found = [];
          for (let y = 0; y < height - 60; y++) for (let x = 0; x < width; x++) {
            const at = 4 * (y * width + x);
            const lit = (at) => dots[at] > 240 && dots[at + 1] > 190 && dots[at + 1] < 245 && dots[at + 2] < 190;
            if (lit(at) && !lit(at - 4) && !lit(at - 4 * width)) found.push([x, y]);
          }
          return found;
        }"""
    )


def named(visit: Visit) -> tuple[str, int, int]:
    """The weight, the output unit and the input unit that the read-out names."""
    found = re.match(r"(\S+) output “t(\d+)” \(\d+ of 2000\) looked at input “s(\d+)”", said(visit))
    assert found, said(visit)
    return found[1], int(found[2]), int(found[3])


def test_a_large_map_shows_its_bright_cells_where_they_are(browser: Browser, pages: dict[str, Path]) -> None:
    where = deck(SIZE)
    with browser.open_page(pages["large"]) as visit:
        ready(visit)
        assert visit.page.evaluate("document.querySelectorAll('*').length") < 200
        spots = bright(visit)
        assert len(spots) > 1000
        canvas = visit.page.locator(".heatmap-map canvas")
        for x, y in spots[::97]:
            canvas.hover(position={"x": x + 0.5, "y": y + 0.5})
            _, target, source = named(visit)
            # A dot stands for several cells here, and shines for the brightest.
            assert any(abs(where[near] - source) <= 4 for near in range(max(0, target - 4), min(SIZE, target + 5)))
        for x, y in spots[:: len(spots) // 3]:
            visit.page.get_by_role("button", name="Whole map").click()
            canvas.hover(position={"x": x + 0.5, "y": y + 0.5})
            for _ in range(25):  # as near as can be
                visit.page.mouse.wheel(0, -120)
            visit.page.wait_for_timeout(200)
            near = bright(visit)
            assert 1 <= len(near) < 30
            for left, top in near:
                canvas.hover(position={"x": left + 3, "y": top + 3})
                weight, target, source = named(visit)
                assert (weight, source) == ("0.900", where[target])
        assert visit.complaints == []


def test_a_large_map_is_walked_zoomed_and_dragged(browser: Browser, pages: dict[str, Path]) -> None:
    weights = large(SIZE).weights
    picture = "document.querySelector('.heatmap-map canvas').toDataURL()"
    with browser.open_page(pages["large"]) as visit:
        ready(visit)
        view = visit.page.locator(".heatmap-map")
        view.focus()
        for keys, cell in (
            (["Control+End"], (1999, 1999)),
            (["Home", "ArrowRight"], (1, 1999)),
            (["PageUp"], (1, 1989)),
        ):
            for key in keys:
                visit.page.keyboard.press(key)
            weight, target, source = named(visit)
            assert (target, source) == cell
            assert weight == f"{weights[cell]:.3f}"
        for _ in range(20):
            visit.page.keyboard.press("+")
        assert named(visit)[1:] == (1, 1989)
        visit.page.keyboard.press("0")
        visit.page.keyboard.press("Escape")
        whole = visit.page.evaluate(picture)
        box = view.bounding_box()
        assert box is not None
        middle = round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)
        visit.page.mouse.move(*middle)
        _, *before = named(visit)
        for _ in range(15):
            visit.page.mouse.wheel(0, -120)
        visit.page.wait_for_timeout(100)
        _, *after = named(visit)
        assert max(abs(one - other) for one, other in zip(before, after, strict=True)) <= 4, "it zooms to the pointer"
        visit.page.mouse.down()
        visit.page.mouse.move(middle[0] - 100, middle[1] - 60, steps=4)
        visit.page.mouse.up()
        visit.page.mouse.move(middle[0] - 99, middle[1] - 60)
        _, *dragged = named(visit)
        assert max(abs(one - other) for one, other in zip(dragged, after, strict=True)) <= 1, "the cell goes along"
        visit.page.get_by_role("button", name="Whole map").click()
        visit.page.mouse.move(0, 0)
        assert visit.page.evaluate(picture) == whole
        assert visit.complaints == []


def test_two_fingers_pinch_a_large_map(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open_page(pages["large"]) as visit:
        ready(visit)
        canvas = visit.page.locator(".heatmap-map canvas")
        box = canvas.bounding_box()
        assert box is not None
        middle = round(box["x"] + box["width"] / 2), round(box["y"] + 300)
        visit.page.mouse.move(*middle)
        _, *before = named(visit)
        scrolled = visit.page.evaluate("scrollY")
        hand = visit.page.context.new_cdp_session(visit.page)

        def touch(kind: str, *across: int) -> None:
            points = [{"x": middle[0] + each, "y": middle[1] + each // 2, "id": at} for at, each in enumerate(across)]
            hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", -10)
        touch("touchStart", -10, 10)
        for reach in range(20, 220, 20):
            touch("touchMove", -reach, reach)
        touch("touchEnd")
        visit.page.mouse.move(middle[0] + 1, middle[1])
        visit.page.mouse.move(*middle)
        _, *after = named(visit)
        assert max(abs(one - other) for one, other in zip(before, after, strict=True)) <= 8, (
            "it zooms between the fingers"
        )
        visit.page.mouse.move(middle[0] + 40, middle[1])
        _, *beside = named(visit)
        assert 2 <= beside[0] - after[0] <= 12, "40 dots are about a hundred units on the whole map"
        assert visit.page.evaluate("scrollY") == scrolled
        assert visit.complaints == []


# ---- pictures -------------------------------------------------------------------------------------------------------


def light(visit: Visit, alignment: Alignment) -> list[float]:
    """How much of the colour of attention there is in every box of the picture: red beyond blue and green."""
    assert alignment.scene is not None
    return visit.page.evaluate(
        """(boxes) => {
          const canvas = document.querySelector(".heatmap-scene canvas"), { width, height } = canvas;
          const dots = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          return boxes.map(([left, top, right, bottom]) => {
            let sum = 0, count = 0;
            for (let x = Math.ceil(left * width); x < right * width; x++) for (let y = 0; y < height; y++, count++) {
              const at = 4 * (y * width + x);
              sum += Math.max(dots[at] - dots[at + 2], 0);
            }
            return sum / count;
          });
        }""",
        alignment.scene.boxes.tolist(),
    )


def test_the_picture_is_lit_where_an_output_unit_looked(browser: Browser, pages: dict[str, Path]) -> None:
    alignment = pictured()
    with browser.open_page(pages["picture"]) as visit:
        ready(visit)
        visit.page.locator(".heatmap-scene canvas").wait_for()
        unlit = visit.page.evaluate("document.querySelector('.heatmap-scene canvas').toDataURL()")
        assert "all output units together" in visit.page.locator("figcaption").inner_text()
        for target, where in enumerate(alignment.weights.argmax(axis=1).tolist()):
            point(visit, alignment, target, where)
            lit = light(visit, alignment)
            assert int(np.argmax(lit)) == where
            assert f"Where output “{alignment.target[target]}” looked." in visit.page.locator("figcaption").inner_text()
        visit.page.mouse.move(0, 0)
        assert visit.page.evaluate("document.querySelector('.heatmap-scene canvas').toDataURL()") == unlit


def test_a_picture_stays_when_another_hypothesis_looks_at_it(browser: Browser, tmp_path: Path) -> None:
    sure = pictured()
    halved = Alignment(sure.source, sure.target, np.float32(0.5) * sure.weights + np.float32(0.5 / 8), sure.scene)
    with browser.open_page(written(tmp_path, [hypothesis(sure, "sure"), hypothesis(halved, "halved")])) as visit:
        ready(visit)
        caption = visit.page.locator("figcaption")
        for at, each in enumerate((sure, halved)):
            visit.page.locator("input[name=hypothesis]").nth(at).check()
            visit.page.wait_for_function("(text) => document.title.endsWith(text)", arg=("sure", "halved")[at])
            point(visit, each, 1, 2)
            assert caption.inner_text().endswith(f"Full light is {float(f'{each.weights.max():.2g}'):g}.")
            assert int(np.argmax(light(visit, each))) == 2


def test_a_position_has_its_box_and_a_place_its_position(browser: Browser, pages: dict[str, Path]) -> None:
    alignment = pictured()
    framed = """(share) => {
      const canvas = document.querySelector(".heatmap-scene canvas"), { width, height } = canvas;
      const dots = canvas.getContext("2d").getImageData(0, 0, width, height).data;
      const at = 4 * (Math.floor(height / 2) * width + Math.floor(share * width) + 1);
      return dots[at] + dots[at + 1] + dots[at + 2];
    }"""
    with browser.open_page(pages["picture"]) as visit:
        ready(visit)
        canvas = visit.page.locator(".heatmap-scene canvas")
        canvas.wait_for()
        for source in (1, 6):
            visit.page.locator(".heatmap-map text", has_text=f"{4 * source}-{4 * source + 3}").first.hover()
            assert said(visit).startswith(f"input “{4 * source}-{4 * source + 3}” ({source + 1} of 8) got")
            assert visit.page.evaluate(framed, source / 8) == 3 * 255, "the left side of its box is white"
        box = canvas.bounding_box()
        assert box is not None
        assert alignment.scene is not None
        for source, (left, _, right, _) in enumerate(alignment.scene.boxes.tolist()):
            canvas.hover(position={"x": (left + right) / 2 * box["width"], "y": box["height"] / 2})
            assert said(visit).startswith(f"input “{4 * source}-{4 * source + 3}”")


# ---- copies ---------------------------------------------------------------------------------------------------------


def clipboard(visit: Visit) -> str:
    return visit.page.evaluate("navigator.clipboard.readText()")


def copied(visit: Visit, kind: str) -> str:
    visit.page.get_by_role("button", name=f"Copy the map as {kind}").click()
    visit.page.locator(".heatmap-done", has_text=f"{kind} copied").wait_for()
    return clipboard(visit)


@pytest.mark.parametrize("name", ["three", "picture", "sixty", "scripts"])
def test_what_is_copied_is_whole(browser: Browser, pages: dict[str, Path], name: str) -> None:
    found: dict[str, Alignment | None] = {
        "three": three()[0].attention,
        "picture": pictured(),
        "scripts": diagonal(SCRIPTS, SCRIPTS[::-1]),
        "sixty": diagonal([f"s{at}" for at in range(60)], [f"t{at}" for at in range(60)]),
    }
    alignment = found[name]
    assert alignment is not None
    with browser.open_page(pages[name], allowed=CLIPBOARD) as visit:
        ready(visit)
        assert json.loads(copied(visit, "JSON")) == json.loads(numbers.render(alignment))
        drawing = ElementTree.fromstring(copied(visit, "SVG"))
        assert drawing.tag == f"{SVG}svg"
        titled = [rect for rect in drawing.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
        assert len(titled) == alignment.weights.size
        notes = [rect.findtext(f"{SVG}title", "").rpartition(": ")[2] for rect in titled]
        assert notes == [f"{weight:.3f}" for weight in alignment.weights.ravel()]
        assert drawing.findtext(f"{SVG}title")
        assert not {each.tag for each in drawing.iter()} & {f"{SVG}script", f"{SVG}style", f"{SVG}foreignObject"}
        assert visit.complaints == []


def downloaded(visit: Visit, label: str) -> tuple[str, bytes]:
    with visit.page.expect_download() as waiting:
        visit.page.get_by_role("button", name=label).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize("name", ["three", "large"])
def test_what_is_saved_is_a_file(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with browser.open_page(pages[name]) as visit:
        ready(visit)
        for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG\r\n\x1a\n"), ("JSON", b'{"source":')):
            file, content = downloaded(visit, f"Save the map as {kind}")
            assert file == f"attention.{kind.lower()}"
            assert content.startswith(begins)
            assert f"attention.{kind.lower()} saved" in visit.page.locator(".heatmap-done").inner_text()
            if kind == "SVG":
                ElementTree.fromstring(content)
            if kind == "JSON" and name == "large":
                record: dict[str, Any] = json.loads(content)
                rows = [record["weights"][at] for at in (0, 7, 1999)]
                exact = large(SIZE).weights[[0, 7, 1999]]
                np.testing.assert_allclose(rows, exact, atol=1.01e-5)
                np.testing.assert_allclose(np.sum(rows, axis=1), exact.sum(axis=1, dtype=np.float64), atol=5e-5)
                assert len(content) < 45e6
        assert visit.complaints == []


def test_a_clipboard_that_is_closed_is_a_file_too(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open_page(pages["three"]) as visit:
        ready(visit)
        visit.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        file, content = downloaded(visit, "Copy the map as SVG")
        assert (file, content[:4]) == ("attention.svg", b"<svg")
        assert "attention.svg was saved" in visit.page.locator(".heatmap-done").inner_text()


def test_a_model_without_attention_shows_what_it_has(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open_page(pages["none"]) as visit:
        ready(visit)
        text = visit.page.locator(".heatmap-none").inner_text()
        assert "This model has no attention" in text
        shares = re.findall(r"\d+\.\d %", text)
        assert shares == [f"{100 * np.exp(each):.1f} %" for each in unattending().log_probs[:2]]
        assert visit.page.locator(".heatmap-save").count() == 0
