"""Rows whose source columns are pictures, sounds or arrays: named in a file, or given in Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from PIL import Image

from heedful.data import gathering
from heedful.data.batches import encode, make
from heedful.data.corpus import Corpus, corpus_of, hold_out, read_corpus
from heedful.data.digits import drawn_digits
from heedful.data.frames import Kind
from heedful.data.gathering import column_of
from heedful.data.media import Media, settled
from heedful.data.settings import Column, DataSettings
from heedful.data.store import Kept, Live
from heedful.data.units import build
from heedful.data.vocabulary import Vocabulary
from heedful.errors import DataError

PICTURES: dict[str, Any] = {"unit": "columns", "height": 8}
ONE = DataSettings.model_validate({"source": PICTURES})
DRAWN = drawn_digits(6, seed=2)
PIXELS = [each.pixels for each in DRAWN]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and another folder to stand in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures 0.png to 5.png in a folder ``p``."""
    (tmp_path / "p").mkdir()
    for number, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / "p" / f"{number}.png")
    return tmp_path


def read(folder: Path, content: str, settings: DataSettings = ONE, **more: Any) -> Corpus:
    """The rows of a file in this folder."""
    (folder / "mine.tsv").write_text(content)
    return read_corpus(str(folder / "mine.tsv"), settings, **more)


def medium(item: object) -> Media:
    """What is no text."""
    assert isinstance(item, Media)
    return item


def frames(item: object) -> NDArray[np.float32]:
    """The frames of a medium."""
    found = medium(item)
    padded = column_of([found]).pad(np.array([0]))
    return padded.values[0].numpy()


def alone(pixels: NDArray[Any], settings: DataSettings = ONE) -> NDArray[np.float32]:
    """The frames of a picture given as an array, and nothing else."""
    return frames(corpus_of([(pixels, "x")], settings).sources[0][0])


def problems(call: Any, *given: Any, **more: Any) -> list[str]:
    """What is said of bad rows."""
    with pytest.raises(DataError) as caught:
        call(*given, **more)
    assert all("\n" not in each for each in caught.value.problems)
    return caught.value.problems


def test_files_are_named_relative_to_the_file_that_names_them(folder: Path) -> None:
    absolute = folder / "p" / "2.png"
    corpus = read(folder, f"p/0.png\ta\n./p/../p/1.png\tb\n{absolute}\tc\n")
    assert [str(source[0]) for source in corpus.sources] == ["p/0.png", "./p/../p/1.png", str(absolute)]
    assert corpus.targets == ["a", "b", "c"]
    for (item,), pixels in zip(corpus.sources, PIXELS, strict=False):
        np.testing.assert_array_equal(frames(item), alone(pixels))
        assert medium(item).length == len(alone(pixels))
        assert isinstance(medium(item).origin, Path)


def test_the_base_of_a_recipe_says_where_the_file_is_and_the_file_where_the_pictures_are(folder: Path) -> None:
    (folder / "p" / "mine.tsv").write_text("0.png\ta\n")
    assert len(read_corpus("p/mine.tsv", ONE, base=folder)) == 1


def test_parallel_files_name_them_relative_to_the_source(folder: Path) -> None:
    (folder / "p" / "source").write_text("0.png\n1.png\n2.png\n")
    (folder / "target").write_text("a\nb\nc\n")
    corpus = read_corpus((str(folder / "p" / "source"), str(folder / "target")), ONE)
    assert [str(pair.source[0]) for pair in corpus] == ["0.png", "1.png", "2.png"]
    (folder / "p" / "1.png").unlink()
    said = problems(read_corpus, (str(folder / "p" / "source"), str(folder / "target")), ONE)
    assert said == [f"{folder}/p/source:2: the source 1.png: no such file"]


BAD = (
    "p/0.png\ta\nno/where.png\tb\np/words.png\tc\np/1.png\t\np/huge.png\td\n \te\n"
    "p/cut.png\tf\np\tg\np/5.png\th\np/wide.png\ti\n"
)


@pytest.fixture
def bad(folder: Path) -> list[str]:
    """Files that are bad in many ways, and what is said of the lines of ``BAD``."""
    (folder / "p" / "words.png").write_text("words")
    Image.new("1", (5000, 5000)).save(folder / "p" / "huge.png")
    Image.new("L", (6000, 8)).save(folder / "p" / "wide.png")
    content = (folder / "p" / "2.png").read_bytes()
    (folder / "p" / "cut.png").write_bytes(content[: len(content) // 2])
    said = {
        4: "the target is empty",
        6: "the source names no file",
        2: "the source no/where.png: no such file",
        3: "the source p/words.png: is no picture that can be read (PNG, JPEG, BMP, GIF, TIFF, WEBP, PPM)",
        5: "the source p/huge.png: is a picture of 5,000 × 5,000 pixels, more than max_pixels = 20,000,000",
        7: "the source p/cut.png: is damaged (image file is truncated",
        8: "the source p: is a folder",
        10: "the source p/wide.png: gives 6,000 frames, more than max_frames = 4,000",
    }
    return [f"{folder}/mine.tsv:{line}: {why}" for line, why in said.items()]


def matches(found: Sequence[str], said: Sequence[str]) -> None:
    """Line for line, as far as we say it ourselves."""
    assert len(found) == len(said)
    for one, other in zip(found, said, strict=True):
        assert one.startswith(other)


@pytest.mark.parametrize("live", ["live", "cached"])
def test_every_bad_row_is_one_line_that_names_file_line_and_reason(live: str, folder: Path, bad: list[str]) -> None:
    settings = DataSettings.model_validate({"source": PICTURES, "frames": live})
    for _ in range(2):  # the second time out of the cache
        matches(problems(read, folder, BAD, settings), bad)
    with pytest.raises(DataError) as caught:
        read(folder, BAD, settings)
    assert str(caught.value).count("mine.tsv:") == 5
    assert "and 3 more" in str(caught.value)
    assert str(caught.value).endswith("fix the rows or pass --on-bad skip")


def test_one_bad_row_is_one_line(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(folder, "p/0.png\ta\np/9.png\tb\n")
    place = f"{folder}/mine.tsv:2"
    assert str(caught.value) == f"{place}: the source p/9.png: no such file; fix the row or pass --on-bad skip"


@pytest.mark.parametrize("live", ["live", "cached"])
def test_bad_rows_are_skipped_and_counted(live: str, folder: Path, bad: list[str]) -> None:
    settings = DataSettings.model_validate({"source": PICTURES, "on_bad": "skip", "frames": live})
    corpus = read(folder, BAD, settings)
    assert corpus.targets == ["a", "h"]
    assert [corpus.where(row) for row in range(2)] == [f"{folder}/mine.tsv:1", f"{folder}/mine.tsv:9"]
    matches(corpus.skipped, bad)
    assert len(read(folder, BAD, ONE, on_bad="skip")) == 2
    for (item,), pixels in zip(corpus.sources, (PIXELS[0], PIXELS[5]), strict=True):
        np.testing.assert_array_equal(frames(item), alone(pixels))


def test_nothing_that_can_be_read(folder: Path) -> None:
    with pytest.raises(DataError, match="none of its 2 rows can be used"):
        read(folder, "x.png\ta\ny.png\tb\n", on_bad="skip")


def test_a_file_that_stands_twice_is_one_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    whole = Kind.read

    def counted(self: Kind, path: Path) -> Any:
        names.append(path.name)
        return whole(self, path)

    monkeypatch.setattr(Kind, "read", counted)
    corpus = read(folder, f"p/0.png\ta\np/1.png\tb\n./p/0.png\tc\n{folder}/p/0.png\td\np/0.png\te\n")
    assert sorted(names) == ["0.png", "1.png"]
    first, other, dotted, absolute, again = (source[0] for source in corpus.sources)
    assert first == again == dotted == absolute
    assert len({first, again, dotted, absolute}) == 1
    assert first != other
    assert first != "p/0.png"


def test_columns_of_pictures_and_text_in_either_order(folder: Path) -> None:
    text = {"column": 3, "unit": "tags"}
    orders: list[list[dict[str, Any]]] = [[{"column": 1, **PICTURES}, text], [text, {"column": 1, **PICTURES}]]
    for order in orders:
        settings = DataSettings.model_validate({"source": order, "target": {"column": 2}})
        corpus = read(folder, "p/0.png\ta\tN;x\np/1.png\tb\tV\n", settings)
        place = 0 if order[1] is text else 1
        assert [source[1 - place] for source in corpus.sources] == ["N;x", "V"]
        for source, pixels in zip(corpus.sources, PIXELS, strict=False):
            np.testing.assert_array_equal(frames(source[place]), alone(pixels))
        assert problems(read, folder, "p/0.png\ta\tN\np/9.png\tb\tV\n", settings) == [
            f"{folder}/mine.tsv:2: the source column {place + 1} p/9.png: no such file"
        ]
        assert problems(read, folder, "p/0.png\ta\t\n", settings) == [
            f"{folder}/mine.tsv:1: the source column {2 - place} is empty"
        ]


def test_two_columns_of_files_and_a_row_that_is_bad_in_both_is_said_once(folder: Path) -> None:
    np.save(folder / "p" / "a.npy", np.ones((3, 2)))
    soundfile.write(folder / "p" / "a.wav", np.ones(900) * 0.1, 16_000)
    settings = DataSettings.model_validate(
        {"source": [{"column": 1, "unit": "vectors"}, {"column": 2, "unit": "log-mel"}], "target": {"column": 3}}
    )
    corpus = read(folder, "p/a.npy\tp/a.wav\tx\n", settings)
    assert [medium(item).length for item in corpus.sources[0]] == [3, 6]
    assert problems(read, folder, "p/a.npy\tp/a.wav\tx\np/b.npy\tp/b.wav\tx\n", settings) == [
        f"{folder}/mine.tsv:2: the source column 1 p/b.npy: no such file"
    ]


def test_held_out_by_name_so_a_picture_never_stands_on_both_sides(folder: Path) -> None:
    rows = "".join(f"p/{number}.png\t{target}\n" for number in range(6) for target in "abc")
    train, dev = hold_out(read(folder, rows), 0.3)
    names = [{str(source[0]) for source in side.sources} for side in (train, dev)]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 6
    assert [len(side) for side in (train, dev)] == [3 * len(names[0]), 3 * len(names[1])]
    (folder / "p" / "0.png").rename(folder / "p" / "6.png")  # the others keep their sides
    again = hold_out(read(folder, rows.replace("0.png", "6.png")), 0.3)[1]
    assert {str(source[0]) for source in again.sources} - {"p/6.png"} == names[1] - {"p/0.png"}


def test_frames_are_cached_or_live_as_the_settings_say(folder: Path) -> None:
    for said, expected in ((None, Kept), ("cached", Kept), ("live", Live)):
        settings = DataSettings.model_validate({"source": PICTURES, "frames": said})
        (item,) = read(folder, "p/0.png\ta\n", settings).sources[0]
        assert isinstance(medium(item).store, expected)


def test_somebody_is_told_how_far_it_is(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    read(folder, "p/0.png\ta\np/1.png\tb\np/0.png\tc\n", told=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_arrays_from_python() -> None:
    vectors = DataSettings.model_validate({"source": {"unit": "vectors"}})
    arrays = [np.arange(6.0).reshape(3, 2), np.ones((1, 2), np.int8), np.zeros((2, 2), bool)]
    pairs: list[Any] = [*((array, "x") for array in arrays), ((arrays[0],), "y"), ([[1, 2], [3, 4]], "z")]
    corpus = corpus_of(pairs, vectors)
    assert corpus.targets == ["x", "x", "x", "y", "z"]
    for (item,), array in zip(corpus.sources, [*arrays, arrays[0], np.array([[1, 2], [3, 4]])], strict=True):
        np.testing.assert_array_equal(frames(item), array)
    items = [source[0] for source in corpus.sources]
    assert items[0] == items[3]
    assert len(set(items)) == 4
    assert str(items[0]).startswith("array ")
    assert str(items[0]).endswith(" (3 × 2)")
    assert settled(vectors.source[0], items) == Column(unit="vectors", features=2, grid=False)


def test_equal_arrays_are_one_source_and_others_are_not() -> None:
    vectors = DataSettings.model_validate({"source": {"unit": "vectors"}})
    base = np.arange(6.0).reshape(3, 2)
    same = [base, base.copy(), np.asfortranarray(base), base[::1]]
    others = [base + 1, base.reshape(1, 6)[:, :2], base.astype(np.float32)]
    items = [source[0] for source in corpus_of([(each, "x") for each in (*same, *others)], vectors).sources]
    assert len(set(items[:4])) == 1
    assert len(set(items)) == 4


def test_grids_from_python() -> None:
    grids = DataSettings.model_validate({"source": {"unit": "vectors"}})
    corpus = corpus_of([(np.ones((2, 3, 4)), "x"), (np.ones((5, 1, 4)), "y")], grids)
    assert [medium(source[0]).shape for source in corpus.sources] == [(2, 3), (5, 1)]
    assert [medium(source[0]).length for source in corpus.sources] == [6, 5]
    assert settled(grids.source[0], [corpus.sources[0][0]]) == Column(unit="vectors", features=4, grid=True)


def test_paths_from_python_stand_where_python_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    pairs: list[Any] = [("p/0.png", "a"), (Path("p/1.png"), "b"), ((folder / "p" / "2.png",), "c")]
    corpus = corpus_of(pairs, ONE)
    for (item,), pixels in zip(corpus.sources, PIXELS, strict=False):
        np.testing.assert_array_equal(frames(item), alone(pixels))
    mixed = corpus_of([*pairs, (PIXELS[3], "d")], ONE)  # files and arrays side by side
    for (item,), pixels in zip(mixed.sources, PIXELS, strict=False):
        np.testing.assert_array_equal(frames(item), alone(pixels))
    assert problems(corpus_of, [("p/0.png", "a"), ("p/9.png", "b")], ONE) == [
        "pair 2: the source p/9.png: no such file"
    ]
    assert problems(corpus_of, [(PIXELS[3], "a"), ("p/9.png", "b")], ONE) == [
        "pair 2: the source p/9.png: no such file"
    ]


MIXED = DataSettings.model_validate({"source": [{"unit": "vectors"}, {"unit": "letters"}]})


@pytest.mark.parametrize("turned", [False, True])
def test_arrays_and_text_side_by_side_in_tuples(turned: bool) -> None:
    settings = MIXED.model_copy(update={"source": MIXED.source[::-1]}) if turned else MIXED
    rows: list[Any] = [(np.ones((3, 2)), "abc"), (np.zeros((1, 2)), "d")]
    corpus = corpus_of([(row[::-1] if turned else row, "x") for row in rows], settings)
    for source, (array, text) in zip(corpus.sources, rows, strict=True):
        assert source[0 if turned else 1] == text
        np.testing.assert_array_equal(frames(source[1 if turned else 0]), array)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (None, "expected (source, target)"),
        (7, "the source is an array of int64 of the shape ()"),
        ({}, "expected (source, target)"),
        ([["a", "b"]], "expected (source, target)"),
        ([[1, 2], [3]], "expected (source, target)"),
        ([object()], "expected (source, target)"),
        (np.array([["a"]]), "expected (source, target)"),
        (np.ones((2, 2), complex), "expected (source, target)"),
        (np.array([[{}]], dtype=object), "expected (source, target)"),
        ((np.ones((2, 2)), np.ones((2, 2))), "expected (source, target)"),
        ((np.ones((2, 2)), "text"), "2 columns, but the source has 1 column"),
        ((), "0 columns, but the source has 1 column"),
        ("", "the source names no file"),
        ("  ", "the source names no file"),
        (np.ones(4), "the source is an array of float64 of the shape (4,)"),
        (np.ones((0, 2)), "the source is empty"),
        (np.ones((2, 3)), "the source has 3 features, and the first has 2"),
        (np.full((2, 2), np.nan), "the source holds numbers that are not finite"),
    ],
)
@pytest.mark.usefixtures("unchecked")  # that what is given is no pair is for Heedful to say
def test_wrong_things_from_python_are_refused_with_their_number(source: Any, says: str) -> None:
    vectors = DataSettings.model_validate({"source": {"unit": "vectors"}})
    fine = (np.ones((1, 2)), "fine")
    (said,) = problems(corpus_of, [fine, (source, "x"), fine], vectors)
    assert said.startswith(f"pair 2: {says}")
    assert len(said) < 300


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ((np.ones((2, 2)),), "1 column, but the source has 2 columns"),
        ((np.ones((2, 2)), "a", "b"), "3 columns, but the source has 2 columns"),
        (("a", "b"), "the source column 1 a: no such file"),
        ((np.ones((2, 2)), ""), "the source column 2 is empty"),
        ((np.ones((2, 2)), np.ones((2, 2))), "expected (source, target)"),
        ((np.ones((2, 2)), 7), "expected (source, target)"),
        ((None, "a"), "expected (source, target)"),
        (np.ones((2, 2)), "expected (source, target)"),
        ("a", "1 column, but the source has 2 columns"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_things_beside_text_are_refused_with_their_number(source: Any, says: str) -> None:
    fine = ((np.ones((1, 2)), "fine"), "x")
    (said,) = problems(corpus_of, [fine, (source, "x"), fine], MIXED)
    assert said.startswith(f"pair 2: {says}")


def test_an_array_is_no_text() -> None:
    with pytest.raises(DataError, match=r"pair 1: expected \(source, target\) in strings"):
        corpus_of([(np.ones((2, 2)), "x")], DataSettings())


@pytest.mark.parametrize("live", ["live", "cached"])
def test_batches_of_pictures_and_text(live: str, folder: Path) -> None:
    """Each row's frames with the row's text, whatever the order, padding zeros."""
    settings = DataSettings.model_validate(
        {"source": [{"column": 1, **PICTURES}, {"column": 3}], "target": {"column": 2}, "frames": live}
    )
    corpus = read(
        folder, "".join(f"p/{number}.png\t{'ab' * number}a\t{'xyz' * number}x\n" for number in range(6)), settings
    )
    letters = build("letters", None)
    known = Vocabulary.count([list("xyzab")])
    encoded = encode(corpus, (None, letters), letters, (Vocabulary(()), known), known)
    assert encoded.source_lengths.tolist() == [len(alone(PIXELS[row])) + 3 * row + 1 for row in range(6)]
    rows = np.array([4, 0, 5, 2])
    batch = make(encoded, rows)
    for place, row in enumerate(rows.tolist()):
        inside = batch.source.real[0][place]
        np.testing.assert_array_equal(batch.source.columns[0][place][inside].numpy(), alone(PIXELS[row]))
        assert not batch.source.columns[0][place][~inside].any()
        assert int(batch.source.real[1][place].sum()) == 3 * row + 1
    assert batch.source.columns[0].dtype == torch.float32
    assert batch.source.shapes == (None, None)


def test_a_column_for_batches_is_of_one_store() -> None:
    one, other = (corpus_of([(pixels, "x")], ONE).sources[0][0] for pixels in PIXELS[:2])
    assert len(column_of([one, one])) == 2
    wrong: list[list[object]] = [[], [one, other], [one, "text"]]
    for items in wrong:
        with pytest.raises(TypeError, match="frames of a column come from one store"):
            column_of(items)


def test_nothing_but_names_is_kept_of_arrays_that_are_equal() -> None:
    """The fingerprint knows type, shape and numbers."""
    base = np.arange(6, dtype=np.int32)
    prints = [gathering.fingerprint(each) for each in (base, base.reshape(2, 3), base.astype(np.uint32), base + 1)]
    assert len(set(prints)) == 4
    assert gathering.fingerprint(base.copy()) == prints[0]
