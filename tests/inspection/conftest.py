"""The alignment that most of these tests draw."""

import numpy as np
import pytest

from heedful.results import Alignment


@pytest.fixture
def known() -> Alignment:
    """Three inputs, two outputs, and weights that a test can name."""
    weights = np.array([[0.0, 1.0, 0.0], [0.25, 0.25, 0.5]], dtype=np.float32)
    return Alignment(("a", "b", "c"), ("x", "y"), weights)
