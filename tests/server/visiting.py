"""The server's page in a real browser: open it, wait until the models have answered, ask what it shows."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.browsing import Browser

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

HOLD_BACK = """([first, last]) => {
  const fetched = window.fetch;
  const bytes = (text) => new TextEncoder().encode(text);
  window.fetch = (address, request) => {
    if (!address.endsWith("/stream")) return fetched(address, request);
    window.heldBack = JSON.parse(request.body);
    return Promise.resolve(new Response(new ReadableStream({
      start(control) {
        control.enqueue(bytes(first));
        window.letGo = () => { control.enqueue(bytes(last)); control.close(); };
      },
    })));
  };
}"""


@dataclass
class Visitor:
    """Somebody at the page. ``requests`` are addresses it asked for, ``complaints`` what its console and script said."""

    page: "Page"
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until what was asked is answered; a file that was chosen is read first, which takes a moment."""
        self.page.wait_for_timeout(60)
        self.page.locator(".panel[aria-busy='true']").first.wait_for(state="detached")

    def type(self, text: str, field: int = 0) -> None:
        """Write an input, and wait for the answer."""
        self.page.locator(f"#input-{field}").fill(text)
        self.settle()

    def hold_back(self, source: Sequence[str], target: Sequence[str]) -> None:
        """From now on answers come by halves: what was asked stands in ``held_back``, the end comes with ``let_go``."""
        whole = invented(source, target)
        head, tail = whole.split("event: result")
        log_probs = [-0.1] * (len(target) - 1)
        weights = [[1 / len(source)] * len(source) for _ in log_probs]
        branch = {"parent": -1, "step": 0, "unit": target[0], "log_prob": -0.1, "fate": "kept"}
        step = {
            "keep": 0, "units": [*target[:-1]], "log_probs": log_probs, "weights": weights, "branches": [branch] * 400,
        }  # fmt: skip
        self.page.evaluate(HOLD_BACK, [f"{head}event: step\ndata: {json.dumps(step)}\n\n", f"event: result{tail}"])

    @property
    def held_back(self) -> Any:
        """The question whose answer comes by halves."""
        return self.page.evaluate("window.heldBack")

    def let_go(self) -> None:
        """The second half of the answer comes."""
        self.page.evaluate("window.letGo()")
        self.settle()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        """What stands in the first such place."""
        return self.page.locator(selector).first.inner_text().strip()

    def texts(self, selector: str) -> list[str]:
        """What stands in every such place."""
        return [each.strip() for each in self.page.locator(selector).all_inner_texts()]

    @property
    def output(self) -> str:
        """The output of the first model."""
        return self.text(".output-text")

    @property
    def outputs(self) -> "Locator":
        """The buttons of the output units, the end mark's included."""
        return self.page.get_by_role("list", name="Output units").first.get_by_role("button")

    @property
    def inputs(self) -> "Locator":
        """The buttons of the input units."""
        return self.page.get_by_role("list", name="Input units").first.get_by_role("button")

    @property
    def alternatives(self) -> "Locator":
        """The buttons of the alternatives."""
        return self.page.locator(".beside .alternatives").first.get_by_role("button")

    def click_cell(self, target: int, source: int) -> None:
        """Click a cell of the first map."""
        box = self.page.locator(".heatmap-map svg g rect").nth(target * self.inputs_there + source).bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    @property
    def inputs_there(self) -> int:
        """How many input units there are."""
        return self.page.locator(".source .unit").count()

    def is_narrow_enough(self) -> bool:
        """Whether nothing of the page stands out at its side."""
        wide, room = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        return bool(wide <= room)


@contextlib.contextmanager
def visiting(
    browser: Browser,
    address: str,
    *,
    width: int = 1280,
    scheme: Literal["light", "dark"] = "light",
    language: str = "en-US",
    inspected: bool = False,
    expected: Sequence[str] = (),
) -> Iterator[Visitor]:
    """Open the page, and in the end hold it to its word: nothing asked from elsewhere, no word in its address, no complaint.

    ``inspected`` lets a checker's script in. ``expected`` are beginnings of complaints that the test means to cause.
    """
    context = browser.chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale=language, bypass_csp=inspected
    )
    context.set_default_timeout(20_000)
    with contextlib.closing(context):
        visitor = Visitor(context.new_page())
        visitor.page.on("request", lambda request: visitor.requests.append(request.url))
        visitor.page.on("console", lambda message: _note(visitor, message.type, message.text))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitor.page.goto(f"{address}/")
        visitor.page.locator(".panel, #token-form:not([hidden]), #notice:not(:empty)").first.wait_for()
        visitor.settle()
        yield visitor
        assert visitor.page.url == f"{address}/"
        assert [url for url in visitor.requests if not url.startswith((f"{address}/", "data:", "blob:"))] == []
        assert [each for each in visitor.complaints if not each.startswith(tuple(expected) or ("\0",))] == []


def _note(visitor: Visitor, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        visitor.complaints.append(text)


def invented(source: Sequence[str], target: Sequence[str], branches: Sequence[dict[str, Any]] | None = None) -> str:
    """A stream as the server sends it, of a model that looks at every input unit alike and is sure of what it writes."""
    rows = [[1 / len(source)] * len(source) for _ in target]
    log_probs = [-0.1] * (len(target) + 1)
    alternatives = [[{"unit": unit, "log_prob": -0.1}, {"unit": "x", "log_prob": -3.0}] for unit in [*target, None]]
    tree = branches if branches is not None else [
        {"parent": at - 1, "step": at, "unit": unit, "log_prob": -0.1 * (at + 1), "fate": "kept" if unit else "ended"}
        for at, unit in enumerate([*target, None])
    ]  # fmt: skip
    heard = {"text": "".join(source), "units": list(source), "unknown": []}
    hypothesis = {
        "text": "".join(target), "score": -0.1, "log_prob": sum(log_probs), "log_probs": log_probs, "units": list(target),
        "attention": {"source": list(source), "weights": rows}, "alternatives": alternatives,
    }  # fmt: skip
    told = {"model": "invented", "attends": True, "source": heard, "scene": None}
    events = {"source": told, "result": {**told, "hypotheses": [hypothesis], "tree": list(tree)}}
    return "".join(f"event: {name}\ndata: {json.dumps(record)}\n\n" for name, record in events.items())
