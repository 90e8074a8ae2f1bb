import base64
import hashlib
import html as escapes
import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from heedful.errors import SettingsError
from heedful.inspection.html import FURNITURE, SIGNS, render_page
from heedful.inspection.page import Figure, Page, Section, Table, Verdict
from heedful.inspection.palette import DARK, LIGHT, SERIES
from tests.inspection.sample_page import HOSTILE, english, korean

VOID = {"meta", "link", "input"}
PAGES = {"English": english(), "Korean": korean()}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


class Tree(HTMLParser):
    """What a file holds, and whether every element that begins also ends, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Page:
    return PAGES[request.param]


def _one(**parts: object) -> str:
    """The file of a page with one section."""
    return render_page(Page("t", (), (Section("s", "h", **parts),)))  # type: ignore[arg-type]


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_a_file_is_well_formed_and_always_the_same(page: Page) -> None:
    file = render_page(page)
    assert file.startswith("<!DOCTYPE html>\n")
    file.encode()
    assert file == render_page(page)
    Tree(file)


def test_everything_that_the_page_says_is_there(page: Page) -> None:
    tree = Tree(render_page(page))
    paragraphs, cells = tree.texts["p"], tree.texts["td"]
    for section in page.sections:
        assert section.heading in tree.texts["h2"]
        assert set(section.text) <= set(paragraphs)
        assert any(section.claim in cell for cell in [*cells, *paragraphs])
        assert section.verdict is not None
        assert tree.texts["span"].count(section.verdict.text) == 2  # in the overview, and in its section
        assert {figure.caption for figure in section.figures} <= set(tree.texts["figcaption"])
        assert set(section.code) <= set(tree.texts.get("code", []))
    figures = [figure for section in page.sections for figure in section.figures]
    assert len(tree.all("figure")) == len(figures)


def test_every_cell_is_there_and_numbers_keep_their_value() -> None:
    table = Table(("name", "n", "x"), (("a", 1, 2.25), ("나", None, -0.04), ("c", 25_000, float("nan"))), digits=1)
    file = _one(tables=(table,))
    tree = Tree(file)
    assert tree.texts["td"] == ["a", "1", "2.2", "나", "–", "0.0", "c", "25,000", "nan"]
    assert re.findall(r'data-value="([^"]*)"', file) == ["1", "2.25", "-0.04", "25000"]
    assert file.count("data-none") == 2
    assert _one(tables=(Table(("x",), ((-3.0,),)),)).count("−3.0") == 1


def test_columns_of_numbers_stand_at_the_right_and_columns_with_words_do_not() -> None:
    file = _one(tables=(Table(("a", "b", "c", "d"), ((1, "x", None, 1.5), (None, 2, None, 2.5))),))
    kinds = [attributes.get("class") for attributes in Tree(file).all("th")]
    assert kinds == ["number", None, None, "number"]


def test_a_table_can_be_sorted_by_every_column(page: Page) -> None:
    file = render_page(page)
    tree = Tree(file)
    columns = sum(len(table.head) for section in page.sections for table in section.tables)
    assert [each["aria-sort"] for each in tree.all("th") if "aria-sort" in each] == ["none"] * columns
    assert [each["type"] for each in tree.all("button")] == ["button"] * columns
    assert all("disabled" in each for each in tree.all("button")), "without a script a button does nothing"


def test_text_is_only_text_wherever_it_stands() -> None:
    verdict = Verdict("holds", HOSTILE)
    tables = (Table((HOSTILE,), ((HOSTILE,),), HOSTILE),)
    section = Section("n&\"'<>", HOSTILE, HOSTILE, verdict, (HOSTILE,), (Figure(SVG, HOSTILE),), tables, (HOSTILE,))
    sections = (section, Section("other", HOSTILE))
    file = render_page(Page(HOSTILE, (HOSTILE,), sections, footer=HOSTILE))
    tree = Tree(file)
    assert len(tree.all("script")) == 1
    assert len(tree.all("style")) == 1
    shown = HOSTILE.replace("\x00", "\\x00").replace("\ud800", "\\ud800").replace("\u202e", "\\u202e")
    for tag in ("title", "h1", "h2", "p", "figcaption", "caption", "button", "code", "td", "a", "footer"):
        assert shown in tree.texts[tag], tag
    names = {unquote(each["href"][1:]) for each in tree.all("a")}
    assert names == {each["id"] for each in tree.all("section")} == {"n&\"'<>", "other"}


def test_nothing_is_fetched(page: Page) -> None:
    file = render_page(page)
    assert set(re.findall(r"https?:[^\s\"'<>]*", file)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\burl\(|@import|\bsrc=|\bon\w+=\"", file)
    for _, attributes in Tree(file).found:
        address = attributes.get("href", "#")
        assert address.startswith("#") or address == "data:,"


def test_only_the_pages_own_script_may_run(page: Page) -> None:
    file = render_page(page)
    policy = next(each["content"] for each in Tree(file).all("meta") if "http-equiv" in each)
    (script,) = re.findall(r"<script>(.*?)</script>", file, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = {name: value for name, _, value in (rule.strip().partition(" ") for rule in policy.split(";"))}
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert (rules["default-src"], rules["base-uri"], rules["form-action"]) == ("'none'",) * 3


def test_identifiers_are_there_once_and_every_link_leads_somewhere(page: Page) -> None:
    tree = Tree(render_page(page))
    identifiers = Counter(attributes["id"] for _, attributes in tree.found if "id" in attributes)
    assert set(identifiers.values()) == {1}
    assert {unquote(each["href"][1:]) for each in tree.all("a")} <= set(identifiers)


def test_the_pages_own_words_are_in_its_language() -> None:
    assert FURNITURE["en"].keys() == FURNITURE["ko"].keys()
    for language, page in (("en", english()), ("ko", korean())):
        file = render_page(page)
        tree = Tree(file)
        assert tree.all("html") == [{"lang": language}]
        shown = {*tree.texts["h2"], *tree.texts["h3"], *tree.texts["th"]}
        bare = Tree(render_page(Page("t", (), (Section("a", "A"), Section("b", "B")), language)))
        assert set(FURNITURE[language].values()) <= shown | {*bare.texts["h2"]}


def test_another_language_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match=r"en, ko.*'xx'"):
        render_page(Page("t", (), (), "xx"))


def test_verdicts_differ_without_their_colours() -> None:
    signs = {re.sub(r'"(currentColor|var\([^)]*\))"', "", sign) for sign in SIGNS.values()}
    assert len(signs) == len(SIGNS) == 3
    badges = {kind: _one(verdict=Verdict(kind, "the text")) for kind in SIGNS}  # type: ignore[arg-type]
    assert all(sign in badges[kind] for kind, sign in SIGNS.items())


@pytest.mark.parametrize(
    "prolog", ["", "\n", '<?xml version="1.0"?>\n', '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "a" "b">\n']
)
def test_a_figure_may_begin_like_a_file(prolog: str) -> None:
    file = _one(figures=(Figure(prolog + SVG, "c"),))
    assert file.count(SVG) == 1
    assert "<?xml" not in file
    assert file.count("<!DOCTYPE") == 1


def test_what_is_no_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="<svg>"):
        _one(figures=(Figure("<p>", "c"),))


@pytest.mark.parametrize("names", [("a", "a"), ("",), ("a b",)])
def test_a_section_has_a_name_of_its_own(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        Page("t", (), tuple(Section(name, "h") for name in names))


def test_a_row_has_a_cell_for_every_head() -> None:
    with pytest.raises(ValueError, match="row 1"):
        Table(("a", "b"), ((1, 2), (3,)))


def test_without_verdicts_there_is_no_overview() -> None:
    assert "<table" not in _one(text=("only text",))


def test_code_keeps_its_lines_and_blanks() -> None:
    code = "a = 1\n\n    b = 2\t<c>"
    assert f"<code>{escapes.escape(code)}</code>" in _one(code=(code,))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_their_ground(colours: dict[str, str]) -> None:
    for name in ("ink", "quiet", "link", "good", "bad", "open"):
        assert _contrast(colours[name], colours["paper"]) >= 4.5, name
    for name in SERIES:
        assert _contrast(colours[name], colours["paper"]) >= 3, name


def test_light_and_dark_name_the_same_colours_and_each_colour_has_one_name() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert len(set(LIGHT.values())) == len(LIGHT)
