"""Pictures of digits: where every figure stands is known, and the model looks there while it writes it."""

import pytest

from heedful import Seq2Seq
from heedful.data.digits import DrawnDigits, drawn_digits
from heedful.results import Alignment

TRAIN, DEV, TEST = 3_000, 100, 300


def looks_at_it(alignment: Alignment, drawn: DrawnDigits) -> list[bool]:
    """Whether the centre of the brightest position lies in the box of the figure being written, figure by figure."""
    assert alignment.scene is not None
    height, width = drawn.pixels.shape
    found: list[bool] = []
    for weights, (left, top, right, bottom) in zip(alignment.weights, drawn.boxes, strict=True):
        box = alignment.scene.boxes[weights.argmax()]
        x, y = (box[0] + box[2]) / 2 * width, (box[1] + box[3]) / 2 * height
        found.append(bool(left <= x < right and top <= y < bottom))
    return found


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("attention", ["bahdanau", pytest.param("luong", marks=pytest.mark.slow)])
def test_the_brightest_place_lies_in_the_box_of_the_figure_being_written(attention: str) -> None:
    """Asked: 95 % of the figures (issue 4). Of pictures that it never saw, along the right outputs."""
    pictures = drawn_digits(TRAIN + DEV + TEST, seed=3)
    pairs = [(drawn.pixels, drawn.target) for drawn in pictures]
    model = Seq2Seq(
        source="columns", target="letters", attention=attention, hidden_size=128, embedding_size=64, dropout=0.3,
        encoder_cell="rnn", decoder_cell="lstm", bidirectional=False, scorer="location", reader="convolution",
        reader_channels=(24, 48, 64), subsampling=4,
    )  # fmt: skip
    model.fit(
        pairs[:TRAIN], dev=pairs[TRAIN : TRAIN + DEV], updates=700, validate_every=700, warmup=40, learning_rate=3e-3,
        batch_size=64, batch_units=100_000, average=0.98,
    )  # fmt: skip
    unseen = pictures[TRAIN + DEV :]
    assert model.evaluate([(drawn.pixels, drawn.target) for drawn in unseen]).value("accuracy") >= 90.0
    found = [model.attend(drawn.pixels, drawn.target) for drawn in unseen]
    right = [each for alignment, drawn in zip(found, unseen, strict=True) for each in looks_at_it(alignment, drawn)]
    assert sum(right) / len(right) >= 0.95
