"""A real browser without a network, for pages that have to work in one. Skips a test where there is no browser."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page, Route

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


@dataclass
class Visit:
    """An open page, what it asked for, and what it complained of: console errors and warnings, errors of its script."""

    page: "Page"
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Browser:
    """A running Chromium."""

    chromium: "Chromium"

    @contextlib.contextmanager
    def open_page(
        self,
        path: Path,
        *,
        width: int = 1200,
        scheme: Literal["light", "dark"] = "light",
        script: bool = True,
        allowed: Sequence[str] = (),
    ) -> Iterator[Visit]:
        """Open a file from the disk, in a window of this width in dots; whatever else it asks for, it does not get.

        ``allowed`` are permissions as Playwright names them, such as ``clipboard-write``.
        """
        address = path.resolve().as_uri()
        context = self.chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, offline=True
        )
        context.set_default_timeout(20_000)
        if allowed:
            context.grant_permissions([*allowed])
        with contextlib.closing(context):
            visit = Visit(context.new_page())

            def answer(route: "Route") -> None:
                route.continue_() if route.request.url.partition("#")[0] == address else route.abort()

            visit.page.on("request", lambda request: visit.requests.append(request.url))
            visit.page.on("console", lambda message: _note(visit, message.type, message.text))
            visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
            visit.page.route("**/*", answer)
            visit.page.goto(address)
            yield visit


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """Start the machine's Chromium; nothing is downloaded. For a fixture of a module: one start takes a second.

    Playwright keeps an event loop running in this thread until the end, so other tests must not run meanwhile.
    """
    driver = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium (Debian)")
    with driver.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        with contextlib.closing(chromium):
            yield Browser(chromium)


def _note(visit: Visit, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        visit.complaints.append(f"{kind}: {text}")
