"""The page of maps as a file: what it holds, and that nothing in it is anything but text."""

import base64
import hashlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.errors import SettingsError
from heedful.inspection import web
from heedful.inspection.brightness import ANCHORS
from heedful.inspection.map_page import LONG, MOST_TITLED, percent, render, render_maps
from heedful.inspection.map_words import WORDS
from heedful.results import Alignment, Hypothesis
from tests.inspection.alignments import diagonal
from tests.inspection.sample_maps import HOSTILE, hypothesis, kept, pictured, three, unattending
from tests.inspection.test_html import Tree


@given(
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec=None), max_size=6)), max_size=4), st.text()
)
def test_whatever_the_units_are_they_come_back_and_end_no_element(units: list[str], title: str) -> None:
    weights = np.full((len(units), len(units)), 0.5, dtype=np.float32)
    page = render(Alignment(tuple(units), tuple(units), weights), title=title)
    page.encode()
    data = kept(page)
    assert data["hypotheses"][0]["source"] == units
    assert data["hypotheses"][0]["target"] == units
    tree = Tree(page)
    assert [each.get("type") for each in tree.all("script")] == ["application/json", "module"]
    assert not tree.all("img")
    assert not [name for _, attributes in tree.found for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_output_is_only_text(text: str) -> None:
    page = render_maps([hypothesis(diagonal("ab", "xy"), text), hypothesis(diagonal("ab", "z"), text)], title=text)
    page.encode()
    assert page.count("<script") == 2
    assert "<img" not in page
    assert len(Tree(page).all("input")) == 2


def test_only_its_own_script_and_style_may_work() -> None:
    page = render(diagonal("ab", "xy"))
    (policy,) = [each["content"] for each in Tree(page).all("meta") if "http-equiv" in each]
    for kind, element in (
        ("script-src", r'<script type="module">(.*?)</script>'),
        ("style-src", "<style>(.*?)</style>"),
    ):
        (text,) = re.findall(element, page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "http:" not in re.sub(r"http://www\.w3\.org/2000/svg", "", page)
    assert "https:" not in page


def test_every_hypothesis_can_be_chosen_and_the_best_is() -> None:
    found = three()
    page = render_maps(found, title="3 May")
    tree = Tree(page)
    assert [("checked" in each) for each in tree.all("input")] == [True, False, False]
    for each in found:
        assert f">{each.text}</bdi>" in page
    assert "score −0.1000 · " in page
    data = kept(page)["hypotheses"]
    assert [each["heading"] for each in data] == [["3 May", each.text] for each in found]
    for record, each in zip(data, found, strict=True):
        np.testing.assert_allclose(record["probabilities"], np.exp(each.log_probs))


def test_one_alone_is_no_choice() -> None:
    assert "<input" not in render(diagonal("ab", "xy"))
    page = render_maps(three()[:1])
    assert "<input" not in page
    assert "score −0.1000 · " in page


def test_a_picture_is_there_once_however_many_look_at_it() -> None:
    one, other = pictured(), pictured()
    data = kept(render_maps([hypothesis(one, "a"), hypothesis(other, "b")]))
    assert len(data["pictures"]) == 1
    assert data["pictures"][0].startswith("data:image/png;base64,")
    assert [each["picture"] for each in data["hypotheses"]] == [0, 0]
    assert one.scene is not None
    np.testing.assert_array_equal(np.array(data["hypotheses"][0]["boxes"], dtype=np.float32), one.scene.boxes)


def test_without_attention_it_says_so() -> None:
    page = render_maps([unattending()], title="source")
    assert WORDS["en"]["none"] in page
    (record,) = kept(page)["hypotheses"]
    assert record["weights"] is None
    assert record["target"] == ["a", "b"]


def test_a_page_of_nothing() -> None:
    with pytest.raises(ValueError, match="no hypotheses"):
        render_maps([])


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1, "100 %"),
        (0.9999, "100 %"),
        (0.5, "50.0 %"),
        (0.0123, "1.2 %"),
        (0.00123, "0.12 %"),
        (2e-6, "0.0002 %"),
        (1e-9, "under 0.0001 %"),
        (0, "0 %"),
    ],
)
def test_a_share_as_people_read_it(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize("language", WORDS)
def test_it_speaks_a_language(language: str) -> None:
    page = render_maps(three(), title="3 May", language=language)
    assert f'<html lang="{language}">' in page
    said = [text for name, text in WORDS[language].items() if name not in ("attention", "none", "scripts", "little")]
    assert [text for text in said if text not in page] == []
    others = [text for each, words in WORDS.items() if each != language for text in words.values() if len(text) > 9]
    assert not [text for text in others if text in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)]


def test_every_language_says_everything() -> None:
    assert len({tuple(words) for words in WORDS.values()}) == 1


def test_a_language_that_it_does_not_speak() -> None:
    with pytest.raises(SettingsError, match="speaks en, ko; found language 'fr'"):
        render(diagonal("ab", "xy"), language="fr")


def test_long_texts_are_cut_where_they_stand_and_whole_where_they_are_asked_for() -> None:
    source, output = "a very long source " * 100, "an output that is too long " * 80
    tree = Tree(render_maps([hypothesis(diagonal("ab", "xy"), output)] * 2, title=source))
    parts = [each for each in tree.all("bdi") if each.get("class") == "long"]
    assert [each["title"] for each in parts] == [source.strip(), output.strip()]
    assert [each["title"] for each in tree.all("label")] == [output, output]
    short = Tree(render_maps(three(), title="3 May"))
    assert not [each for each in (*short.all("bdi"), *short.all("label")) if "title" in each]
    title = re.search("<title>(.*?)</title>", render_maps([hypothesis(diagonal("ab", "xy"), output)], title=source))
    assert title
    assert [len(part) for part in title[1].split(" → ")] == [MOST_TITLED, MOST_TITLED]
    assert f"LONG_TEXT = {LONG};" in web.read("map_page.js")
    assert f"MOST_TITLED = {MOST_TITLED};" in web.read("map_page.js")


@pytest.mark.parametrize(("text", "seen"), [("", "∅"), ("  ", "␣␣"), (" a ", "a")])
def test_an_output_of_nothing_is_something_to_see(text: str, seen: str) -> None:
    empty = Alignment(("a", "b"), (), np.zeros((0, 2), dtype=np.float32))
    page = render_maps([Hypothesis(text, (), 0.0, -0.5, (-0.5,), empty), *three()], title="ab")
    assert f"<title>ab → {seen}</title>" in page
    assert f"<bdi>ab</bdi> → <bdi>{seen}</bdi></h1>" in page
    assert f'<bdi class="text">{seen if text.strip() == "" else text}</bdi>' in page


def test_modules_become_one_script_without_imports() -> None:
    script = web.script("map_page.js")
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    for path in web.FOLDER.glob("*.js"):
        assert script.count(path.read_text(encoding="utf-8").splitlines()[-2]) >= 1, path.name
    declared = re.findall(r"^(?:async )?(?:function|class) (\w+)", script, re.MULTILINE)
    for line in re.findall(r"^(?:const|let) (.*)", script, re.MULTILINE):
        declared += re.findall(r"(?:^|, )(\w+) (?==[^=>])", line)
    assert [name for name in declared if declared.count(name) > 1] == []


def test_the_colours_are_those_of_every_map() -> None:
    assert " ".join(re.findall("......", ANCHORS.hex())) in web.read("map_colours.js")
