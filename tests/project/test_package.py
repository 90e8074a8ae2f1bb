"""The package as others get it: quick to import, small in names, and whole in a wheel."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import heedful
from heedful import __version__
from heedful.native import build
from tests.project.places import PACKAGE, ROOT

PUBLIC = {"Alignment", "Heatmap", "HeedfulError", "Hypothesis", "Report", "Result", "Seq2Seq", "__version__"}
ARCHIVED = ("pyproject.toml", "README.md", "LICENSE", "Makefile", "constraints.txt", "recipes/demo.toml")
HEAVY = ("torch", "matplotlib", "numpy", "pydantic", "sacrebleu")


def python(*arguments: str, folder: Path = ROOT) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(statement: str) -> set[str]:
    """Which heavy packages are loaded after a statement."""
    written = python(
        "-c", f"{statement}\nimport json, sys\nprint(json.dumps([n for n in {HEAVY} if n in sys.modules]))"
    )
    return set(json.loads(written.splitlines()[-1]))


def test_public_names_are_these() -> None:
    assert set(heedful.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(heedful, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Seq3Seq'"):
        heedful.Seq3Seq  # noqa: B018


def test_importing_costs_nothing() -> None:
    assert loaded("import heedful") == set()


@pytest.mark.parametrize(
    "module",
    ["choices", "errors", "results", "settings", "model.settings", "training.recipe", "evaluation.report", "data.toy"],
)
def test_words_and_settings_load_no_torch(module: str) -> None:
    assert "torch" not in loaded(f"import heedful.{module}")


def test_pictures_load_no_torch_and_no_matplotlib_before_a_dot_is_drawn() -> None:
    assert loaded("import heedful.inspection.renderers") <= {"numpy"}


@pytest.mark.parametrize("arguments", ["--help", "--version", "train --help", "predict --help"])
def test_help_loads_no_torch(arguments: str) -> None:
    run = f"sys.argv = {['heedful', *arguments.split()]}\ntry:\n    main()\nexcept SystemExit:\n    pass"
    assert loaded(f"import sys\nfrom heedful.cli.main import main\n{run}") & {"torch", "matplotlib"} == set()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "hatchling", "build", "-d", str(folder))
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = {name for name in names if not name.startswith(f"heedful-{__version__}.dist-info/")}
    there = {
        f"heedful/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".typed", ".cpp", ".hpp", ".js", ".css", ".html", ".svg"}
    }
    assert package == there
    assert "heedful/py.typed" in package
    assert package.issuperset(f"heedful/native/{name}" for name in (*build.SOURCES, *build.HEADERS))
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_archive_is_enough_to_build_and_test(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    for needed in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "constraints.txt",
        "heedful/py.typed",
        "tests/conftest.py",
    ):
        assert needed in names, f"the source archive has no {needed}"
    unwanted = [name for name in names if name.startswith((".venv", "runs", ".git/", "dist")) or "__pycache__" in name]
    assert not unwanted


def test_the_wheel_works_by_itself(built: Path, tmp_path: Path) -> None:
    """In an environment of its own that sees the packages of this one, but not the checkout."""
    (wheel,) = built.glob("*.whl")
    venv = tmp_path / "venv"
    python("-m", "venv", "--without-pip", str(venv))
    own = venv / "bin" / "python"
    install = ("install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel))
    python("-m", "pip", "--python", str(own), *install)
    (site,) = (venv / "lib").glob("python*/site-packages")
    here = [path for path in sys.path if path.endswith("site-packages")]
    (site / "others.pth").write_text("".join(f"{path}\n" for path in here), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert run(str(venv / "bin" / "heedful"), "--version").endswith(__version__)
    assert Path(run(str(own), "-c", "import heedful; print(heedful.__file__)")).is_relative_to(venv)
    assert run(str(own), "-c", "from heedful import Seq2Seq; print(Seq2Seq.__name__)") == "Seq2Seq"
