"""The Python API on arrays: fitted, asked, saved and loaded as on strings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from heedful import Report, Result, Seq2Seq
from heedful.data.corpus import Corpus, corpus_of
from heedful.data.digits import drawn_digits
from heedful.data.settings import DataSettings
from heedful.errors import DataError, SettingsError
from heedful.training.prepare import corpora
from heedful.training.run import choose

Array = NDArray[Any]
Pairs = list[tuple[Any, str]]
LETTERS, FEATURES = "abcd", 6
SMALL: dict[str, Any] = {"hidden_size": 16, "embedding_size": 8, "dropout": 0.0}
QUICK: dict[str, Any] = {"updates": 12, "validate_every": 6, "warmup": 3, "batch_size": 16, "learning_rate": 0.02}
SIGNS = np.random.default_rng(0).normal(size=(len(LETTERS), FEATURES))
"""What every letter looks like."""


def spelled(count: int, seed: int, *, grid: bool = False) -> Pairs:
    """Words of one to four letters: two noisy frames a letter, or a row of a grid a letter."""
    random = np.random.default_rng(seed)
    pairs: Pairs = []
    for _ in range(count):
        letters = random.integers(0, len(LETTERS), size=random.integers(1, 5))
        frames = np.repeat(SIGNS[letters], 2, axis=0)
        frames += 0.1 * random.normal(size=frames.shape)
        array = frames.reshape(len(letters), 2, FEATURES) if grid else frames
        pairs.append((array.astype(np.float32), "".join(LETTERS[letter] for letter in letters)))
    return pairs


PAIRS, CELLS = spelled(120, 1), spelled(120, 2, grid=True)


@pytest.fixture(scope="module")
def flat() -> Seq2Seq:
    """A model of (time, features) that has learned next to nothing, quickly."""
    return Seq2Seq(**SMALL).fit(PAIRS, **QUICK)


@pytest.fixture(scope="module")
def cells() -> Seq2Seq:
    """A model of (height, width, features)."""
    return Seq2Seq(**SMALL).fit(CELLS, **QUICK)


@pytest.fixture(params=["flat", "cells"])
def either(request: pytest.FixtureRequest) -> tuple[Seq2Seq, Pairs]:
    """Each of them with its pairs."""
    model = request.getfixturevalue(request.param)
    assert isinstance(model, Seq2Seq)
    return model, PAIRS if request.param == "flat" else CELLS


def asked(pairs: Pairs, count: int = 7) -> list[Array]:
    """Sources of different lengths."""
    return [source for source, _ in pairs[:count]]


def alike(one: list[Result], other: list[Result]) -> None:
    """The same strings, and scores within 1e-5."""
    for here, there in zip(one, other, strict=True):
        assert here.source == there.source
        assert [each.text for each in here.hypotheses] == [each.text for each in there.hypotheses]
        for mine, yours in zip(here.hypotheses, there.hypotheses, strict=True):
            assert mine.score == pytest.approx(yours.score, abs=1e-5)
            assert (mine.attention is None) == (yours.attention is None)
            if mine.attention is not None and yours.attention is not None:
                assert mine.attention.source == yours.attention.source
                np.testing.assert_allclose(mine.attention.weights, yours.attention.weights, atol=1e-5)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("grid", [False, True])
def test_what_arrays_say_is_learned(grid: bool, tmp_path: Path) -> None:
    train, test = spelled(300, 3, grid=grid), spelled(60, 4, grid=grid)
    model = Seq2Seq(**SMALL).fit(
        train, dev=test, updates=250, validate_every=50, warmup=10, batch_size=32, learning_rate=0.02
    )
    report = model.evaluate(test, resamples=0)
    assert isinstance(report, Report)
    assert report.metrics["accuracy"].value > 90
    assert report.count == 60
    model.save(tmp_path / "mine")
    again = Seq2Seq.load(tmp_path / "mine")
    assert again.predict([source for source, _ in test]) == model.predict([source for source, _ in test])


def test_what_arrays_are_like_is_known_after_fitting(flat: Seq2Seq, cells: Seq2Seq) -> None:
    for model, grid in ((flat, False), (cells, True)):
        (column,) = model.predictor.codec.data.source
        assert (column.unit, column.features, column.grid) == ("vectors", FEATURES, grid)


def test_a_batch_is_its_sources_one_by_one_in_any_order(either: tuple[Seq2Seq, Pairs]) -> None:
    model, pairs = either
    sources = asked(pairs)
    together = model.search(sources, n_best=3)
    alike([model.search([source], n_best=3)[0] for source in sources], together)
    order = np.random.default_rng(3).permutation(7).tolist()
    alike(model.search([sources[place] for place in order], n_best=3), [together[place] for place in order])
    alike(model.search(sources, n_best=3, batch_size=2), together)
    assert model.predict(iter(sources), n_best=3) == [result.text for result in together]


def test_more_sources_than_stand_in_memory_at_once(flat: Seq2Seq, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = asked(PAIRS, 25)
    expected = flat.search(sources)
    monkeypatch.setattr("heedful.predictor.CHUNK", 4)
    alike(flat.search(sources), expected)


def test_saving_and_loading_changes_nothing(either: tuple[Seq2Seq, Pairs], tmp_path: Path) -> None:
    model, pairs = either
    model.save(tmp_path / "mine")
    again = Seq2Seq.load(tmp_path / "mine")
    for one, other in zip(model.search(asked(pairs)), again.search(asked(pairs)), strict=True):
        assert one.record() == other.record()
    again.save(tmp_path / "copy")
    for name in ("weights.safetensors", "vocabularies.json", "settings.json"):
        assert (tmp_path / "mine" / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()
    again.fit(pairs[:40], **QUICK)  # a model of the same kind, from the beginning
    assert again.predictor.codec.data.source == model.predictor.codec.data.source


def test_the_same_seed_gives_the_same_model() -> None:
    one, other = (Seq2Seq(**SMALL).fit(PAIRS[:40], **QUICK).predictor.network.state_dict() for _ in range(2))
    for name, value in one.items():
        np.testing.assert_array_equal(value.numpy(), other[name].numpy())


def test_attention_names_frames_and_cells(flat: Seq2Seq, cells: Seq2Seq, tmp_path: Path) -> None:
    frames = next(source for source, target in PAIRS if len(target) == 3)
    found = flat.attend(frames, "abc")
    assert found.source == ("0", "1", "2", "3", "4", "5")
    assert found.target == ("a", "b", "c")
    assert found.weights.shape == (3, 6)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-5)
    grid = next(source for source, target in CELLS if len(target) == 3)
    seen = cells.attend(grid, "abc")
    assert seen.source == ("1,1", "1,2", "2,1", "2,2", "3,1", "3,2")
    assert seen.weights.shape == (3, 6)
    assert seen.scene is not None
    assert seen.scene.pixels is None
    for heatmap in (found, seen, flat.attend(frames)):
        assert str(heatmap)
        for suffix in ("png", "svg", "json", "txt"):
            path = heatmap.save(tmp_path / f"map.{suffix}")
            assert path.stat().st_size > 0
        json.loads((tmp_path / "map.json").read_text())


def test_what_the_encoder_says(flat: Seq2Seq, cells: Seq2Seq) -> None:
    for model, pairs in ((flat, PAIRS), (cells, CELLS)):
        for each, source in zip(model.encode(asked(pairs, 3)), asked(pairs, 3), strict=True):
            assert each.memory.shape == (source.size // FEATURES, 16)
            assert np.isfinite(each.memory).all()


def test_results_are_plain_values(flat: Seq2Seq) -> None:
    results = flat.search(asked(PAIRS, 3), n_best=2)
    assert all(result.source.startswith("array ") for result in results)
    assert len({result.source for result in results}) == 3
    json.dumps([result.record() for result in results], allow_nan=False)
    assert flat.search([]) == []
    assert flat.predict([]) == []


@pytest.mark.usefixtures("unchecked")
def test_files_and_lists_are_as_good_as_arrays(either: tuple[Seq2Seq, Pairs], tmp_path: Path) -> None:
    model, pairs = either
    expected = model.predict(asked(pairs, 3))
    paths: list[Any] = []
    for number, array in enumerate(asked(pairs, 3)):
        np.save(tmp_path / f"{number}.npy", array)
        paths.append(tmp_path / f"{number}.npy")
    assert model.predict(paths) == expected
    assert model.predict([str(path) for path in paths]) == expected
    assert model.predict([paths[0], *asked(pairs, 3)[1:]]) == expected
    assert model.predict([array.tolist() for array in asked(pairs, 3)]) == expected
    assert model.predict([np.asfortranarray(array.astype(np.float64)) for array in asked(pairs, 3)]) == expected
    assert model.attend(paths[0]).source == model.attend(asked(pairs, 1)[0]).source
    assert model.search([str(paths[0])])[0].source == str(paths[0])


def test_wrong_features_are_refused_and_both_numbers_named(flat: Seq2Seq, cells: Seq2Seq) -> None:
    fine, wrong = asked(PAIRS, 1)[0], np.zeros((3, FEATURES + 2), np.float32)
    for ask in (flat.predict, flat.search, flat.encode):
        with pytest.raises(DataError) as caught:
            ask([fine, wrong])
        (said,) = caught.value.problems
        assert said.startswith("source 2: array ")
        assert said.endswith(" (3 × 8): has 8 features, and the column has 6")
    with pytest.raises(DataError, match="has 8 features, and the column has 6"):
        flat.attend(wrong)
    with pytest.raises(DataError, match="has 8 features, and the column has 6"):
        flat.attend(wrong, "abc")
    with pytest.raises(DataError, match="has 3 axes, and the others of its column have 2"):
        flat.predict(asked(CELLS, 1))
    with pytest.raises(DataError, match="has 2 axes, and the others of its column have 3"):
        cells.predict(asked(PAIRS, 1))
    with pytest.raises(DataError, match="pair 2: the source has 8 features, and the column has 6"):
        flat.evaluate([(fine, "a"), (wrong, "b")])


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (np.zeros((0, FEATURES)), "is empty"),
        (np.zeros(FEATURES), "is an array of float64 of the shape (6,)"),
        (np.full((2, FEATURES), np.nan), "holds numbers that are not finite"),
        (np.zeros((5000, FEATURES)), "gives 5,000 frames, more than max_frames = 4,000"),
        (np.zeros((2, FEATURES), complex), "a source is an array or the path of a file"),
        (None, "a source is an array or the path of a file"),
        ([[1.0], [1.0, 2.0]], "a source is an array or the path of a file"),
        ("nowhere.npy", "nowhere.npy: no such file"),
        ("", "names no file"),
    ],
)
@pytest.mark.usefixtures("unchecked")  # that what is given is no source is for Heedful to say
def test_wrong_sources_are_refused(flat: Seq2Seq, source: Any, says: str) -> None:
    with pytest.raises(DataError) as caught:
        flat.predict([asked(PAIRS, 1)[0], source])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pairs", [PAIRS, CELLS], ids=["flat", "cells"])
def test_bad_pairs_are_refused_with_their_number(pairs: Pairs) -> None:
    first = pairs[0][0]
    for bad, says in (
        (np.repeat(first, 2, axis=-1), "pair 3: the source has 12 features"),
        (first[..., :0], "pair 3: the source has 0 features"),
        (first[:0], "pair 3: the source is empty"),
    ):
        with pytest.raises(DataError) as caught:
            Seq2Seq(**SMALL).fit([*pairs[:2], (bad, "a"), *pairs[3:9]], **QUICK)
        assert str(caught.value).startswith(says)


def test_equal_arrays_stay_on_one_side_when_some_are_held_out() -> None:
    one, other = (np.full((2, FEATURES), value, np.float32) for value in (1, 2))
    sizes: list[tuple[int, int]] = []
    pairs: Pairs = [(one.copy(), "a") for _ in range(9)] + [(other.copy(), "b") for _ in range(5)]

    def watch(event: Any) -> None:
        if event.kind == "started":
            sizes.append((event.train, event.dev))

    Seq2Seq(**SMALL).fit(pairs, watch=watch, updates=1, warmup=0, validate_every=1)
    assert sizes[0] in ((9, 5), (5, 9))
    with pytest.raises(DataError, match="nothing can be held out, all rows have one source"):
        Seq2Seq(**SMALL).fit(pairs[:9], **QUICK)


@pytest.mark.parametrize("turned", [False, True])
def test_arrays_beside_text(turned: bool, tmp_path: Path) -> None:
    """In tuples, either first; nothing has to be said of them."""
    both: Pairs = [((array, "xy" * (len(target) % 2 + 1)), target) for array, target in PAIRS[:60]]
    pairs = [(source[::-1], target) for source, target in both] if turned else both
    model = Seq2Seq(**SMALL).fit(pairs, **QUICK)
    sources = [source for source, _ in pairs[:7]]
    expected = model.search(sources)
    alike([model.search([source])[0] for source in sources], expected)
    found = model.attend(sources[0])
    frames = tuple(str(number) for number in range(len(both[0][0][0])))
    letters = tuple(both[0][0][1])
    assert found.source == (letters + frames if turned else frames + letters)
    model.save(tmp_path / "mine")
    alike(Seq2Seq.load(tmp_path / "mine").search(sources), expected)
    with pytest.raises(DataError, match="columns"):
        model.predict([(sources[0][0],)])


def test_pictures_from_python() -> None:
    """Grey pixels as they are, by saying that they are pictures."""
    pairs: Pairs = [(each.pixels, each.target) for each in drawn_digits(40, seed=1, fewest=1, most=2)]
    keys = {"reader_channels": (2, 2, 2), "subsampling": 4}
    model = Seq2Seq(source={"unit": "columns", "height": 16}, **SMALL, **keys).fit(pairs, **(QUICK | {"updates": 4}))
    found = model.attend(pairs[0][0], "12")
    assert found.scene is not None
    assert found.scene.pixels is not None
    np.testing.assert_array_equal(found.scene.pixels[..., 0], pairs[0][0])
    coloured = np.repeat(pairs[0][0][..., None], 3, axis=2)
    assert model.predict([coloured]) == model.predict([pairs[0][0]])


def test_a_reader_that_cannot_read_vectors_is_refused() -> None:
    for reader in ("convolution", "grid", "embedding"):
        with pytest.raises(SettingsError, match="use reader = 'projection'"):
            Seq2Seq(source="vectors", reader=reader, **SMALL).fit(PAIRS[:20], **QUICK)


@pytest.mark.parametrize("given", [{"subsampling": 1}, {"subsampling": 2}, {"subsampling": 8}, {"reader": "grid"}, {}])
def test_rows_of_weights_sum_to_one_whatever_the_subsampling(given: dict[str, Any]) -> None:
    """As many names and boxes as positions; boxes that together cover the picture."""
    pairs = [(drawn.pixels, drawn.target) for drawn in drawn_digits(24, 5)]
    model = Seq2Seq(source="columns", hidden_size=8, embedding_size=4, **given).fit(pairs, updates=3, batch_units=9000)
    for pixels, target in pairs[:5]:
        looked = model.attend(pixels, target)
        assert looked.scene is not None
        assert looked.scene.boxes.shape == (len(looked.source), 4)
        np.testing.assert_allclose(looked.weights.sum(axis=1), 1, atol=1e-5)
        left, top, right, bottom = looked.scene.boxes.T
        assert float(((right - left) * (bottom - top)).sum()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("subsampling", [3, 6, 32])
def test_a_subsampling_that_halving_cannot_reach_is_refused(subsampling: int) -> None:
    pairs = [(drawn.pixels, drawn.target) for drawn in drawn_digits(12, 5)]
    with pytest.raises(SettingsError, match=f"subsampling is one of 1, 2, 4, 8, 16, found {subsampling}"):
        Seq2Seq(source="columns", hidden_size=8, subsampling=subsampling).fit(pairs, updates=3)


@pytest.mark.parametrize("unit", [{"unit": "columns", "join": 8}, {"unit": "patches", "patch": 16}])
def test_boxes_lie_on_the_picture_and_not_on_the_paper_behind_it(unit: dict[str, Any]) -> None:
    """A picture of 36 columns: frames of 8 or 16 fill up the last one, and a map is drawn on what there is."""
    pairs = [(np.full((32, 36), number * 9, np.uint8), "ab"[number % 2]) for number in range(12)]
    model = Seq2Seq(source={**unit, "height": 32}, hidden_size=8, embedding_size=4, reader="projection")
    looked = model.fit(pairs, updates=2, batch_units=9000).attend(pairs[0][0], "a")
    assert looked.scene is not None
    wide = unit.get("join") or unit["patch"]
    edges = sorted({round(float(edge) * 36) for edge in looked.scene.boxes[:, ::2].flatten()})
    assert edges == [*range(0, 36, wide), 36]


def test_dev_has_the_form_of_what_is_trained_on(tmp_path: Path) -> None:
    for folder, features in (("train", 5), ("dev", 6)):
        (tmp_path / folder).mkdir()
        for number in range(6):
            np.save(tmp_path / folder / f"{number}.npy", np.ones((4, features)) * number)
        lines = "".join(f"{number}.npy\t{'ab'[number % 2]}\n" for number in range(6))
        (tmp_path / folder / "all.tsv").write_text(lines)
    settings = DataSettings.model_validate(
        {"train": str(tmp_path / "train/all.tsv"), "dev": str(tmp_path / "dev/all.tsv"), "source": {"unit": "vectors"}}
    )
    with pytest.raises(DataError, match=r"dev/all.tsv:1: the source 0.npy: has 6 features, and the column has 5"):
        corpora(settings)


def test_an_array_is_no_list_of_sources_and_paths_say_no_unit(flat: Seq2Seq) -> None:
    with pytest.raises(DataError, match="one array of the shape .*; put it into a list"):
        flat.predict(PAIRS[0][0])
    with pytest.raises(SettingsError, match=r"Seq2Seq\(source='columns'\)"):
        Seq2Seq().fit([(Path("1.png"), "a"), (Path("2.png"), "b")])


@pytest.mark.parametrize(
    ("frames", "given", "ctc", "attention"),
    [
        (30, {}, False, "luong"),
        (200, {}, True, "bahdanau"),
        (200, {"subsampling": 4}, False, "luong"),
        (200, {"ctc": False, "attention": "fixed"}, False, "fixed"),
        (200, {"input_feeding": True}, True, "luong"),
    ],
)
def test_attention_over_long_sources_gets_help_unless_somebody_decides(
    frames: int, given: dict[str, Any], ctc: bool, attention: str
) -> None:
    pairs = [(np.full((frames, 3), float(number)), "ab"[number % 2]) for number in range(8)]
    table = {"data": {"source": {"unit": "vectors"}}, "model": given}

    def read(settings: DataSettings) -> tuple[Corpus, Corpus]:
        corpus = corpus_of(pairs, settings)
        return corpus, corpus

    model = choose(table, [], "fit", read)[0].recipe.model
    assert (model.ctc, model.attention) == (ctc, attention)
