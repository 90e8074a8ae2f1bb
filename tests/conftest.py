"""For every test: shapes and types are checked at run time, one thread, and slowness is no failure of a property."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import jaxtyping
import pytest
import torch
from jaxtyping import install_import_hook

from tests import typechecking

if TYPE_CHECKING:
    from heedful.native.calls import Kernels

loaded = sorted(name for name in sys.modules if name.startswith("heedful."))
assert not loaded, f"these were imported before their types could be checked: {loaded}"
install_import_hook("heedful", f"{typechecking.__name__}.{typechecking.checked.__name__}")

torch.set_num_threads(1)  # the tests are small: a second thread only waits for the first
hypothesis.settings.register_profile("heedful", deadline=None)
hypothesis.settings.load_profile("heedful")


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Without the checks of shapes and types: for what trains long or measures time."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def compiled() -> "Iterator[Kernels]":
    """The compiled loops, switched on; a test that needs them is skipped where they cannot be had."""
    from heedful.native import kernels  # only now: its types are checked from its import on

    with kernels.switched(on=True):
        found = kernels.active()
        if found is None:
            pytest.skip("no compiled loops: there is no C++ compiler for them, or HEEDFUL_NATIVE=0 turned them off")
        yield found
