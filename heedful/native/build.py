"""Compiling and loading the loops: beside nobody's way, and only where a C++ compiler is.

The library is kept in the user's cache folder under a name that its sources, the compiler and the processor decide, so a
newer Heedful or another machine makes its own. A failure of any kind means the operators of PyTorch, and no word.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

SWITCH = "HEEDFUL_NATIVE"
"""Set to 0, this environment variable leaves everything to the operators of PyTorch."""
HERE = Path(__file__).parent
SOURCES = ("products.cpp", "scan.cpp", "attention.cpp", "output.cpp", "search.cpp")
HEADERS = ("vectors.hpp", "products.hpp", "cells.hpp", "rows.hpp")
FLAGS = (
    "-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fopenmp",
    "-fPIC", "-w",
)  # fmt: skip
LIMIT = 120.0
"""Seconds after which a compiler is given up."""
DIGEST = hashlib.sha256().digest_size


def wanted() -> bool:
    """Whether compiled loops may be used at all."""
    return os.environ.get(SWITCH, "1") != "0"


@cache
def compiler() -> str | None:
    """The C++ compiler's full path: ``CXX`` where it is set, else the first that is there."""
    named = os.environ.get("CXX")
    for name in (named,) if named else ("g++", "clang++", "c++"):
        if name and (found := shutil.which(name)):
            return str(Path(found).absolute())  # not resolved: a link to "ccache" says by its name what it stands for
    return None


@cache
def place() -> Path | None:
    """Where this machine's library stands or would stand; None where nothing can be built."""
    path = compiler()
    if path is None or platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"):
        return None
    try:
        behind = Path(path).resolve()
        told = (*FLAGS, path, str(behind), str(behind.stat().st_mtime_ns), _processor())
        digest = hashlib.sha256("\0".join(told).encode())
        for name in (*SOURCES, *HEADERS):
            digest.update((HERE / name).read_bytes())
        named = Path(os.environ.get("XDG_CACHE_HOME", ""))
        home = named if named.is_absolute() else Path("~/.cache").expanduser()  # as the XDG specification has it
        return home / "heedful" / f"native-{digest.hexdigest()[:24]}.so"
    except (OSError, RuntimeError):
        return None


def _processor() -> str:
    """What the processor can do, as the system says it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("flags", "Features")):
            return line
    return platform.processor()


def built(target: Path) -> bool:
    """Whether a library of ours stands there, whole, and this user's.

    It ends with the digest of what comes before: a library cut short would take the process with it.
    """
    try:
        data = target.read_bytes()
        return target.stat().st_uid == os.getuid() and data.endswith(hashlib.sha256(data[:-DIGEST]).digest())
    except (OSError, AttributeError):
        return False


def build() -> bool:
    """Compiles the library unless it is there; returns whether it is."""
    target, path = place(), compiler()
    if target is None or path is None:
        return False
    if built(target):
        return True
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as folder:
            library = Path(folder) / "library.so"
            if not _compile(path, library):
                return False
            digest = hashlib.sha256(library.read_bytes()).digest()
            with library.open("ab") as file:
                file.write(digest)
            library.replace(target)
    except (OSError, subprocess.SubprocessError):
        return False
    return built(target)


def _compile(path: str, library: Path) -> bool:
    """Compiles all sources side by side, and links them."""
    objects = [library.with_name(f"{name}.o") for name in SOURCES]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for name, made in zip(SOURCES, objects, strict=True):
            running.append(_start([path, *FLAGS, *_wide(), "-c", str(HERE / name), "-o", str(made)]))
        if any(each.wait(LIMIT) for each in running):
            return False
        # Not linked with an OpenMP of its own: PyTorch's is loaded already, and two of them fight for the cores.
        running.append(_start([path, "-shared", *map(str, objects), "-o", str(library)]))
        return running[-1].wait(LIMIT) == 0
    finally:
        for each in running:
            each.kill()
            each.wait()


def _start(command: list[str], *, start_new_session: bool = False) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 (the user's own compiler, or this interpreter)
        command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=start_new_session
    )


def _wide() -> tuple[str, ...]:
    """Compilers prefer narrow vectors on some processors that have wide ones; these loops gain from the wide."""
    return ("-mprefer-vector-width=512",) if platform.machine() == "x86_64" and "avx512f" in _processor() else ()


def build_aside() -> None:
    """Compiles in the background, once a process; what runs meanwhile does without."""
    target = place()
    if wanted() and target is not None and not built(target):
        _aside()


@cache
def _aside() -> None:
    """In a process that outlives this one: whoever only predicts is done before a compiler is."""
    waiting: Callable[[], object] = build
    if sys.executable and not getattr(sys, "frozen", False):  # else there is no interpreter to be had
        try:
            waiting = _start([sys.executable, "-I", __file__], start_new_session=True).wait
        except OSError:
            return
    threading.Thread(target=waiting, name="heedful-native", daemon=True).start()


@cache
def load(path: Path) -> ctypes.CDLL | None:
    """The library, if it loads."""
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return None


def library(*, wait: bool) -> ctypes.CDLL | None:
    """The compiled loops, or None. ``wait`` compiles them first if need be: a few seconds, once a machine."""
    target = place() if wanted() else None
    if target is None:
        return None
    if wait:
        build()
    if built(target):
        return load(target)
    if not wait:
        build_aside()
    return None


if __name__ == "__main__":
    build()
