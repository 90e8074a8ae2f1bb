"""The page of maps as a file: what it holds, and that nothing in it is anything but text."""

import base64
import hashlib
import re
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from heedful.inspection import map_page, web
from heedful.inspection.brightness import ANCHORS
from heedful.inspection.map_page import MOST_EXACT, STEPS, packed, percent, render, render_maps
from heedful.results import Alignment
from tests.inspection.alignments import diagonal
from tests.inspection.sample_maps import HOSTILE, hypothesis, kept, pictured, three, unattending
from tests.inspection.test_html import Tree


def unpacked(weights: dict[str, str]) -> NDArray[np.float64]:
    """The weights as the page's script reads them."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(weights["data"])), dtype=np.uint8)
    size, kind = (4, "<f4") if weights["kind"] == "float32" else (2, "<u2")
    numbers = np.ascontiguousarray(planes.reshape(size, -1).T).view(kind).ravel()
    exact = numbers.astype(np.float64)
    return exact if size == 4 else np.where(numbers > 0, (exact - 0.5) / STEPS, 0.0)


def test_weights_come_back_as_they_went() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(60), 60).astype(np.float32)
    assert np.array_equal(unpacked(packed(weights)), weights.ravel())


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20))
def test_a_large_map_keeps_three_decimals_and_nothing_stays_nothing(numbers: list[float]) -> None:
    weights = np.zeros((1, MOST_EXACT + 1), dtype=np.float32)
    weights[0, : len(numbers)] = numbers
    found = packed(weights)
    assert found["kind"] == "steps"
    read = unpacked(found)[: len(numbers)]
    halves_up = np.floor(np.array(numbers) * 1000 + 0.5) / 1000  # exact: these are floats of 24 bits
    assert [f"{each:.3f}" for each in read] == [f"{each:.3f}" for each in halves_up]
    assert [each == 0 for each in read.tolist()] == [each == 0 for each in numbers]
    assert np.abs(read - numbers).max() <= 1 / STEPS


def test_a_large_map_brings_its_exact_totals() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(600), 500).astype(np.float32)
    (record,) = kept(render(Alignment(("a",) * 600, ("b",) * 500, weights)))["hypotheses"]
    assert record["weights"]["kind"] == "steps"
    np.testing.assert_allclose(record["totals"], weights.sum(axis=0, dtype=np.float64), atol=1e-6)
    np.testing.assert_allclose(record["sums"], 1, atol=1e-5)


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
    assert map_page.WITHOUT_ATTENTION in page
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


def test_modules_become_one_script_without_imports() -> None:
    script = web.script("map_page.js")
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    for path in web.FOLDER.glob("*.js"):
        assert script.count(path.read_text(encoding="utf-8").splitlines()[-2]) >= 1, path.name
    declared = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", script, re.MULTILINE)
    assert len(declared) == len(set(declared))


def test_the_colours_are_those_of_every_map() -> None:
    assert " ".join(re.findall("......", ANCHORS.hex())) in web.read("map_colours.js")
    assert f"{STEPS:_}" in web.read("map_page.js")
