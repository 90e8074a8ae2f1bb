"""Arrays as frames: .npy and .npz, and what is no array of numbers, or too large, is refused before it is read."""

import io
import pickle
import resource
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.extra import numpy as made_up
from numpy.typing import NDArray

from heedful.data.arrays import MOST_FEATURES
from heedful.data.corpus import corpus_of
from heedful.data.frames import BadFramesError, Framed, Kind, kind
from heedful.data.reading import gather
from heedful.data.settings import Column, DataSettings
from heedful.errors import DataError

SHAPES = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 5)),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5)),
)
NUMBERS = [
    np.uint8, np.int8, np.int16, np.uint32, np.int64, np.float16, np.float32, np.float64, np.bool_, ">i2", ">f4", ">f8",
]  # fmt: skip


def vectors(**given: Any) -> Kind:
    """Arrays as frames."""
    return kind(Column(unit="vectors", **given))


def outcome(path: Path, named: Kind | None = None) -> Framed | str:
    """The frames of a file, or what is said of it."""
    try:
        return (named or vectors()).read(path)
    except BadFramesError as error:
        return str(error)


def refusal(path: Path, named: Kind | None = None) -> str:
    """What is said of a file that can't be read: one line."""
    found = outcome(path, named)
    assert isinstance(found, str)
    assert "\n" not in found
    return found


def stored(array: NDArray[Any], **keys: Any) -> bytes:
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, array, **keys)
    return file.getvalue()


@how(max_examples=60)
@given(st.sampled_from(NUMBERS), SHAPES, st.booleans(), st.data())
def test_any_numbers_come_back_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, dtype: Any, shape: tuple[int, ...], turned: bool, data: st.DataObject
) -> None:
    """Of every type, byte order and order of axes; of files that are packed or not, and from Python."""
    safe = {"allow_nan": False, "allow_infinity": False} if np.dtype(dtype).kind == "f" else {}
    array = data.draw(made_up.arrays(dtype, shape, elements=safe or None))
    array = np.asfortranarray(array) if turned else array
    with np.errstate(over="ignore"):
        expected = np.ascontiguousarray(array).astype(np.float32).reshape(-1, shape[-1])
    folder = tmp_path_factory.getbasetemp()
    np.save(folder / "a.npy", array)
    np.savez(folder / "plain.npz", array)
    np.savez_compressed(folder / "packed.npz", features=array)
    if not np.isfinite(expected).all():
        assert refusal(folder / "a.npy") == "holds numbers that are not finite"
        return
    found = [vectors().read(folder / name) for name in ("a.npy", "plain.npz", "packed.npz")]
    for each in (*found, vectors().take(array)):
        assert each.values.dtype == np.float32
        assert each.shape == (shape[:2] if len(shape) == 3 else None)
        np.testing.assert_array_equal(each.values, expected)


def test_what_it_holds_decides_and_not_what_it_is_called(tmp_path: Path) -> None:
    array = np.arange(6.0).reshape(2, 3)
    np.savez(tmp_path / "a.npz", array)
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    (tmp_path / "plain").write_bytes(stored(array))
    for name in ("a.npy", "plain"):
        np.testing.assert_array_equal(vectors().read(tmp_path / name).values, array)


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4))
def test_joined_frames_stand_side_by_side(time: int, features: int, join: int) -> None:
    array = np.arange(1, time * features + 1, dtype=np.float32).reshape(time, features)
    named = vectors(join=join, features=features)
    found = named.take(array).values
    assert found.shape == (-(-time // join), named.frame().features)
    padded = np.pad(array, ((0, -time % join), (0, 0)))
    np.testing.assert_array_equal(found, padded.reshape(len(found), -1))


def test_a_frame_is_known_once_the_data_are() -> None:
    assert vectors(features=7, join=2).frame() == (1, 14, False)
    assert vectors(features=7, grid=True).frame() == (1, 7, True)


@pytest.mark.parametrize("shape", [(4, 5), (2, 2, 3), (4,), (2, 2, 2, 3)])
def test_another_form_than_the_columns_is_refused_and_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadFramesError) as caught:
        vectors(features=3, grid=False).take(np.zeros(shape))
    said = {
        2: "has 5 features, and the column has 3",
        3: "has 3 axes, and the others of its column have 2",
        1: "is an array of float64 of the shape (4,); frames are numbers (time, features) or (height, width, features)",
        4: "is an array of float64 of the shape (2, 2, 2, 3)",
    }
    assert str(caught.value).startswith(said[len(shape)])
    with pytest.raises(BadFramesError, match="has 2 axes, and the others of its column have 3"):
        vectors(features=3, grid=True).take(np.zeros((4, 3)))


def test_the_first_array_says_how_the_others_are() -> None:
    arrays = [np.zeros((4, 3)), np.zeros((2, 3)), np.zeros((4, 2)), np.zeros((2, 2, 3)), np.zeros((1, 3))]
    made = gather(vectors(), arrays)
    assert made.store.lengths.tolist() == [4, 2, 0, 0, 1]
    assert made.problems == {
        2: "has 2 features, and the first has 3",
        3: "has 3 features on a grid, and the first has 3",
    }
    settings = DataSettings.model_validate({"source": {"unit": "vectors"}})
    with pytest.raises(DataError, match=r"^pair 3: the source has 2 features, and the first has 3; fix the row"):
        corpus_of([(each, "x") for each in arrays[:3]], settings)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.path, "sprung")


def test_pickled_objects_are_refused_and_never_opened(tmp_path: Path) -> None:
    trap, sprung = np.array([[Trap(tmp_path / "sprung")]], dtype=object), tmp_path / "sprung"
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "a.npz", trap)
    (tmp_path / "bare.npy").write_bytes(pickle.dumps(Trap(sprung)))
    with zipfile.ZipFile(tmp_path / "bare.npz", "w") as archive:
        archive.writestr("a.npy", pickle.dumps(Trap(sprung)))
    with np.load(tmp_path / "a.npz", allow_pickle=True) as opened:  # the trap is a real one
        assert opened["arr_0"].shape == (1, 1)
    sprung.unlink()
    for name in ("a.npy", "a.npz", "bare.npy", "bare.npz"):
        assert refusal(tmp_path / name).startswith("is damaged, or no array of numbers")
    with pytest.raises(BadFramesError, match="is an array of object of the shape"):
        vectors().take(trap)
    assert not sprung.exists()


def test_an_archive_of_several_arrays_is_refused_and_names_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=np.zeros((2, 3)), two=np.zeros((2, 3)))
    assert refusal(tmp_path / "a.npz") == "holds 2 arrays (one.npy, two.npy), and a source is one"
    np.savez(tmp_path / "a.npz", *[np.zeros((1, 1))] * 9)
    assert refusal(tmp_path / "a.npz").startswith(
        "holds 9 arrays (arr_0.npy, arr_1.npy, arr_2.npy, arr_3.npy, arr_4.npy)"
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w"):
        pass
    assert refusal(tmp_path / "a.npz").startswith("holds 0 arrays")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("notes.txt", "no array")
    assert refusal(tmp_path / "a.npz").startswith("is damaged, or no array of numbers")


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.full((2, 3), np.nan), "holds numbers that are not finite"),
        (np.array([[1.0, -np.inf]]), "holds numbers that are not finite"),
        (np.full((2, 3), 1e300), "holds numbers that are not finite"),
        (np.zeros((2, 3), complex), "is an array of complex128 of the shape (2, 3)"),
        (np.array([["a", "b"]]), "is an array of <U1 of the shape (1, 2)"),
        (np.array([[b"a"]]), "is an array of |S1"),
        (np.zeros((2, 3), "datetime64[s]"), "is an array of datetime64[s]"),
        (np.zeros((2, 3), [("x", "f4")]), "is an array of [('x', '<f4')]"),
        (np.zeros(()), "is an array of float64 of the shape ()"),
        (np.zeros(3), "is an array of float64 of the shape (3,)"),
        (np.zeros((0, 3)), "is empty: it gives no frame"),
        (np.zeros((0, 4, 3)), "is empty: it gives no frame"),
        (np.zeros((4, 0, 3)), "is empty: it gives no frame"),
        (np.zeros((4, 0)), "has 0 features; a frame has 1 to 65,536"),
        (np.zeros((2, 2, 0)), "has 0 features; a frame has 1 to 65,536"),
        (np.zeros((0, 0)), "has 0 features; a frame has 1 to 65,536"),
        (np.zeros((1, MOST_FEATURES + 1), np.uint8), "has 65,537 features; a frame has 1 to 65,536"),
        (np.zeros((4001, 1)), "gives 4,001 frames, more than max_frames = 4,000"),
        (np.zeros((40, 101, 1)), "gives 4,040 frames, more than max_frames = 4,000"),
    ],
)
def test_what_is_no_frames_is_refused_from_a_file_and_from_python(
    array: NDArray[Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(BadFramesError) as caught:
        vectors().take(array)
    assert str(caught.value).startswith(says)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", array)
    for name in ("a.npy", "a.npz"):
        assert refusal(tmp_path / name).startswith(says)


def test_the_limit_counts_joined_frames() -> None:
    assert len(vectors(join=3, max_frames=4).take(np.zeros((12, 2))).values) == 4
    with pytest.raises(BadFramesError, match="gives 5 frames, more than max_frames = 4"):
        vectors(join=3, max_frames=4).take(np.zeros((13, 2)))


def hole(path: Path, shape: tuple[int, ...], **more: Any) -> Path:
    """A file that promises an array of single bytes and has its size, but nothing in it."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape, **more})
        file.truncate(file.tell() + int(np.prod(shape, dtype=np.int64)))
    return path


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((2**33, 4), "gives 8,589,934,592 frames, more than max_frames = 4,000"),
        ((2**17, 2**15, 8), "gives 4,294,967,296 frames, more than max_frames = 4,000"),
        ((2, 2**34), "has 17,179,869,184 features; a frame has 1 to 65,536"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_huge_array_is_refused_before_it_is_read(
    shape: tuple[int, ...], says: str, turned: bool, tmp_path: Path
) -> None:
    path = hole(tmp_path / "a.npy", shape, fortran_order=turned)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    assert refusal(path) == says
    assert time.perf_counter() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_an_archive_that_unpacks_to_much_is_not_unpacked(tmp_path: Path) -> None:
    """Its head says how much it will be; one that lies is cut off there."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", stored(np.zeros((1, 9), np.uint8)))
    content = path.read_bytes()
    place = content.index(b"PK\x01\x02") + 24
    path.write_bytes(content[:place] + (2**31).to_bytes(4, "little") + content[place + 4 :])
    assert refusal(path) == "unpacks to 2,147,483,648 bytes, more than 1,073,741,824"


def test_an_archive_whose_array_promises_more_than_there_is(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (2**50, 4)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", head.getvalue())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(tmp_path / "a.npz").startswith("is damaged, or no array of numbers")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "packed.npz"])
def test_a_truncated_file_is_refused(name: str, tmp_path: Path) -> None:
    array = np.random.default_rng(1).normal(size=(9, 8))
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", array)
    np.savez_compressed(tmp_path / "packed.npz", array)
    content = (tmp_path / name).read_bytes()
    for part in range(16):
        (tmp_path / "cut").write_bytes(content[: len(content) * part // 16])
        assert refusal(tmp_path / "cut").startswith(
            ("is empty: a file of 0 bytes", "is damaged, or no array of numbers")
        )


PLAIN = stored(np.arange(12, dtype=np.float32).reshape(4, 3))


def packed(*, small: bool) -> bytes:
    """An archive."""
    file = io.BytesIO()
    (np.savez_compressed if small else np.savez)(file, np.arange(12, dtype=np.float32).reshape(4, 3))
    return file.getvalue()


@how(max_examples=200)
@given(
    st.sampled_from([PLAIN, packed(small=False), packed(small=True)]),
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=8),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: list[tuple[int, int]], cut: float | None
) -> None:
    damaged = bytearray(content)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged[: None if cut is None else int(cut * len(damaged))])
    found = outcome(path)
    if isinstance(found, str):
        assert found
        assert "\n" not in found
    else:
        assert np.isfinite(found.values).all()
        assert len(found.values) >= 1


@pytest.mark.parametrize(
    "head",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",  # as Python 2 wrote it
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.5, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1if 1else 2, 3), }",
        "{'descr': '\\q', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': ',,', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': 'O', 'fortran_order': False, 'shape': (2, 3), }",
        "__import__('os').system('true')",
        "{'descr': [('a', '<f4'), ('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }",
        "(" * 5000,
        "-" * 9000 + "1",
        "{" + "'x': 1," * 900 + "}",
    ],
)
def test_odd_heads(head: str, tmp_path: Path) -> None:
    """Read or refused. numpy warns of some of them: where that is no error, it is none here either."""
    text = head.encode() + b"\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(24))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = outcome(path)
    if isinstance(found, str):
        assert found.startswith("is damaged, or no array of numbers")
        assert "\n" not in found
        assert len(found) < 400
    else:
        assert found.values.shape == (2, 3)


def test_places_that_are_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing.npy") == "no such file"
    assert refusal(tmp_path) == "is a folder"
    assert refusal(Path("/dev/zero")) == "is no regular file"
    (tmp_path / "a.npy").write_text("1 2 3\n")
    assert refusal(tmp_path / "a.npy").startswith("is damaged, or no array of numbers")


def test_positions_are_named_by_their_frames() -> None:
    spans = np.array([[0, 0, 0.25, 1], [0.25, 0, 1, 1]], np.float32)
    assert vectors().labels(spans, 4) == ["0", "1-3"]
    assert vectors(join=2).labels(spans, 4) == ["0-1", "2-7"]
    cells = np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1]], np.float32)
    assert vectors(grid=True).labels(cells, 2) == ["1,1", "1,2"]
    assert vectors().look(np.zeros((2, 2))).pixels is None
