"""Compiling and loading: whatever is missing, broken or forbidden, there are no compiled loops then, and no error."""

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heedful.native import build, kernels
from tests.project.places import ROOT

CACHES = (build.compiler, build.place, build._aside, build.load)
NONE = "no compiled loops: there is no C++ compiler for them, or this system is not Linux"
REPORT = "from heedful.native import kernels; print(kernels.prepare())"


def forget() -> None:
    """Nothing of the environment is known any more."""
    for each in CACHES:
        each.cache_clear()


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache folder of its own, and nothing remembered from before or for after."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(build.SWITCH, raising=False)
    forget()
    yield
    forget()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder in which two processes built the library at once, both with success."""
    folder = tmp_path_factory.mktemp("cache")
    environment = {key: value for key, value in os.environ.items() if key != build.SWITCH}
    environment |= {"XDG_CACHE_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", REPORT]
    pair = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [each.communicate(timeout=300) for each in pair]
    if all(out == "False\n" for out, _ in said):
        pytest.skip(NONE)
    assert said == [("True\n", "")] * 2
    return folder


@pytest.fixture
def target(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the library stands that was built ``here``."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(here))
    forget()
    found = build.place()
    assert found is not None
    assert found.is_relative_to(here)
    return found


def none_and_no_litter(folder: Path) -> None:
    """Not to be had, now or after waiting, and nothing is left behind."""
    assert not build.build()
    assert build.library(wait=True) is None
    assert not [path for path in folder.rglob("*") if not path.is_dir() or path.name.startswith("building-")]


def test_two_processes_at_once_end_with_one_library(target: Path) -> None:
    """The slower one's takes the place of the other's, whole; each works; nothing else is left behind."""
    assert build.built(target)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    library = build.library(wait=False)
    assert library is not None
    assert kernels.Kernels(library).norm([]) == 0.0


def test_it_is_not_built_again(target: Path) -> None:
    before = target.stat()
    assert build.build()
    assert build.library(wait=True) is not None
    assert target.stat() == before


def test_switched_off_there_is_none(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it is there."""
    monkeypatch.setenv(build.SWITCH, "0")
    assert target.exists()
    assert not build.wanted()
    assert build.library(wait=True) is None
    assert build.library(wait=False) is None


def test_switched_off_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(build.SWITCH, "0")
    assert build.library(wait=True) is None
    build.build_aside()
    assert build._aside.cache_info().currsize == 0
    assert not list(tmp_path.iterdir())


def test_without_a_compiler_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert build.compiler() is None
    assert build.place() is None
    none_and_no_litter(tmp_path)
    build.build_aside()
    assert build._aside.cache_info().currsize == 0


def test_a_compiler_that_is_named_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names one wants no other."""
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert build.compiler() is None
    none_and_no_litter(tmp_path)


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "kill -9 $$", None])
def test_with_a_compiler_that_fails_there_is_none(
    script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says no, it makes nothing, it dies, it is no program."""
    named = tmp_path / "compiler"
    named.write_bytes(b"\x7fELF nonsense" if script is None else f"#!/bin/sh\n{script}\n".encode())
    named.chmod(0o700)
    monkeypatch.setenv("CXX", str(named))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert build.compiler() == str(named)
    none_and_no_litter(tmp_path / "cache")


def test_a_compiler_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is not left running."""
    named = tmp_path / "compiler"
    named.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/started\nexec sleep 60\n", encoding="utf-8")
    named.chmod(0o700)
    monkeypatch.setenv("CXX", str(named))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(build, "LIMIT", 0.2)
    none_and_no_litter(tmp_path / "cache")
    for process in (tmp_path / "started").read_text(encoding="utf-8").split():
        assert not Path(f"/proc/{process}").exists()


@pytest.mark.parametrize("kind", ["a file", "too long", "below a file"])
def test_without_a_place_for_it_there_is_none(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that cannot be made, entered or written to."""
    file = tmp_path / "file"
    file.touch()
    odd = {"a file": file, "too long": tmp_path / ("x" * 300), "below a file": file / "cache"}[kind]
    monkeypatch.setenv("XDG_CACHE_HOME", str(odd))
    assert build.library(wait=True) is None
    assert not build.build()
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_nobody_may_write_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it looks to someone who is not the administrator."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert not build.build()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert build.library(wait=True) is None
    assert not list(tmp_path.iterdir())


def test_a_relative_cache_folder_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The XDG specification has it ignored: the library would follow whoever runs Heedful around."""
    if build.place() is None:
        pytest.skip(NONE)
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in ("cache", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", named)
        build.place.cache_clear()
        place = build.place()
        assert place is not None
        assert place.parent == tmp_path / ".cache" / "heedful"


@pytest.mark.parametrize("kind", ["empty", "cut short", "one byte other", "text", "another library", "a folder"])
def test_a_library_that_is_not_ours_is_not_loaded(
    kind: str, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even opened: what is cut short would take the whole process with it."""
    data = target.read_bytes()
    middle = len(data) // 2
    spoiled = {
        "empty": b"",
        "cut short": data[:middle],
        "one byte other": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "text": b"not a library\n",
        "another library": Path(sys.executable).read_bytes(),
    }
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "build_aside", lambda: None)
    forget()
    place = build.place()
    assert place is not None
    place.parent.mkdir()
    if kind == "a folder":
        place.mkdir()
    else:
        place.unlink(missing_ok=True)  # another file: this process may have the first one mapped
        place.write_bytes(spoiled[kind])

    def opened(path: str) -> None:
        raise AssertionError(f"{path} was opened")

    monkeypatch.setattr(ctypes, "CDLL", opened)
    assert not build.built(place)
    assert build.library(wait=False) is None


def test_a_spoiled_library_is_built_anew(target: Path) -> None:
    whole = target.read_bytes()
    target.unlink()  # another file: this process has the first one mapped
    target.write_bytes(whole[:5000])
    assert build.build()
    assert build.built(target)
    assert build.library(wait=True) is not None


def test_a_library_of_somebody_else_is_not_loaded(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others put there is not run."""
    monkeypatch.setattr(os, "getuid", lambda: 123456)
    assert not build.built(target)


def test_a_library_without_our_functions_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It loads, and then it is of another make."""
    monkeypatch.setattr(build, "library", lambda *, wait: ctypes.CDLL(None))
    monkeypatch.setattr(kernels._Chosen, "kernels", None)
    monkeypatch.setattr(kernels._Chosen, "decided", False)
    assert kernels.active() is None
    assert not kernels.prepare()


def test_a_change_of_anything_gives_it_another_name(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sources, the flags, the compiler, the processor."""
    names = {target.name}
    changes = {"FLAGS": (*build.FLAGS, "-g"), "SOURCES": build.SOURCES[:-1], "_processor": lambda: "another"}
    for name, value in changes.items():
        with monkeypatch.context() as patch:
            patch.setattr(build, name, value)
            build.place.cache_clear()
            place = build.place()
            assert place is not None
            names.add(place.name)
    assert len(names) == 1 + len(changes)


def test_every_source_is_known() -> None:
    """A header that is not named could change, and the library would stay."""
    folder = Path(build.__file__).parent
    assert {path.name for path in folder.glob("*.cpp")} == set(build.SOURCES)
    assert {path.name for path in folder.glob("*.hpp")} == set(build.HEADERS)


def test_what_is_built_aside_is_there_for_the_next() -> None:
    """The first does not wait for it; it is built though that one ends at once, and nothing else is left behind."""
    target = build.place()
    if target is None:
        pytest.skip(NONE)
    command = [sys.executable, "-c", "from heedful.native import kernels; print(kernels.active() is not None)"]
    for said in ("False\n", "True\n"):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == (said, "")
        for _ in range(1200):  # the folder that it was built in goes last
            if target.exists() and [path.name for path in target.parent.iterdir()] == [target.name]:
                break
            time.sleep(0.1)
    assert build.built(target)


def test_it_is_built_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often somebody asks; in a session of its own, and by no more than the standard library."""
    if build.place() is None:
        pytest.skip(NONE)
    started: list[list[str]] = []

    class Waiting:
        def wait(self) -> int:
            return 0

    def start(command: list[str], *, start_new_session: bool = False) -> Waiting:
        assert start_new_session
        started.append(command)
        return Waiting()

    monkeypatch.setattr(build, "_start", start)
    assert build.library(wait=False) is None
    assert build.library(wait=False) is None
    assert started == [[sys.executable, "-I", str(Path(build.__file__))]]
    assert not list(tmp_path.iterdir())


def test_without_an_interpreter_it_is_built_within(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an application that brings its own, which would only start itself."""
    if build.place() is None:
        pytest.skip(NONE)
    built: list[bool] = []
    monkeypatch.setattr(build, "build", lambda: built.append(True))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    build.build_aside()
    for thread in threading.enumerate():
        if thread.name == "heedful-native":
            thread.join()
    assert built == [True]
