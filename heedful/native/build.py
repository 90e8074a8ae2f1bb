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
import tempfile
import threading
from functools import cache
from pathlib import Path

SWITCH = "HEEDFUL_NATIVE"
"""Set to 0, this environment variable leaves everything to the operators of PyTorch."""
HERE = Path(__file__).parent
SOURCES = ("products.cpp", "scan.cpp", "attention.cpp", "output.cpp")
HEADERS = ("vectors.hpp", "products.hpp", "cells.hpp")
FLAGS = (
    "-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fopenmp",
    "-fPIC", "-w",
)  # fmt: skip
LIMIT = 120.0
"""Seconds after which a compiler is given up."""


def wanted() -> bool:
    """Whether compiled loops may be used at all."""
    return os.environ.get(SWITCH, "1") != "0"


@cache
def compiler() -> str | None:
    """The C++ compiler's full path: ``CXX`` where it is set, else the first that is there."""
    named = os.environ.get("CXX")
    for name in (named,) if named else ("g++", "clang++", "c++"):
        if name and (found := shutil.which(name)):
            return os.path.realpath(found)
    return None


@cache
def place() -> Path | None:
    """Where this machine's library stands or would stand; None where nothing can be built."""
    path = compiler()
    if path is None or platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"):
        return None
    try:
        digest = hashlib.sha256("\0".join((*FLAGS, path, _processor())).encode())
        digest.update(str(Path(path).stat().st_mtime_ns).encode())
        for name in (*SOURCES, *HEADERS):
            digest.update((HERE / name).read_bytes())
        home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
        return Path(home) / "heedful" / f"native-{digest.hexdigest()[:24]}.so"
    except (OSError, RuntimeError):
        return None


def _processor() -> str:
    """What the processor can do, as the system says it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("flags", "Features")):
            return line
    return platform.processor()


def build() -> bool:
    """Compiles the library unless it is there; returns whether it is."""
    target, path = place(), compiler()
    if target is None or path is None:
        return False
    if target.exists():
        return True
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as folder:
            objects = [str(Path(folder) / f"{name}.o") for name in SOURCES]
            running = [
                subprocess.Popen(
                    [path, *FLAGS, *_wide(path), "-c", str(HERE / name), "-o", made],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
                for name, made in zip(SOURCES, objects, strict=True)
            ]  # fmt: skip
            try:
                done = [each.wait(LIMIT) == 0 for each in running]
            finally:
                for each in running:
                    each.kill()
            library = str(Path(folder) / "library.so")
            # Not linked with an OpenMP of its own: PyTorch's is loaded already, and two of them fight for the cores.
            if not all(done) or subprocess.run([path, "-shared", *objects, "-o", library], timeout=LIMIT, capture_output=True, check=False).returncode:
                return False
            os.replace(library, target)  # noqa: PTH105
    except (OSError, subprocess.SubprocessError):
        return False
    return target.exists()


def _wide(path: str) -> tuple[str, ...]:
    """Compilers prefer narrow vectors on some processors that have wide ones; these loops gain from the wide."""
    return ("-mprefer-vector-width=512",) if platform.machine() == "x86_64" and "avx512f" in _processor() else ()


def build_aside() -> None:
    """Compiles in the background, once a process; what runs meanwhile does without."""
    target = place()
    if wanted() and target is not None and not target.exists():
        _aside()


@cache
def _aside() -> None:
    threading.Thread(target=build, name="heedful-native", daemon=True).start()


@cache
def load(path: Path) -> ctypes.CDLL | None:
    """The library, if this user owns it and it loads."""
    try:
        if path.stat().st_uid != os.getuid():
            return None
        return ctypes.CDLL(str(path))
    except (OSError, AttributeError):
        return None


def library(*, wait: bool) -> ctypes.CDLL | None:
    """The compiled loops, or None. ``wait`` compiles them first if need be: a few seconds, once a machine."""
    target = place() if wanted() else None
    if target is None:
        return None
    if wait:
        build()
    elif not target.exists():
        build_aside()
        return None
    return load(target) if target.exists() else None
