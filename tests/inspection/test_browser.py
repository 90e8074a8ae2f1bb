"""Pages in a real browser, with the network cut. ``tests.browsing`` opens them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from heedful.inspection.html import render_page
from tests.browsing import Browser, Visit, browsing
from tests.inspection.sample_page import english, korean

PAGES = {"English": english, "Korean": korean}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture(scope="module", params=PAGES)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(render_page(PAGES[request.param]()), encoding="utf-8")
    return file


def _column(visit: Visit, at: int) -> list[str]:
    return visit.page.locator(f"table.sortable >> nth=0 >> tbody tr td:nth-child({at})").all_inner_texts()


def _background(visit: Visit) -> str:
    return visit.page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.mark.parametrize("width", [320, 375, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_asks_for_nothing_complains_of_nothing_and_shows_everything(
    browser: Browser, path: Path, width: int, scheme: str
) -> None:
    with browser.open_page(path, width=width, scheme=scheme) as visit:  # type: ignore[arg-type]
        assert visit.requests == [path.as_uri()]
        assert visit.complaints == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
        figures = visit.page.locator("figure svg[role=img]").all()
        assert figures
        for figure in figures:
            assert figure.is_visible()
            box = figure.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) > 60


def test_a_page_stays_as_it_is_without_its_script(browser: Browser, path: Path) -> None:
    with browser.open_page(path, script=False) as visit:
        assert visit.page.locator("table.sortable td").first.is_visible()
        assert visit.page.locator("th button:enabled").count() == 0
        assert visit.complaints == []


@pytest.mark.parametrize("way", ["click", "keyboard"])
def test_a_column_of_numbers_is_sorted_up_down_and_as_it_was(browser: Browser, path: Path, way: str) -> None:
    with browser.open_page(path) as visit:
        head = visit.page.locator("table.sortable >> nth=0 >> th.number >> nth=-1")
        at = 1 + head.evaluate("(head) => head.cellIndex")
        given = _column(visit, at)
        numbers = sorted(float(text.replace("−", "-")) for text in given if text != "–")
        for order in ("ascending", "descending", "none"):
            button = head.locator("button")
            if way == "click":
                button.click()
            else:
                button.focus()
                visit.page.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == order
            found = _column(visit, at)
            known = [float(text.replace("−", "-")) for text in found if text != "–"]
            expected = {"ascending": numbers, "descending": numbers[::-1]}.get(order)
            assert known == expected or found == given
            assert order == "none" or found[: len(known)] == [text for text in found if text != "–"], (
                "the empty are last"
            )
        assert _column(visit, at) == given
        assert visit.complaints == []


def test_words_are_sorted_too(browser: Browser, path: Path) -> None:
    with browser.open_page(path) as visit:
        visit.page.locator("table.sortable >> nth=0 >> th button >> nth=0").click()
        words = _column(visit, 1)
        assert words == sorted(words)


def test_the_tab_key_reaches_every_button(browser: Browser, path: Path) -> None:
    with browser.open_page(path) as visit:
        focused = set()
        for _ in range(60):
            visit.page.keyboard.press("Tab")
            focused.add(visit.page.evaluate("document.activeElement.closest('th')?.innerText.trim() ?? ''"))
        heads = visit.page.locator("table.sortable th").all_inner_texts()
        assert {head.strip() for head in heads} <= focused


def test_dark_is_dark_and_paper_is_light(browser: Browser, path: Path) -> None:
    with browser.open_page(path, scheme="light") as light, browser.open_page(path, scheme="dark") as dark:
        assert _background(light) != _background(dark)
        line = "getComputedStyle(document.querySelector('figure path[stroke^=\"var(--series-1\"]')).stroke"
        assert light.page.evaluate(line) != dark.page.evaluate(line)
        dark.page.emulate_media(media="print", color_scheme="dark")
        assert _background(dark) == _background(light)
        assert dark.page.evaluate(line) == light.page.evaluate(line)
        assert dark.page.locator("nav").is_hidden()
        assert dark.page.pdf().startswith(b"%PDF")


def test_links_lead_to_their_section(browser: Browser, path: Path) -> None:
    with browser.open_page(path) as visit:
        for link in visit.page.locator("main a").all():
            link.click()
            assert visit.page.evaluate("document.querySelector(':target')?.tagName") == "SECTION"


def test_what_a_page_should_not_do_is_seen(browser: Browser, tmp_path: Path) -> None:
    """The browser has eyes: a page that fetches, fails and is too wide does not pass for one that does not."""
    file = tmp_path / "bad.html"
    body = '<img src="https://example.invalid/x.png"><div style="width:9000px">wide</div><script>nothing()</script>'
    file.write_text(f"<!DOCTYPE html><title>t</title>{body}", encoding="utf-8")
    with browser.open_page(file) as visit:
        assert "https://example.invalid/x.png" in visit.requests
        assert any("nothing is not defined" in complaint for complaint in visit.complaints)
        assert visit.page.evaluate("document.documentElement.scrollWidth") > 1200
