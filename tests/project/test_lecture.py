"""The lecture keeps its word: its blocks run and what they assert holds; the Korean page is the same lecture."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.project.places import DOCS

ENGLISH, KOREAN = DOCS / "lecture.md", DOCS / "lecture.ko.md"
RUN = "# run\n"


def blocks(page: Path) -> list[tuple[str, str, int]]:
    """The blocks of code: language, text, and the line of the page on which the text begins."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [(each[1], each[2], text.count("\n", 0, each.start(2)) + 1) for each in found]


def typed(page: Path) -> list[tuple[str, int]]:
    """What a student types."""
    return [(text, line) for language, text, line in blocks(page) if language == "python" and text.startswith(RUN)]


def bare(language: str, text: str) -> str:
    """The block without its comments; a block that shows lines of a file stands for itself, comments too."""
    if language == "python" and text.startswith(RUN):
        return ast.dump(ast.parse(text), indent=1)
    return re.sub(r"\s+#\s.*", "", text) if language == "sh" else text


def outside(page: Path) -> str:
    """What is no code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.usefixtures("unchecked")
def test_the_lecture_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """From the top to the bottom, as one session; a failure is told by its line of the page."""
    monkeypatch.chdir(tmp_path)
    session: dict[str, Any] = {"__name__": "lecture"}
    for text, line in typed(ENGLISH):
        exec(compile("\n" * (line - 1) + text, str(ENGLISH), "exec"), session)  # noqa: S102 (our own page)
    printed = capsys.readouterr().out
    assert "█" in printed, "no heatmap was shown"
    assert (tmp_path / "lecture.svg").is_file()
    assert (tmp_path / "models" / "copy").is_dir()


def test_nothing_is_left_to_belief() -> None:
    """Nearly every block asserts something."""
    silent = [text for text, _ in typed(ENGLISH) if "assert" not in text and "same_as_the_model(" not in text]
    assert len(typed(ENGLISH)) >= 15
    assert len(silent) <= 1, silent


def test_both_pages_have_the_same_code() -> None:
    english, korean = blocks(ENGLISH), blocks(KOREAN)
    assert [language for language, _, _ in korean] == [language for language, _, _ in english]
    for (language, one, line), (_, other, there) in zip(english, korean, strict=True):
        assert bare(language, other) == bare(language, one), f"lecture.md:{line} and lecture.ko.md:{there} differ"


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"^\$\$.*?\$\$", id="equations"),
        pytest.param(r"!\[[^\]]*\]\(([^)]+)\)", id="pictures"),
        pytest.param(r"^(#+) ", id="headings"),
        pytest.param(r"^\|[^\n]*\| (`[\w-]+`) \|$", id="claims"),
    ],
)
def test_both_pages_have_the_same(pattern: str) -> None:
    one, other = (re.findall(pattern, outside(page), re.DOTALL | re.MULTILINE) for page in (ENGLISH, KOREAN))
    assert one == other
    assert one
