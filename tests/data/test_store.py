"""Frames are prepared once, kept whole or not at all, and come out the same however they are kept."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from heedful.data import cache as caching
from heedful.data import reading as sources_read
from heedful.data.cache import cache_folder, prepare
from heedful.data.frames import BadFramesError, Framed, Kind, kind
from heedful.data.reading import Made, gather
from heedful.data.settings import Column
from heedful.data.store import FrameColumn, Kept, Live, Padded
from heedful.errors import HeedfulError, MissingPackageError

SHORT: dict[str, Any] = {"height": 4}
Rows = NDArray[np.int64]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "heedful" / "frames"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, as they are."""
    names: list[str] = []
    whole = Kind.read

    def counted(self: Kind, path: Path) -> Framed:
        names.append(path.name)
        return whole(self, path)

    monkeypatch.setattr(Kind, "read", counted)
    return names


def columns(**given: Any) -> Kind:
    """Low pictures as columns."""
    return kind(Column(unit="columns", **{**SHORT, **given}))


def pictures(folder: Path, count: int = 5) -> list[Path]:
    """Pictures of different widths."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(count)
    paths = [folder / f"{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(random.integers(0, 255, (4, 1 + number % 7), np.uint8)).save(path)
    return paths


def prepared(paths: list[Path], named: Kind | None = None, **more: Any) -> Made:
    """Frames in the cache."""
    return prepare(named or columns(), paths, anew=False, workers=2, **more)


def mapped(made: Made) -> Kept:
    """The store, which is a file mapped into memory."""
    assert isinstance(made.store, Kept)
    assert isinstance(made.store.values, np.memmap)
    return made.store


def name_of(made: Made) -> str:
    """The name of that file."""
    values = mapped(made).values
    assert isinstance(values, np.memmap)
    return Path(str(values.filename)).name


def in_memory(made: Made) -> Kept:
    """The store, which is no file."""
    assert isinstance(made.store, Kept)
    assert not isinstance(made.store.values, np.memmap)
    return made.store


def everything(made: Made) -> Padded:
    """All sources."""
    return made.store.pad(np.arange(len(made.store.lengths)))


def same(one: Padded, other: Padded) -> None:
    """To the bit."""
    assert torch.equal(one.values, other.values)
    assert torch.equal(one.real, other.real)
    assert (one.shape is None) == (other.shape is None)
    if one.shape is not None and other.shape is not None:
        assert torch.equal(one.shape, other.shape)


def test_what_is_prepared_once_is_read_from_there(tmp_path: Path, read: list[str], cache: Path) -> None:
    paths = pictures(tmp_path / "pictures")
    first = prepared(paths)
    assert sorted(read) == sorted(path.name for path in paths)
    assert sorted(path.suffix for path in cache.iterdir()) == [".frames", ".json"]
    read.clear()
    second = prepared(paths)
    assert read == []
    mapped(first)
    mapped(second)
    same(everything(first), everything(second))
    in_memory(gather(columns(), paths))
    same(everything(first), everything(gather(columns(), paths)))


def test_the_column_number_changes_nothing_and_every_other_key_does(tmp_path: Path, read: list[str]) -> None:
    paths = pictures(tmp_path / "pictures", 2)
    prepared(paths)
    read.clear()
    prepared(paths, columns(column=7))
    assert read == []
    others = [columns(height=5), columns(colour="rgb"), columns(join=2), columns(max_frames=3), columns(max_pixels=9)]
    for other in others:
        prepared(paths, other)
    assert len(read) == 2 * len(others)


@pytest.mark.parametrize("change", ["touched", "written anew", "gone", "renamed", "one more", "other order"])
def test_a_change_is_prepared_anew(change: str, tmp_path: Path, read: list[str]) -> None:
    paths = pictures(tmp_path / "pictures")
    prepared(paths)
    read.clear()
    if change == "touched":
        os.utime(paths[3], (1, 1))
    elif change == "written anew":
        Image.new("L", (9, 4)).save(paths[3])
    elif change == "gone":
        paths[3].unlink()
    elif change == "renamed":
        paths[3] = paths[3].rename(tmp_path / "pictures" / "other.png")
    elif change == "one more":
        paths.append(paths[0])
    else:
        paths.reverse()
    made = prepared(paths)
    assert len(read) == len(paths)
    assert list(made.problems) == ([3] if change == "gone" else [])
    same(everything(made), everything(gather(columns(), paths)))


def cut(path: Path) -> None:
    """Takes the end away."""
    path.write_bytes(path.read_bytes()[:-1])


def rewrite(**changes: Any) -> Callable[[Path], None]:
    """An index that says otherwise; None leaves a key out."""

    def change(path: Path) -> None:
        record = {**json.loads(path.read_text()), **changes}
        path.write_text(json.dumps({key: value for key, value in record.items() if value is not None}))

    return change


DAMAGES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "frames cut": (".frames", cut),
    "frames longer": (".frames", lambda path: path.write_bytes(path.read_bytes() + b"\0")),
    "frames empty": (".frames", lambda path: path.write_bytes(b"")),
    "frames gone": (".frames", Path.unlink),
    "index cut": (".json", cut),
    "index gone": (".json", Path.unlink),
    "index empty": (".json", lambda path: path.write_bytes(b"")),
    "no text": (".json", lambda path: path.write_bytes(b"\xff\xfe\x00")),
    "another value": (".json", lambda path: path.write_text("[]")),
    "a number": (".json", lambda path: path.write_text("7")),
    "deep": (".json", lambda path: path.write_text("[" * 100_000)),
    "another format": (".json", rewrite(format=99)),
    "no format": (".json", rewrite(format=None)),
    "no lengths": (".json", rewrite(lengths=None)),
    "huge lengths": (".json", rewrite(lengths=[10**30])),
    "other lengths": (".json", rewrite(lengths=[1])),
    "words as lengths": (".json", rewrite(lengths=["a"])),
    "no width": (".json", rewrite(width=None)),
    "no problems": (".json", rewrite(problems=None)),
    "problems of another kind": (".json", rewrite(problems=[1])),
    "problems of no number": (".json", rewrite(problems={"a": "b"})),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_prepared_anew(damage: str, tmp_path: Path, read: list[str], cache: Path) -> None:
    paths = pictures(tmp_path / "pictures")
    expected = everything(prepared(paths))
    suffix, change = DAMAGES[damage]
    (file,) = cache.glob(f"*{suffix}")
    change(file)
    read.clear()
    again = prepared(paths)
    assert len(read) == len(paths)
    same(everything(again), expected)
    read.clear()
    mapped(prepared(paths))  # and stands there again
    assert read == []


@pytest.mark.parametrize("obstacle", ["a file in its place", "no home", "read-only", "a full disk", "no rename"])
def test_where_nothing_can_be_written_memory_has_to_do(
    obstacle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    paths = [*pictures(tmp_path / "pictures"), tmp_path / "missing.png"]
    if obstacle == "a file in its place":
        (tmp_path / "cache").write_text("a file")
    elif obstacle == "no home":
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    elif obstacle == "read-only":
        monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    elif obstacle == "a full disk":
        monkeypatch.setattr(tempfile, "mkstemp", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    made = prepared(paths)
    in_memory(made)
    assert made.problems == {5: "no such file"}
    same(everything(made), everything(gather(columns(), paths)))
    if obstacle == "no rename":
        assert list((tmp_path / "cache").rglob("*.*")) == []  # nothing half-written


def test_the_cache_is_where_xdg_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == tmp_path / "cache" / "heedful" / "frames"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for odd in ("relative/path", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", odd)
        assert cache_folder() == tmp_path / "home" / ".cache" / "heedful" / "frames"


def test_a_full_disk_in_the_middle_leaves_nothing(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "ascontiguousarray", full)
    paths = pictures(tmp_path / "pictures")
    in_memory(prepared(paths))
    assert list(cache.iterdir()) == []


def test_a_missing_package_is_said_and_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = pictures(tmp_path / "pictures")
    monkeypatch.setitem(sys.modules, "PIL", None)
    for live in (True, False):
        with pytest.raises(MissingPackageError, match="pip install"):
            prepare(columns(), paths, anew=live, workers=2)


def test_what_is_wrong_is_kept_too(tmp_path: Path, read: list[str]) -> None:
    paths = pictures(tmp_path / "pictures")
    paths[1].write_bytes(b"words")
    Image.new("L", (9000, 1)).save(paths[3])
    paths.append(tmp_path / "missing.png")
    first = prepared(paths)
    read.clear()
    second = prepared(paths)
    assert sorted(read) == ["1.png", "3.png", "missing.png"]  # only what was bad is tried again
    assert second.problems == first.problems == gather(columns(), paths).problems
    assert list(first.problems) == [1, 3, 5]
    assert first.problems[5] == "no such file"
    assert first.store.lengths[[1, 3, 5]].tolist() == [0, 0, 0]
    same(everything(first), everything(second))


def test_what_was_bad_for_a_moment_is_read_when_it_has_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that failed once, a package that came later: nothing of it stays in the cache."""
    paths = pictures(tmp_path / "pictures")
    whole = Kind.read

    def failing(self: Kind, path: Path) -> Framed:
        if path == paths[2]:
            raise BadFramesError("is damaged (input/output error)")
        return whole(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(Kind, "read", failing)
        assert list(prepared(paths).problems) == [2]
        assert list(prepared(paths).problems) == [2]
    assert not prepared(paths).problems


@pytest.mark.parametrize("live", [True, False])
def test_where_nothing_can_be_read_there_are_only_problems(live: bool, tmp_path: Path) -> None:
    for _ in range(2):
        made = prepare(columns(), [tmp_path / "a", tmp_path / "b"], anew=live, workers=2)
        assert made.problems == {0: "no such file", 1: "no such file"}
        assert made.store.lengths.tolist() == [0, 0]
        assert made.store.features == 4
    assert prepare(columns(), [], anew=live, workers=2).store.lengths.tolist() == []


class Sources(NamedTuple):
    """Some files of one kind, in a cache, read anew, in memory; and what each gives alone."""

    cached: Made
    live: Made
    memory: Made
    alone: list[Framed]
    scale: float


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sources]]:
    """Files of every kind, of different lengths."""
    folder = tmp_path_factory.mktemp("kinds")
    drawn, random = pictures(folder / "pictures", 7), np.random.default_rng(0)
    sounds = [folder / f"{number}.wav" for number in range(5)]
    for number, path in enumerate(sounds):
        soundfile.write(path, random.normal(size=900 * number + 9) * 0.1, 16_000)
    plain, grids = ([folder / f"{name}{number}.npy" for number in range(6)] for name in ("plain", "grid"))
    for number in range(6):
        np.save(plain[number], random.normal(size=(number + 1, 3)))
        np.save(grids[number], random.normal(size=(number % 3 + 1, number + 1, 3)))
    every = [
        (columns(join=2), drawn),
        (kind(Column(unit="patches", height=4, patch=2)), drawn),
        (kind(Column(unit="log-mel", mels=5)), sounds),
        (kind(Column(unit="vectors")), plain),
        (kind(Column(unit="vectors")), grids),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield [
            Sources(
                prepare(named, paths, anew=False, workers=2), prepare(named, paths, anew=True, workers=3),
                gather(named, paths), [named.read(path) for path in paths], named.scale,
            )
            for named, paths in every
        ]  # fmt: skip


@given(st.integers(0, 4), st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 4), max_size=4))
def test_however_they_are_kept_they_are_padded_alike(
    kinds: list[Sources], which: int, wanted: list[int], ahead: list[int]
) -> None:
    """Any rows in any order, repeated, asked for beforehand or not: each as if alone, zeros behind its end."""
    sources, rows = kinds[which], np.array(wanted, dtype=np.int64)
    sources.live.store.ahead(np.array(ahead, dtype=np.int64))
    cached, live, memory = (made.store.pad(rows) for made in (sources.cached, sources.live, sources.memory))
    same(cached, live)
    same(cached, memory)
    alone = [sources.alone[row] for row in wanted]
    assert cached.values.shape[:2] == (len(rows), max((len(each.values) for each in alone), default=0))
    assert cached.real.sum(dim=1).tolist() == [len(each.values) for each in alone]
    assert cached.real.dtype == torch.bool
    for row, each in enumerate(alone):
        expected = np.asarray(each.values, dtype=np.float32) * np.float32(sources.scale)
        np.testing.assert_array_equal(cached.values[row][cached.real[row]].numpy(), expected)
        assert not cached.values[row][~cached.real[row]].any()
    shapes = [each.shape for each in alone]
    if cached.shape is None:
        assert shapes == [None] * len(rows)
    else:
        assert [tuple(each) for each in cached.shape.tolist()] == shapes


def test_they_say_the_same_of_themselves(kinds: list[Sources]) -> None:
    for sources in kinds:
        for made in (sources.cached, sources.live, sources.memory):
            assert made.store.lengths.tolist() == [len(each.values) for each in sources.alone]
            assert made.store.features == sources.alone[0].values.shape[1]
            assert (made.store.shapes is None) == (sources.alone[0].shape is None)
        mapped(sources.cached)
        in_memory(sources.memory)
        assert isinstance(sources.live.store, Live)


def test_a_column_is_some_rows_of_a_store(kinds: list[Sources]) -> None:
    index = np.array([3, 1, 1], dtype=np.int64)
    for sources in kinds:
        column = FrameColumn(sources.cached.store, index)
        assert len(column) == 3
        assert column.lengths.tolist() == sources.cached.store.lengths[index].tolist()
        same(column.pad(np.array([2, 0])), sources.cached.store.pad(np.array([1, 3])))
        told = [b"".join(FrameColumn(made.store, index).told()) for made in sources[:3]]
        assert told[0] == told[1] == told[2]
        assert told[0] != b"".join(FrameColumn(sources.cached.store, index[::-1]).told())


def test_nothing_is_read_twice_in_a_batch_or_when_asked_beforehand(tmp_path: Path, read: list[str]) -> None:
    paths = pictures(tmp_path / "pictures")
    live = prepare(columns(), paths, anew=True, workers=2).store
    read.clear()
    live.ahead(np.array([1, 2]))
    live.ahead(np.array([2, 3]))
    live.pad(np.array([1, 1, 2]))
    live.pad(np.array([3]))
    assert sorted(read) == ["1.png", "2.png", "3.png"]
    live.pad(np.array([3]))
    assert len(read) == 4
    assert isinstance(live, Live)
    assert not live._coming  # nothing is held that was handed out


CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "longer": (lambda path: np.save(path, np.ones((2, 4, 3))), "has changed since training began; start again"),
    "other features": (lambda path: np.save(path, np.ones((2, 3, 4))), "has changed since training began"),
    "rows for columns": (lambda path: np.save(path, np.ones((3, 2, 3))), "has changed since training began"),
    "no grid": (lambda path: np.save(path, np.ones((6, 3))), "has changed since training began"),
    "gone": (Path.unlink, "no such file; it could be read before training"),
    "damaged": (lambda path: path.write_bytes(b"words"), "is damaged, or no array of numbers"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_training_is_an_error_that_names_it(change: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.npy" for number in range(3)]
    for path in paths:
        np.save(path, np.ones((2, 3, 3)))
    live = prepare(kind(Column(unit="vectors")), paths, anew=True, workers=2).store
    alter, says = CHANGES[change]
    alter(paths[1])
    with pytest.raises(HeedfulError) as caught:
        live.pad(np.array([0, 1]))
    assert str(caught.value).startswith(f"{paths[1]}: {says}")
    assert live.pad(np.array([2])).values.shape == (1, 6, 3)  # the others are there still


def test_sources_are_counted_while_they_are_prepared(tmp_path: Path) -> None:
    """In order, whatever the number of threads and of sources that are read ahead."""
    paths = pictures(tmp_path / "pictures", 150)
    expected = everything(gather(columns(), paths, workers=1))
    for live in (True, False):
        told: list[tuple[int, int]] = []

        def tell(done: int, total: int, told: list[tuple[int, int]] = told) -> None:
            told.append((done, total))

        made = prepare(columns(), paths, anew=live, workers=5, told=tell)
        assert told == [(number, 150) for number in range(1, 151)]
        same(everything(made), expected)


def test_few_sources_stand_in_memory_while_they_are_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading never runs further ahead of writing than it may."""
    monkeypatch.setattr(sources_read, "AHEAD", 8)
    begun, written, most = [0], [0], [0]
    whole, lock = Kind.read, threading.Lock()

    def reading(self: Kind, path: Path) -> Framed:
        with lock:
            begun[0] += 1
            most[0] = max(most[0], begun[0] - written[0])
        return whole(self, path)

    plain = np.ascontiguousarray

    def writing(*given: Any, **keys: Any) -> Any:
        written[0] += 1
        return plain(*given, **keys)

    monkeypatch.setattr(Kind, "read", reading)
    monkeypatch.setattr(np, "ascontiguousarray", writing)
    prepared(pictures(tmp_path / "pictures", 60))
    assert begun[0] == written[0] == 60
    assert 1 <= most[0] <= 9


def test_the_oldest_make_room(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody still has mapped stays readable for them."""
    every = [pictures(tmp_path / f"pictures{number}", number + 2) for number in range(4)]
    first, second, third = (prepared(paths) for paths in every[:3])
    names = [name_of(made) for made in (first, second, third)]
    expected = everything(first)
    for age, name in enumerate(names):
        os.utime(cache / name, (1000 + age, 1000 + age))
    prepared(every[0])  # used today
    sizes = [(cache / name).stat().st_size for name in names]
    monkeypatch.setattr(caching, "ROOM", sizes[0] + sizes[2])
    prepared(every[3])
    left = {path.name for path in cache.iterdir()}
    assert names[1] not in left
    assert names[1].replace(".frames", ".json") not in left
    assert {names[0], names[2]} < left
    assert len(left) == 6
    monkeypatch.setattr(caching, "ROOM", 0)
    prepared(every[1])
    assert {path.suffix for path in cache.iterdir()} == {".frames", ".json"}
    assert len(list(cache.iterdir())) == 2
    same(everything(first), expected)


def test_what_a_killed_process_left_goes_away_in_time(tmp_path: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    old, new = cache / ".abc-old", cache / ".abc-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    prepared(pictures(tmp_path / "pictures"))
    assert not old.exists()
    assert new.exists()  # somebody may be writing it


PROGRAM = """
import sys
from pathlib import Path
from heedful.data.frames import kind
from heedful.data.settings import Column
from heedful.data.cache import prepare
made = prepare(kind(Column(unit="columns", height=4)), [Path(name) for name in sys.argv[1:]], anew=False, workers=2)
assert not made.problems
print(type(made.store.values).__name__, int(made.store.lengths.sum()), int(made.store.values.astype(int).sum()))
"""


def test_two_processes_may_prepare_the_same_at_once(tmp_path: Path, cache: Path, read: list[str]) -> None:
    paths = pictures(tmp_path / "pictures", 60)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    both = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, *map(str, paths)], env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [each.communicate(timeout=60)[0].decode() for each in both]
    assert [each.returncode for each in both] == [0, 0]
    alone = in_memory(gather(columns(), paths))
    total = alone.values.astype(int)
    assert said == [f"memmap {len(total)} {total.sum()}\n"] * 2
    assert sorted(path.suffix for path in cache.iterdir()) == [".frames", ".json"]
    read.clear()
    mapped(prepared(paths))
    assert read == []


def test_many_threads_may_prepare_the_same_at_once(tmp_path: Path, cache: Path) -> None:
    paths = pictures(tmp_path / "pictures", 40)
    with ThreadPoolExecutor(6) as pool:
        every = list(pool.map(lambda _: prepared(paths), range(12)))
    for made in every:
        same(everything(made), everything(every[0]))
    assert sorted(path.suffix for path in cache.iterdir()) == [".frames", ".json"]
