"""Nothing that a model folder, a recipe or a file of data says is ever run, and nothing goes over the network."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.places import modules, parsed

RUNS_DATA = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "yaml",
    "runpy",
    "code",
}
NETWORK = {"aiohttp", "ftplib", "httpx", "huggingface_hub", "requests", "smtplib", "socket", "telnetlib", "urllib3"}
NETWORK_PARTS = {"http.client", "urllib.request", "torch.hub"}
IMPORTLIB = {"importlib.metadata", "importlib.resources"}
TOLD = {"shell", "allow_pickle", "trust_remote_code"}
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
DOTTED = {
    "torch.load", "torch.save", "torch.hub.load", "torch.jit.load", "torch.package", "numpy.load", "np.load", "yaml.load",
    "os.system", "os.popen", "os.execv", "os.execvp", "subprocess.getoutput", "tempfile.mktemp", "importlib.import_module",
}  # fmt: skip


def dotted(node: ast.expr) -> str:
    """``torch.load`` as it is written; something else as the empty string."""
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that this statement imports or may be taking a name from."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]


def called(node: ast.Call) -> Iterator[str]:
    """What a call could do by its name or by what it is told."""
    if isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield node.func.id
    for keyword in node.keywords:
        refused = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        if keyword.arg in TOLD and not refused:
            yield keyword.arg


def dangers(tree: ast.Module, *, may_serve: bool = False) -> Iterator[tuple[int, str]]:
    """Line and name of everything in a module that could run what it reads, or reach another machine."""
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from ((node.lineno, name) for name in imported(node) if _is_danger(name, may_serve=may_serve))
            case ast.Call():
                yield from ((node.lineno, name) for name in called(node))
            case ast.Attribute() if dotted(node) in DOTTED | NETWORK_PARTS:
                yield node.lineno, dotted(node)
            case _:
                pass


def _is_danger(name: str, *, may_serve: bool) -> bool:
    top = name.partition(".")[0]
    runs = top in RUNS_DATA or name in DOTTED or (top == "importlib" and not _harmless(name))
    return runs or (not may_serve and (top in NETWORK or name in NETWORK_PARTS))


def _harmless(name: str) -> bool:
    return name == "importlib" or any(name == each or name.startswith(f"{each}.") for each in IMPORTLIB)


@pytest.mark.parametrize("path", modules(), ids=lambda path: "/".join(path.parts[-2:]))
def test_nothing_here_runs_what_it_reads(path: Path) -> None:
    found = list(dangers(parsed(path), may_serve="server" in path.parts))
    assert not found, "; ".join(f"{path}:{line}: {name}" for line, name in found)


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import torch; torch.load('x')",
        "from torch import load",
        "import numpy as np; np.load('x')",
        "load = torch.load",
        "eval('1')",
        "exec(text)",
        "__import__(name)",
        "import importlib; importlib.import_module(name)",
        "from importlib import import_module",
        "from importlib import util",
        "import yaml; yaml.load(text)",
        "import subprocess; subprocess.run('ls', shell=True)",
        "import os; os.system('ls')",
        "import urllib.request",
        "from urllib import request",
        "import requests",
        "torch.hub.load('x')",
    ],
)
def test_the_scan_sees(line: str) -> None:
    assert list(dangers(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["network.eval()", "import re; re.compile('x')", "from importlib.metadata import version"]
)
def test_the_scan_lets_pass(line: str) -> None:
    assert not list(dangers(ast.parse(line)))
