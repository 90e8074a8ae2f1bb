"""The documentation is a test subject: it names everything there is, and what it shows is so."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from heedful import choices
from heedful.data.settings import Column
from heedful.training.recipe import Recipe, compose, read_table
from tests.project.places import DOCS, ROOT

README = ROOT / "README.md"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]
IN_RECIPES = (
    "CELLS",
    "ATTENTIONS",
    "SCORERS",
    "REACHES",
    "READERS",
    "FRAMES",
    "UNITS",
    "METRICS",
    "OPTIMIZERS",
    "SCHEDULES",
    "PRECISIONS",
    "TASKS",
)
LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")


def text(path: Path) -> str:
    """A page."""
    return path.read_text(encoding="utf-8")


def code(page: str) -> str:
    """What a page writes as code: blocks and spans."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page, re.DOTALL))


def blocks(page: str, language: str) -> list[str]:
    """The blocks of code in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def says(written: str, name: str) -> bool:
    """Whether the name stands there by itself."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", written) is not None


def test_recipes_names_every_key() -> None:
    page = text(DOCS / "recipes.md")
    missing: list[str] = []
    for room, table in Recipe():
        assert f"## [{room}]" in page, f"docs/recipes.md has no section [{room}]"
        section = page.split(f"## [{room}]")[1].split("\n## ")[0]
        keys = [*type(table).model_fields, *(Column.model_fields if room == "data" else ())]
        missing += [f"{room}.{key}" for key in keys if not says(code(section), key)]
    assert not missing, f"docs/recipes.md says nothing of {', '.join(missing)}"


@pytest.mark.parametrize("table", IN_RECIPES)
def test_recipes_names_every_choice(table: str) -> None:
    written = code(text(DOCS / "recipes.md"))
    missing = [name for name in getattr(choices, table) if not says(written, name)]
    assert not missing, f"docs/recipes.md says nothing of {', '.join(missing)} ({table})"


def test_every_choice_stands_somewhere() -> None:
    written = "\n".join(code(text(page)) for page in PAGES)
    tables = [table for name, table in vars(choices).items() if name.isupper() and name != "COMMANDS"]
    missing = [name for table in tables for name in table if not says(written, name)]
    assert not missing, f"no page names {', '.join(missing)}"


def test_every_command_is_shown() -> None:
    written = "\n".join(code(text(page)) for page in PAGES)
    missing = [name for name in choices.COMMANDS if not re.search(rf"heedful {name}\b", written)]
    assert not missing, f"no page shows heedful {', heedful '.join(missing)}"


def test_commands_shown_exist() -> None:
    for page in PAGES:
        for block in blocks(text(page), "(?:sh|bash|console)?"):
            for command in re.findall(r"^(?:\$ )?heedful (\w[\w-]*)", block, re.MULTILINE):
                assert command in choices.COMMANDS, f"{page.name}: there is no heedful {command}"


def test_every_recipe_shown_can_be_read() -> None:
    for page in PAGES:
        for block in blocks(text(page), "toml"):
            compose(tomllib.loads(block), [], page.name)


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.toml")), ids=lambda path: path.name)
def test_every_recipe_of_ours_can_be_read(path: Path) -> None:
    composed = compose(read_table(path), [], path.name)
    assert not composed.notes


def test_the_mathematics_stands_beside_its_lines() -> None:
    """Every block that names a file of the package holds lines of that file, in their order."""
    found = 0
    for page in PAGES:
        for block in blocks(text(page), "python"):
            first, *lines = block.splitlines()
            if not (named := re.fullmatch(r"# (heedful/[\w/]+\.py)", first.strip())):
                continue
            found += 1
            there = iter(line.strip() for line in text(ROOT / named[1]).splitlines())
            for line in filter(None, map(str.strip, lines)):
                assert line == "..." or line in there, f"{page.name}: {named[1]} has no line (there) {line!r}"
    assert found, "docs/mathematics.md shows no code"


def test_links_lead_somewhere() -> None:
    dead: list[str] = []
    for page in PAGES:
        prose = re.sub(r"```.*?```|`[^`\n]+`", "", text(page), flags=re.DOTALL)
        for one, other in LINK.findall(prose):
            target = (one or other).partition("#")[0]
            if target and not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                dead.append(f"{os.path.relpath(page, ROOT)}: {target}")
    assert not dead, "; ".join(dead)


def test_the_readme_shows_before_it_tells() -> None:
    title, *rest = text(README).splitlines()
    assert title.startswith("# ")
    first = "\n".join(rest).partition("\n#")[0]
    assert len(first.splitlines()) <= 40, "the first screen is longer than a screen"
    assert "make demo" in code(first)
    assert "make test" in code(first)
    pictures = [one or other for one, other in LINK.findall(first) if (one or other).endswith((".png", ".svg"))]
    assert pictures, "no picture stands on the first screen"
    assert all((ROOT / picture).is_file() for picture in pictures), pictures
