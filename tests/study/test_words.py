"""The words of the reports: both languages say the same things, nothing is missing, and nothing is left over."""

import ast
import re
import string
from functools import cache
from pathlib import Path

import pytest

import heedful
from heedful.errors import SettingsError
from heedful.evaluation.metrics import METRICS
from heedful.study.words import WORDS, Words
from heedful.study.words_en import ENGLISH
from heedful.study.words_ko import KOREAN

ROOT = Path(heedful.__file__).parent
SOURCES = [
    path for path in (*sorted((ROOT / "study").glob("*.py")), *sorted((ROOT / "cli").glob("compar*.py")), ROOT / "cli/study.py")
    if not path.name.startswith(("words", "influence"))
]  # fmt: skip


def blanks(sentence: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(sentence) if field}


@cache
def trees() -> list[ast.AST]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]


def calls() -> list[ast.Call]:
    """``words(...)``."""
    nodes = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == "words"]


def pattern(node: ast.JoinedStr) -> str:
    """What an f-string can come to."""
    return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values)


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    assert list(ENGLISH) == list(KOREAN)


@pytest.mark.parametrize("key", ENGLISH)
def test_both_languages_have_the_same_blanks(key: str) -> None:
    assert blanks(ENGLISH[key]) == blanks(KOREAN[key])
    assert ENGLISH[key].strip()
    assert KOREAN[key].strip()


def test_korean_is_korean() -> None:
    """But for what has no other name."""
    names = {"aer", "bleu", "chrf"}
    assert {key for key, text in KOREAN.items() if not re.search("[가-힣]", text)} <= names


def test_every_key_that_is_said_exists_and_is_given_its_blanks() -> None:
    found = 0
    for call in calls():
        (first, *_), given = call.args, {word.arg for word in call.keywords}
        for node in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
            if isinstance(node, ast.Constant):
                assert node.value in ENGLISH, f"words({node.value!r})"
                assert blanks(ENGLISH[str(node.value)]) == given, f"words({node.value!r}) has other blanks"
                found += 1
            elif isinstance(node, ast.JoinedStr):
                assert any(re.fullmatch(pattern(node), key) for key in ENGLISH), ast.unparse(node)
    assert found > 50


def test_no_key_is_left_over() -> None:
    """Each stands somewhere as a word, is what an f-string comes to, or names a metric."""
    nodes = [node for tree in trees() for node in ast.walk(tree)]
    said = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    made = [pattern(call.args[0]) for call in calls() if isinstance(call.args[0], ast.JoinedStr)]
    left = set(ENGLISH) - said - set(METRICS)
    assert {key for key in left if not any(re.fullmatch(each, key) for each in made)} == set()


def test_every_metric_has_a_name() -> None:
    assert set(METRICS) <= set(ENGLISH)


def test_blanks_are_filled_and_lines_are_joined() -> None:
    words = Words("en")
    assert words("claimed-above", level="50") == "above 50"
    assert "  " not in words("measures-caption")
    assert (words.between(3, 3), words.between(3, 5)) == ("3", "3 – 5")


def test_another_language_is_refused() -> None:
    with pytest.raises(SettingsError, match="--language kr: known: en, ko; did you mean 'ko'"):
        Words("kr")
    assert set(WORDS) == {"en", "ko"}
