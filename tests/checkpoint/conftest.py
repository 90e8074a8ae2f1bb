"""A saved model."""

import shutil
from pathlib import Path

import pytest

from heedful.checkpoint import save
from tests.checkpoint.folders import make


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with its training state, for copying."""
    path = tmp_path_factory.mktemp("saved") / "best"
    save(make(), path)
    return path


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A small model with its training state, as the best of a run, to be harmed."""
    path = tmp_path / "run" / "best"
    shutil.copytree(saved, path)
    return path
