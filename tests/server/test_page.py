"""The page of the server, in a real browser: what a person at it does, and what is to be seen then."""

import base64
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from heedful import explorer
from heedful.server.served import Shelf
from tests.browsing import Browser, browsing
from tests.server.asking import ask
from tests.server.conftest import Running, running
from tests.server.visiting import Visitor, invented, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Request, Route

STREAM = "**/v1/predict/stream"
REFUSED = "Failed to load resource"
TOKEN = "only for those who know it".replace(" ", "-")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture
def visitor(browser: Browser, server: Running) -> Iterator[Visitor]:
    with visiting(browser, server.address) as found:
        yield found


def answering(visitor: Visitor, stream: str) -> None:
    """From now on every question has this answer."""
    kind = "text/event-stream"
    visitor.page.route(STREAM, lambda route: route.fulfill(status=200, content_type=kind, body=stream))


def written(server: Running, text: str, model: str = "letters") -> str:
    """What programs are told that this model writes."""
    return str(
        ask(server, "/v1/predict", {"model": model, "inputs": [text]}).json["results"][0]["hypotheses"][0]["text"]
    )


def asked(visitor: Visitor) -> list[dict[str, Any]]:
    """What is asked from now on."""
    bodies: list[dict[str, Any]] = []

    def note(request: "Request") -> None:
        if request.post_data:
            bodies.append(json.loads(request.post_data))

    visitor.page.on("request", note)
    return bodies


def test_the_page_begins_with_an_example(visitor: Visitor) -> None:
    assert visitor.page.locator("#input-0").input_value() != ""
    assert visitor.output != ""
    assert visitor.text("h1") == "Heedful"
    assert visitor.page.title() == "Heedful"


def test_typing_gives_an_output_and_its_map(visitor: Visitor, server: Running) -> None:
    visitor.type("abc")
    assert visitor.output == written(server, "abc")
    assert visitor.outputs.last.inner_text() == "∎"
    cells = visitor.page.locator(".map").first.locator(".heatmap-map svg g").first.locator("rect")
    assert cells.count() == visitor.inputs_there * (visitor.outputs.count() - 1)
    assert visitor.page.locator(".remarks li").count() > 2
    assert "probability" in visitor.text(".certainty")


def test_the_output_comes_while_it_is_decoded(
    browser: Browser, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow = explorer._Tree.grow

    def slow(*arguments: Any) -> Any:
        time.sleep(0.4)
        return grow(*arguments)

    with visiting(browser, server.address) as visitor:
        monkeypatch.setattr(explorer._Tree, "grow", slow)
        visitor.page.locator("#input-0").fill("abcd")
        seen: set[int] = set()
        for _ in range(40):
            visitor.page.wait_for_timeout(50)
            if visitor.page.locator(".panel").get_attribute("aria-busy") == "true":
                seen.add(visitor.page.locator(".main-side .heatmap-map svg g").first.locator("rect").count() // 4)
        monkeypatch.undo()
        visitor.settle()
        assert len(seen) > 2, f"the map had {seen} columns meanwhile"


def test_the_question_before_is_given_up(visitor: Visitor) -> None:
    bodies = asked(visitor)
    visitor.page.locator("#input-0").press_sequentially("abcabc", delay=20)
    visitor.settle()
    assert len(bodies) < 6
    assert bodies[-1]["input"].endswith("abcabc")


def test_pointing_at_the_map_says_what_is_there(visitor: Visitor) -> None:
    visitor.type("abc")
    box = visitor.page.locator(".heatmap-map svg g rect").nth(1).bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + 4, box["y"] + 4)
    assert "looked at" in visitor.text(".heatmap-said")
    assert visitor.page.locator(".units .unit.pointed").count() > 0


def test_an_alternative_is_forced_and_the_output_goes_on(visitor: Visitor) -> None:
    visitor.type("abc")
    before, bodies = visitor.output, asked(visitor)
    visitor.outputs.nth(1).click()
    assert visitor.outputs.nth(1).get_attribute("aria-pressed") == "true"
    written = visitor.text(".alternatives .choice[aria-current='true'] .name")
    other = visitor.page.locator(".alternatives").first.locator(".choice:not([aria-current]):not(:has(em))").first
    unit = other.locator(".name").inner_text()
    other.click()
    visitor.settle()
    assert unit != written
    assert bodies[-1]["prefix"] == [before[0], unit]
    assert visitor.outputs.all_inner_texts()[:2] == [before[0], unit]
    assert visitor.page.locator(".unit.forced").count() == 2
    assert before in visitor.text(".before")
    visitor.page.get_by_role("button", name="Let it choose again").click()
    visitor.settle()
    assert visitor.output == before
    assert visitor.page.locator(".unit.forced").count() == 0


def test_the_end_mark_has_alternatives_and_is_one(visitor: Visitor) -> None:
    visitor.type("abc")
    bodies = asked(visitor)
    visitor.outputs.last.click()
    assert visitor.text(".alternatives .choice[aria-current='true'] .name") == "end"
    visitor.outputs.first.click()
    end = visitor.page.locator(".alternatives").first.locator(".choice:has(em)")
    if end.count():
        end.click()
        visitor.settle()
        assert (bodies[-1]["prefix"], bodies[-1]["end"]) == ([], True)
        assert visitor.output == "(nothing)"


def test_another_input_unit_shows_what_it_changes(visitor: Visitor, server: Running) -> None:
    visitor.type("abc")
    before = visitor.output
    unit = next(unit for unit in "dcb" if written(server, f"{unit}bc") != before)
    visitor.page.get_by_text("The input as the model reads it").click()
    visitor.inputs.first.click()
    visitor.page.keyboard.type(unit)
    visitor.press("Enter")
    visitor.settle()
    assert visitor.page.locator("#input-0").input_value() == f"{unit}bc"
    assert visitor.output == written(server, f"{unit}bc")
    assert "abc" in visitor.text(".before")
    assert visitor.page.locator(".units li.changed, .units li.gone").count() > 0
    assert visitor.page.locator(".difference-sheet svg").is_visible()
    visitor.page.get_by_role("button", name="Go back to it").click()
    visitor.settle()
    assert visitor.page.locator("#input-0").input_value() == "abc"
    assert not visitor.page.locator(".before").is_visible()


def test_an_input_unit_is_removed(visitor: Visitor) -> None:
    visitor.type("abc")
    visitor.page.get_by_text("The input as the model reads it").click()
    visitor.inputs.nth(0).click()
    visitor.page.get_by_role("button", name="Remove").click()
    visitor.settle()
    assert visitor.page.locator("#input-0").input_value() == "bc"


def test_attention_is_held_and_released(visitor: Visitor, server: Running) -> None:
    visitor.type("abc")
    bodies = asked(visitor)
    visitor.page.get_by_role("button", name="Hold attention").click()
    visitor.click_cell(1, 2)
    visitor.settle()
    assert bodies[-1]["hold"] == [{"position": 2, "step": 1}]
    assert "held by hand" in visitor.text(".look .heatmap-map")
    assert "has to look at" in visitor.text(".asked")
    assert visitor.page.locator(".before").is_visible()
    visitor.page.get_by_label("at every output unit").check()
    visitor.click_cell(0, 0)
    visitor.settle()
    assert bodies[-1]["hold"] == [{"position": 2, "step": 1}, {"position": 0}]
    visitor.page.locator(".asked").get_by_role("button").first.click()
    visitor.settle()
    visitor.page.locator(".asked").get_by_role("button").first.click()
    visitor.settle()
    assert bodies[-1]["hold"] == []
    assert visitor.output == written(server, "abc")
    assert "held by hand" not in visitor.text(".look .heatmap-map")


def test_comparing_with_now_pins_it_while_one_types(visitor: Visitor) -> None:
    visitor.type("abc")
    visitor.page.get_by_role("button", name="Compare with now").click()
    visitor.type("abd")
    assert "abc" in visitor.text(".before")
    assert visitor.text(".verdict").startswith("Now ")
    visitor.page.get_by_role("button", name="Stop comparing").click()
    assert not visitor.page.locator(".before").is_visible()


def test_two_models_answer_side_by_side(visitor: Visitor) -> None:
    visitor.page.locator("#second").select_option("bahdanau")
    visitor.type("abc")
    panels = visitor.page.locator(".panel")
    assert panels.count() == 2
    boxes = [panels.nth(at).bounding_box() for at in range(2)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert visitor.texts(".panel h2") == ["letters", "bahdanau"]
    assert visitor.page.locator(".panel .main-side .heatmap-map svg").count() == 2
    assert visitor.page.locator("#second option").all_inner_texts() == ["none", "bahdanau", "fixed"]


def test_a_model_without_attention_says_so(visitor: Visitor) -> None:
    visitor.page.locator("#model").select_option("fixed")
    visitor.type("abc")
    assert visitor.text(".without").startswith("This model has no attention: only the encoder's final state")
    assert not visitor.page.locator(".heatmap-map").is_visible()
    assert visitor.output != ""
    assert visitor.alternatives.count() > 3
    assert visitor.page.locator(".tree-box .node").count() > 3


def test_a_model_of_several_columns_has_a_field_for_each(visitor: Visitor) -> None:
    visitor.page.locator("#model").select_option("columns")
    visitor.settle()
    assert visitor.texts(".field label") == ["Input 1: letters", "Input 2: tags"]
    bodies = asked(visitor)
    visitor.type("abc")
    visitor.type("N;b", field=1)
    assert bodies[-1]["input"] == ["abc", "N;b"]
    assert visitor.texts(".source .unit") == ["a", "b", "c", "N", "b"]


def test_a_model_of_pictures_has_a_sheet_to_draw_on(visitor: Visitor) -> None:
    visitor.page.locator("#model").select_option("digits")
    visitor.settle()
    bodies = asked(visitor)
    sheet = visitor.page.locator("canvas.sheet")
    box = sheet.bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + 40, box["y"] + 20)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 60, box["y"] + 80, steps=4)
    visitor.page.mouse.up()
    visitor.settle()
    drawn = base64.b64decode(bodies[-1]["input"]["base64"])
    assert drawn.startswith(b"\x89PNG")
    assert visitor.page.locator(".heatmap-scene canvas").is_visible()
    name = {"name": "mine.png", "mimeType": "image/png", "buffer": drawn}
    visitor.page.locator("input[type='file']").set_input_files([name])
    visitor.settle()
    assert base64.b64decode(bodies[-1]["input"]["base64"]) == drawn
    assert "mine.png" in visitor.text(".drop")


def test_units_that_the_model_never_saw_are_marked(visitor: Visitor) -> None:
    visitor.type("abż")
    assert "The model never saw “\u2068ż\u2069”" in visitor.text(".unknown-note")
    assert visitor.page.locator(".unit.unknown").count() == 1
    assert "never seen in training" in str(visitor.inputs.nth(2).get_attribute("aria-label"))


def test_the_tree_is_walked_with_the_keyboard(visitor: Visitor) -> None:
    visitor.type("abc")
    bodies, tree = asked(visitor), visitor.page.get_by_role("tree")
    tree.focus()
    assert visitor.page.locator(".tree .read-out").inner_text().startswith("“")
    visitor.press("ArrowDown", "ArrowRight")
    here = str(tree.get_attribute("aria-activedescendant"))
    said = visitor.text(".tree .read-out")
    assert visitor.page.locator(f"#{here}").get_attribute("aria-label") == said
    assert "at step 2" in said
    assert "given what stands before it" in said
    visitor.press("Enter")
    visitor.settle()
    assert len(bodies[-1]["prefix"]) == 2
    nodes = visitor.page.locator(".tree-box .node").count()
    visitor.page.get_by_label("show what was pruned").check()
    assert visitor.page.locator(".tree-box .node.pruned").count() > 0
    assert visitor.page.locator(".tree-box .node").count() > nodes


def test_a_wide_beam_stays_in_its_box(visitor: Visitor) -> None:
    branches: list[dict[str, Any]] = []
    slots = [-1]
    for step in range(60):
        first = len(branches)
        for slot in range(40):
            parent = slots[slot % len(slots)]
            fate = "kept" if slot < 20 else "pruned"
            branches.append(
                {"parent": parent, "step": step, "unit": "ab"[slot % 2], "log_prob": -step - slot / 99, "fate": fate}
            )
        slots = list(range(first, first + 20))
    answering(visitor, invented("abc", ["a"] * 60, branches))
    visitor.type("abc")
    assert visitor.page.locator(".tree-box .node").count() == 20 * 60
    box = visitor.page.locator(".tree-box").bounding_box()
    assert box is not None
    assert box["height"] < 700
    assert visitor.is_narrow_enough()
    visitor.page.get_by_label("show what was pruned").check()
    more = visitor.page.locator(".tree-box .node.more, .tree-box .node.pruned")
    assert more.count() > 0


def test_text_is_never_taken_for_markup(visitor: Visitor) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    answering(visitor, invented([hostile, "b"], ["A", hostile, "</svg><b>"]))
    visitor.type(hostile)
    visitor.outputs.nth(1).click()
    assert hostile in visitor.output
    assert visitor.page.locator("img:not([src='/static/heedful.svg']), main script, main b").count() == 0
    assert visitor.page.locator("#input-0").input_value() == hostile


def test_right_to_left_runs_from_right_to_left(visitor: Visitor) -> None:
    answering(visitor, invented("שלום", "שלום"))
    visitor.type("שלום")
    first, second = (visitor.outputs.nth(at).bounding_box() for at in range(2))
    assert first is not None
    assert second is not None
    assert second["x"] < first["x"]
    visitor.outputs.first.focus()
    visitor.press("ArrowLeft")
    assert visitor.outputs.nth(1).evaluate("each => each === document.activeElement")


def test_hangul_and_phones_come_whole(visitor: Visitor) -> None:
    answering(visitor, invented("\u1100\u1161\u11a8", ["t͡ɕ", "ʌ̃", "ŋ"]))
    visitor.type("각")
    assert visitor.texts(".source .unit") == ["ㄱ", "ㅏ", "ㄱ"]
    assert visitor.outputs.all_inner_texts()[:3] == ["t͡ɕ", "ʌ̃", "ŋ"]


@pytest.mark.parametrize("width", [320, 375])
def test_a_narrow_window_is_enough(browser: Browser, server: Running, width: int) -> None:
    with visiting(browser, server.address, width=width) as visitor:
        visitor.type("abcd")
        assert visitor.is_narrow_enough()
        visitor.page.get_by_role("button", name="Hold attention").click()
        visitor.page.get_by_text("How to search").click()
        visitor.page.get_by_text("Working with the keyboard").click()
        visitor.page.locator("#second").select_option("fixed")
        visitor.type("abcabcdabcd")
        assert visitor.is_narrow_enough()
        visitor.alternatives.last.click()
        visitor.settle()
        assert visitor.is_narrow_enough()


def test_dark_is_the_systems_and_can_be_turned(browser: Browser, server: Running) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with visiting(browser, server.address, scheme="dark") as visitor:
        dark = visitor.page.evaluate(ground)
        visitor.page.get_by_role("button", name="Turn to light").click()
        light = visitor.page.evaluate(ground)
        visitor.page.reload()
        visitor.settle()
        assert visitor.page.evaluate(ground) == light
    assert dark == "rgb(20, 19, 27)"
    assert light == "rgb(254, 254, 253)"


def test_the_keyboard_alone_is_enough(visitor: Visitor) -> None:
    visitor.page.locator("body").press("/")
    visitor.press("Control+A")
    visitor.page.keyboard.type("abc")
    visitor.press("Enter")
    visitor.settle()
    bodies = asked(visitor)
    reached: list[str] = []
    for _ in range(40):
        visitor.press("Tab")
        here = visitor.page.evaluate("document.activeElement.className.baseVal ?? document.activeElement.className")
        reached.append(here)
        if "tree-box" in here:
            break
    wanted = [
        next(at for at, each in enumerate(reached) if part in each)
        for part in ("unit", "heatmap-map", "choice", "tree-box")
    ]
    assert wanted == sorted(wanted), reached
    visitor.outputs.first.focus()
    visitor.press("ArrowRight", "Enter")
    assert visitor.outputs.nth(1).get_attribute("aria-pressed") == "true"
    visitor.page.get_by_role("button", name="Hold attention").focus()
    visitor.press("Enter")
    visitor.page.locator(".heatmap-map").first.focus()
    visitor.press("Control+Home", "ArrowDown", "Enter")
    visitor.settle()
    assert bodies[-1]["hold"] == [{"position": 1, "step": 0}]
    outline = visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    visitor.press("Escape")
    assert visitor.page.get_by_role("button", name="Hold attention").get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_those_who_dont_see_or_point(
    browser: Browser, server: Running, scheme: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with visiting(browser, server.address, scheme=scheme, inspected=True, expected=[REFUSED]) as visitor:
        visitor.type("abż")
        _inspect(axe, visitor, "an answer")
        visitor.page.get_by_text("How to search").click()
        visitor.page.get_by_text("Working with the keyboard").click()
        visitor.page.get_by_label("show what was pruned").check()
        visitor.page.get_by_role("button", name="Hold attention").click()
        visitor.click_cell(0, 1)
        visitor.settle()
        visitor.outputs.first.click()
        visitor.alternatives.nth(1).click()
        visitor.settle()
        visitor.inputs.first.click()
        _inspect(axe, visitor, "everything open")
        visitor.press("Escape")
        visitor.page.locator("#second").select_option("fixed")
        visitor.settle()
        _inspect(axe, visitor, "two models")
        visitor.page.locator("#model").select_option("digits")
        visitor.settle()
        _inspect(axe, visitor, "pictures")
        visitor.page.locator("#model").select_option("letters")
        visitor.page.locator("#second").select_option("")
        visitor.type("a" * 4_001)
        assert visitor.page.locator(".panel.stale").count() == 1
        _inspect(axe, visitor, "refused")
        visitor.type("abcd" * 20)
        visitor.page.get_by_role("button", name="Compare with now").click()
        _inspect(axe, visitor, "a long source")


def _inspect(axe: Any, visitor: Visitor, when: str) -> None:
    found = axe.run(visitor.page).response["violations"]
    told = [f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}" for each in found]
    assert told == [], when


def test_korean_is_spoken_where_the_browser_speaks_it(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, language="ko-KR") as visitor:
        assert visitor.page.evaluate("document.documentElement.lang") == "ko"
        assert visitor.text("#ask .first") == "예측하기"
        assert "입니다" in visitor.text(".remarks")
        visitor.page.locator("#language").select_option("en")
        assert visitor.text("#ask .first") == "Predict"
        assert visitor.text(".remarks").startswith(("An output", "The output"))
        visitor.page.reload()
        visitor.settle()
        assert visitor.text("#ask .first") == "Predict"


def test_both_languages_say_the_same(visitor: Visitor) -> None:
    assert visitor.page.evaluate("import('/static/words.js').then((words) => words.missing())") == []


def test_a_refusal_stands_beside_its_field(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, expected=[REFUSED]) as visitor:
        visitor.type("a" * 4_001)
        assert "4,000 characters at most" in visitor.text(".field .told")
        assert visitor.page.locator("#input-0").get_attribute("aria-invalid") == "true"
        visitor.type("abc")
        assert visitor.page.locator("#input-0").get_attribute("aria-invalid") is None
        visitor.page.get_by_text("How to search").click()
        visitor.page.locator("#setting-beam_size").fill("99")
        assert visitor.text("#setting-told-beam_size") == "A whole number from 1 to 20."
        visitor.type("ab")
        assert visitor.output == written(server, "ab")


def test_a_busy_server_is_asked_again(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, expected=[REFUSED]) as visitor:
        turned_away: list[int] = []

        def busy(route: "Route") -> None:
            if turned_away:
                route.continue_()
                return
            turned_away.append(503)
            body = '{"error": {"code": "overloaded", "field": null, "message": "come again"}}'
            route.fulfill(status=503, headers={"Retry-After": "1"}, content_type="application/json", body=body)

        visitor.page.route(STREAM, busy)
        visitor.page.locator("#input-0").fill("abc")
        visitor.page.get_by_text("The server is busy. The page asks again in 1 second.").wait_for()
        visitor.settle()
        assert visitor.output == written(server, "abc")
        assert visitor.text("#notice") == ""


def test_a_server_that_is_gone_is_told_calmly(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, expected=[REFUSED]) as visitor:
        visitor.page.route(STREAM, lambda route: route.abort())
        visitor.type("abc")
        assert visitor.text(".answer .told") == "The server does not answer. Is it still running?"
        visitor.page.unroute(STREAM)
        visitor.page.get_by_role("button", name="Predict").click()
        visitor.settle()
        assert visitor.output == written(server, "abc")
        assert not visitor.page.locator(".answer .told").is_visible()


def test_a_token_is_asked_for_and_kept_for_the_tab(browser: Browser, shelf: Shelf) -> None:
    with running(shelf, token=TOKEN) as guarded, visiting(browser, guarded.address, expected=[REFUSED]) as visitor:
        field = visitor.page.get_by_label("This server asks for a token")
        field.fill("schlüssel")
        visitor.press("Enter")
        visitor.page.get_by_text("unaccented letters").wait_for()
        field.fill("not-this-one-at-all")
        visitor.press("Enter")
        visitor.page.get_by_text("That was not the token.").wait_for()
        field.fill(TOKEN)
        visitor.press("Enter")
        visitor.page.locator(".panel").wait_for()
        assert visitor.page.evaluate("document.activeElement.id") == "input-0"
        visitor.type("abc")
        assert visitor.output != ""
        visitor.page.reload()
        visitor.page.locator(".panel").wait_for()
        assert TOKEN not in visitor.page.content()


def test_the_map_is_saved(visitor: Visitor) -> None:
    visitor.type("abc")
    with visitor.page.expect_download() as coming:
        visitor.page.locator(".save").get_by_role("button", name="JSON").last.click()
    assert coming.value.suggested_filename.endswith(".json")


def test_pointing_at_an_output_unit_marks_the_map_and_scrolls_nothing(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 1280, "height": 420})
    visitor.type("abcabcabcabc")
    visitor.outputs.nth(1).hover()
    assert "looked at" in visitor.text(".look .heatmap-said")
    assert visitor.page.evaluate("scrollY") == 0


def test_the_keyboard_stays_where_it_is_when_an_answer_comes(visitor: Visitor) -> None:
    visitor.type("abc")
    here = "document.activeElement.closest('.alternatives, .asked, .before, .units, .tools')?.className ?? ''"
    visitor.alternatives.nth(1).focus()
    visitor.press("Enter")
    visitor.settle()
    assert visitor.page.evaluate(here) == "alternatives"
    visitor.page.get_by_role("button", name="Let it choose again").focus()
    visitor.press("Enter")
    visitor.settle()
    assert "tools" in visitor.page.evaluate(here)
    visitor.page.get_by_text("The input as the model reads it").click()
    visitor.inputs.first.focus()
    visitor.press("Enter")
    visitor.page.keyboard.type("d")
    visitor.press("Enter")
    visitor.settle()
    assert "units" in visitor.page.evaluate(here)


def test_a_long_input_has_a_painted_map(visitor: Visitor) -> None:
    visitor.type("abcd" * 20)
    assert visitor.page.locator(".main-side .heatmap-map canvas").is_visible()
    assert visitor.is_narrow_enough()


def test_what_was_typed_stays_when_another_model_is_chosen(visitor: Visitor, server: Running) -> None:
    visitor.type("cab")
    visitor.page.locator("#model").select_option("bahdanau")
    visitor.settle()
    assert visitor.page.locator("#input-0").input_value() == "cab"
    assert visitor.output == written(server, "cab", "bahdanau")
    visitor.page.get_by_text("The input as the model reads it").first.click()
    visitor.inputs.first.click()
    visitor.page.keyboard.type("d")
    visitor.press("Enter")
    visitor.settle()
    visitor.page.locator("#model").select_option("letters")
    visitor.settle()
    assert visitor.page.locator("#input-0").input_value() == "dab"


def refusing(visitor: Visitor, code: str, field: str | None, *, when: str) -> None:
    """From now on questions that have this in them are refused, and named after the code."""

    def refuse(route: "Route") -> None:
        if when not in str(route.request.post_data):
            route.continue_()
            return
        body = json.dumps({"error": {"code": code, "field": field, "message": code}})
        route.fulfill(status=422, content_type="application/json", body=body)

    visitor.page.route(STREAM, refuse)


def test_what_is_chosen_while_an_answer_comes_is_chosen_of_what_is_shown(visitor: Visitor) -> None:
    visitor.type("abc")
    before = visitor.outputs.all_inner_texts()
    visitor.outputs.nth(1).click()
    other = visitor.page.locator(".alternatives").first.locator(".choice:not([aria-current]):not(:has(em))").first
    unit = other.locator(".name").inner_text()
    visitor.hold_back("abd", "XYZ")
    visitor.page.locator("#input-0").fill("abd")
    visitor.page.get_by_text("X Y", exact=True).wait_for()
    visitor.page.locator(".outputs .choice").nth(1).click()
    assert visitor.output == "X Y"
    visitor.page.locator(".tree-box .node").last.hover()
    assert visitor.text(".tree .read-out") == visitor.page.locator(".tree-box .node").last.get_attribute("aria-label")
    other.click()
    assert visitor.held_back["prefix"] == [before[0], unit]
    visitor.let_go()
    assert visitor.output == "XYZ"


def test_a_whatif_that_is_refused_is_taken_back(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, expected=[REFUSED]) as visitor:
        visitor.type("abc")
        before, bodies = visitor.output, asked(visitor)
        refusing(visitor, "not this", None, when='"prefix":["')
        visitor.alternatives.nth(1).click()
        visitor.settle()
        assert visitor.text(".answer .told") == "Not this."
        assert visitor.output == before
        assert visitor.page.locator(".asked li").count() == 0
        assert visitor.page.locator(".stale").count() == 0
        visitor.page.get_by_role("button", name="Predict").click()
        visitor.settle()
        assert bodies[-1]["prefix"] == []
        assert not visitor.page.locator(".answer .told").is_visible()


def test_a_bug_of_the_page_is_no_refusal(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, expected=["Cannot read properties"]) as visitor:
        answering(visitor, invented("abc", "ABC").replace('"log_probs"', '"lost"'))
        visitor.type("abc")
        assert visitor.page.locator(".panel").get_attribute("aria-busy") == "false"
        assert visitor.complaints != []
        assert not visitor.page.locator(".answer .told").is_visible()


def test_the_unit_editor_closes_when_the_input_is_another(visitor: Visitor) -> None:
    visitor.type("abc")
    visitor.page.get_by_text("The input as the model reads it").click()
    visitor.inputs.first.click()
    assert visitor.page.locator(".editor").is_visible()
    visitor.page.locator("#input-0").fill("cab")
    assert not visitor.page.locator(".editor").is_visible()
    visitor.settle()
    assert visitor.page.locator("#input-0").input_value() == "cab"


def test_the_keyboard_stays_in_the_tree(visitor: Visitor) -> None:
    visitor.type("abc")
    tree = visitor.page.get_by_role("tree")
    tree.focus()
    visitor.press("ArrowDown", "ArrowRight", "Enter")
    visitor.settle()
    assert "at step 2" in visitor.text(".tree .read-out")
    visitor.press("ArrowLeft")
    assert "at step 1" in visitor.text(".tree .read-out")
    assert visitor.page.locator(f"#{tree.get_attribute('aria-activedescendant')}").count() == 1
    visitor.press("+")
    assert visitor.page.get_by_label("show what was pruned").is_checked()


def test_every_model_has_its_own_refusal(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, expected=[REFUSED]) as visitor:
        visitor.page.locator("#second").select_option("bahdanau")
        visitor.settle()
        refusing(visitor, "too odd", "input", when='"bahdanau"')
        visitor.type("abc")
        assert visitor.text("#input-told-0") == "bahdanau: Too odd."
        visitor.page.locator("#second").select_option("")
        visitor.settle()
        assert not visitor.page.locator("#input-told-0").is_visible()


def test_going_back_in_one_panel_releases_the_other(visitor: Visitor) -> None:
    visitor.page.locator("#second").select_option("bahdanau")
    visitor.type("abc")
    bodies = asked(visitor)
    visitor.page.get_by_role("button", name="Compare with now").first.click()
    visitor.type("abcd")
    second = visitor.page.locator(".panel").nth(1)
    second.get_by_role("button", name="Hold attention").click()
    second.locator(".heatmap-map").focus()
    visitor.press("Control+End", "Enter")
    visitor.settle()
    assert bodies[-1]["hold"] != []
    visitor.page.get_by_role("button", name="Go back to it").first.click()
    visitor.settle()
    assert {each["model"]: (each["input"], each["hold"]) for each in bodies[-2:]} == {
        "letters": ("abc", []), "bahdanau": ("abc", []),
    }  # fmt: skip


def test_two_models_change_places(visitor: Visitor) -> None:
    visitor.page.locator("#second").select_option("bahdanau")
    visitor.settle()
    bodies = asked(visitor)
    visitor.page.locator(".panel").nth(1).locator(".alternatives .choice").nth(1).click()
    visitor.settle()
    assert bodies[-1]["prefix"] or bodies[-1]["end"]
    visitor.page.locator("#model").select_option("bahdanau")
    visitor.settle()
    assert visitor.texts(".panel h2") == ["bahdanau", "letters"]
    assert [each["prefix"] for each in bodies[-2:]] == [[], []]
    assert visitor.page.locator(".asked li").count() == 0


def test_enter_asks_and_predict_asks_the_same(visitor: Visitor) -> None:
    visitor.type("abc")
    bodies = asked(visitor)
    visitor.alternatives.nth(1).click()
    visitor.settle()
    visitor.page.locator("#input-0").press("Enter")
    visitor.settle()
    assert len(bodies) == 2
    assert bodies[1] == bodies[0]


def test_held_attention_stays_while_no_position_moves(visitor: Visitor) -> None:
    visitor.type("abc")
    bodies = asked(visitor)
    visitor.page.get_by_role("button", name="Hold attention").click()
    visitor.click_cell(0, 2)
    visitor.settle()
    visitor.page.get_by_text("The input as the model reads it").click()
    for text, held in (("d", [{"position": 2, "step": 0}]), ("dd", [])):
        visitor.inputs.first.click()
        visitor.page.keyboard.type(text)
        visitor.press("Enter")
        visitor.settle()
        assert bodies[-1]["hold"] == held


def test_beside_the_cells_nothing_is_held(visitor: Visitor) -> None:
    visitor.type("abc")
    bodies = asked(visitor)
    visitor.page.get_by_role("button", name="Hold attention").click()
    visitor.page.locator(".heatmap-map").focus()
    visitor.press("Control+Home", "ArrowLeft", "Enter")
    visitor.settle()
    assert bodies == []
    assert visitor.page.locator(".editor").is_visible()


def test_another_output_is_looked_at_and_gone_back_to(visitor: Visitor) -> None:
    visitor.type("abc")
    best = visitor.output
    visitor.page.locator(".outputs .choice").nth(1).click()
    other = visitor.output
    assert other != best
    assert visitor.page.locator(".tree-box .node.shown").count() > 0
    assert visitor.page.locator(".tree-box .node.best").first.text_content() == best[0]
    visitor.page.get_by_role("button", name="Compare with now").click()
    visitor.type("abcd")
    visitor.page.get_by_role("button", name="Go back to it").click()
    visitor.settle()
    assert visitor.output == other


def test_a_long_input_is_asked_for_one_output(visitor: Visitor) -> None:
    bodies = asked(visitor)
    visitor.type("abcd" * 60)
    assert bodies[-1]["n_best"] == 1
    visitor.page.get_by_role("button", name="Find more than one").click()
    visitor.settle()
    assert bodies[-1]["n_best"] == 5
    assert visitor.page.locator(".outputs .choice").count() == 5
    visitor.page.get_by_role("button", name="Compare with now").click()
    visitor.page.locator(".difference-sheet canvas").hover()
    visitor.page.locator(".difference-host .scroll").press("ArrowDown")
    assert "as before" in visitor.text(".difference-told")


def test_a_long_answer_does_not_block_the_page(visitor: Visitor) -> None:
    answering(visitor, invented("abcd" * 100, "ABCD" * 100))
    visitor.page.evaluate(
        "new PerformanceObserver((list) => { window.slowest = Math.max(window.slowest ?? 0,"
        " ...list.getEntries().map((each) => each.duration)); }).observe({ type: 'longtask' })"
    )
    visitor.type("abcd" * 100)
    assert visitor.outputs.count() == 401
    assert visitor.page.evaluate("window.slowest ?? 0") < 1500


def test_every_model_searches_as_it_was_given_unless_somebody_chose(visitor: Visitor) -> None:
    visitor.page.locator("#second").select_option("bahdanau")
    visitor.settle()
    bodies = asked(visitor)
    visitor.type("abc")
    assert [each.keys() & {"beam_size", "max_length", "length_penalty"} for each in bodies[-2:]] == [set(), set()]
    visitor.page.get_by_text("How to search").click()
    visitor.page.locator("#setting-length_penalty").fill("0.75")
    visitor.settle()
    assert [each["length_penalty"] for each in bodies[-2:]] == [0.75, 0.75]
    assert "beam_size" not in bodies[-1]


def test_an_output_that_was_cut_off_says_so(visitor: Visitor) -> None:
    visitor.page.get_by_text("How to search").click()
    visitor.page.locator("#setting-max_length").fill("2")
    visitor.type("abcd")
    assert "cut off at the longest output (2)" in visitor.text(".certainty")
    assert visitor.outputs.count() == 2


def test_the_file_that_was_chosen_last_counts(visitor: Visitor) -> None:
    visitor.page.locator("#model").select_option("digits")
    visitor.settle()
    picture = base64.b64decode(
        visitor.page.evaluate("document.querySelector('canvas.sheet').toDataURL().split(',')[1]")
    )
    bodies = asked(visitor)
    visitor.page.evaluate(
        "() => { const read = Blob.prototype.arrayBuffer; Blob.prototype.arrayBuffer = async function () {"
        " if (this.name === 'slow.png') await new Promise((done) => setTimeout(done, 400)); return read.call(this); }; }"
    )
    for name in ("slow.png", "fast.png"):
        each = {"name": name, "mimeType": "image/png", "buffer": picture}
        visitor.page.locator("input[type='file']").set_input_files([each])
    visitor.page.wait_for_timeout(600)
    visitor.settle()
    assert visitor.text(".file-name") == "fast.png"
    assert len(bodies) == 1


def test_a_file_may_be_dropped_anywhere(visitor: Visitor) -> None:
    visitor.page.locator("#model").select_option("digits")
    visitor.settle()
    bodies = asked(visitor)
    kept = visitor.page.evaluate(
        """() => {
          const data = atob(document.querySelector("canvas.sheet").toDataURL().split(",")[1]);
          const bytes = Uint8Array.from(data, (each) => each.charCodeAt(0));
          const carried = new DataTransfer();
          carried.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
          return ["dragover", "drop"].map((name) => !document.body.dispatchEvent(
            new DragEvent(name, { dataTransfer: carried, bubbles: true, cancelable: true })));
        }"""
    )
    visitor.settle()
    assert kept == [True, True]
    assert len(bodies) == 1
    assert visitor.text(".file-name") == "dropped.png"


def test_a_busy_server_is_told_of_as_long_as_somebody_waits(browser: Browser, server: Running) -> None:
    with visiting(browser, server.address, expected=[REFUSED]) as visitor:
        headers = {"Retry-After": "20"}
        body = '{"error": {"code": "overloaded", "field": null, "message": "come again"}}'
        busy: Any = {"status": 503, "headers": headers, "content_type": "application/json", "body": body}
        visitor.page.route("**/v1/predict/stream", lambda route: route.fulfill(**busy))
        visitor.page.locator("#input-0").fill("abc")
        visitor.page.get_by_text("The server is busy.").wait_for()
        visitor.type("")
        assert visitor.text("#notice") == ""
        visitor.page.route("**/v1/models", lambda route: route.fulfill(**busy))
        visitor.page.reload()
        visitor.page.get_by_text("The server is busy. The page asks again in 20 seconds.").wait_for()


def test_a_model_of_sounds_has_no_example_and_says_what_it_wants(visitor: Visitor) -> None:
    def tell(route: "Route") -> None:
        told = route.fetch().json()
        told["models"][0] |= {"source": [{"unit": "frames", "kind": "spectrogram"}], "example": None}
        route.fulfill(json=told)

    visitor.page.route("**/v1/models", tell)
    visitor.page.reload()
    visitor.page.get_by_text("Choose a sound, or drop one here: the output comes at once.").wait_for()
    assert not visitor.page.locator("#example").is_visible()
    visitor.page.locator("#model").select_option("bahdanau")
    visitor.settle()
    assert visitor.page.locator("#example").is_visible()
