import numpy as np

from heedful.inspection import pharaoh
from heedful.results import Alignment


def test_every_output_unit_is_paired_with_its_brightest_input(known: Alignment) -> None:
    assert pharaoh.render(known) == "1-0 2-1\n"


def test_of_equal_weights_the_first_wins() -> None:
    even = Alignment(("a", "b"), ("x",), np.full((1, 2), 0.5, dtype=np.float32))
    assert pharaoh.render(even) == "0-0\n"


def test_a_threshold_leaves_unsure_ones_unpaired(known: Alignment) -> None:
    assert pharaoh.render(known, threshold=0.6) == "1-0\n"


def test_nothing_to_pair() -> None:
    assert pharaoh.render(Alignment((), ("x",), np.zeros((1, 0), dtype=np.float32))) == "\n"
    assert pharaoh.render(Alignment(("a",), (), np.zeros((0, 1), dtype=np.float32))) == "\n"
