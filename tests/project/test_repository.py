"""What is in the repository, and what is not."""

import os
import re
import tomllib
from importlib.metadata import version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from heedful import __version__
from tests.project.places import ROOT, tracked

PICTURES = {".gif", ".jpg", ".png", ".svg", ".webp"}
TARGETS = ("setup", "demo", "test", "test-all", "check", "bench", "format", "wheel")
# in parts, so that this file names none of them
REGISTRIES = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("download", "pytorch", "org"), ("anaconda", "org"), ("npmjs", "org"),
    ("npmjs", "com"), ("crates", "io"), ("rubygems", "org"), ("conda", "io"),
)]  # fmt: skip

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> dict[str, str]:
    """Package and version of every line of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): pinned for name, pinned in pairs}


def test_only_words_are_kept_here() -> None:
    """No data and nothing binary, but for pictures under docs and the small models of released formats."""
    for path in tracked():
        place = path.relative_to(ROOT).as_posix()
        if place.startswith("tests/formats/") or (place.startswith("docs/") and path.suffix in PICTURES):
            assert path.stat().st_size <= 1_000_000, f"{place} is large"
            continue
        content = path.read_bytes()
        assert b"\0" not in content, f"{place} is binary"
        assert content.decode("utf-8") is not None
        assert len(content) <= 200_000, f"{place} is large: data do not belong here"
        assert path.suffix not in {".tsv", ".csv", ".jsonl", ".parquet", ".safetensors", ".pt", ".pkl"}, (
            f"{place} is data"
        )


def test_no_registry_is_named() -> None:
    """Where packages come from is the machine's affair."""
    for path in tracked():
        content = path.read_bytes().decode("utf-8", "replace")
        named = [host for host in REGISTRIES if host in content]
        assert not named, f"{path.relative_to(ROOT)} names {named}"


def test_a_version_is_said_in_one_voice() -> None:
    assert PROJECT["version"] == __version__
    assert version("heedful") == __version__, "this environment holds another version; make setup"
    assert re.search(
        rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_everything_needed_is_pinned_within_its_range() -> None:
    pinned = pins()
    extras = PROJECT["optional-dependencies"]
    needs = list(map(Requirement, [*PROJECT["dependencies"], *extras["dev"]]))
    ours = [needed for needed in needs if needed.name == PROJECT["name"]]  # dev takes extras along
    for needed in [*needs, *(Requirement(line) for own in ours for extra in own.extras for line in extras[extra])]:
        if needed in ours:
            continue
        name = canonicalize_name(needed.name)
        assert name in pinned, f"constraints.txt has no {name}"
        assert needed.specifier.contains(pinned[name]), f"{name} is pinned to {pinned[name]}, which {needed} rules out"
    assert "+" not in pinned["torch"], "a local build is one machine's"


def test_set_up_is_two_commands() -> None:
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in TARGETS:
        assert re.search(rf"^{target}:", made, re.MULTILINE), f"there is no make {target}"
    ci = ROOT / ".ci" / "run"
    assert os.access(ci, os.X_OK)
    assert "make check test" in ci.read_text(encoding="utf-8")


def test_who_helps_reads_a_page_and_may_use_what_is_here() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) < 50
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "Version 2.0" in licence
    assert PROJECT["license"] == "Apache-2.0"
