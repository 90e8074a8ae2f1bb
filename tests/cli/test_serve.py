"""``heedful serve`` from a shell: it listens, answers, is refused what is dangerous, and stops when it is told to."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from heedful.server.limits import Limits
from tests.cli.door import Said, command, environment, heedful, write

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def started(run: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of its own process, and its address."""
    words = command("serve", run, "--port", 0, "--log")
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stderr is not None
    address = ""
    while not address and (line := process.stderr.readline()):
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        address = found[0] if found else ""
    yield process, address
    if process.poll() is None:
        process.kill()
    process.communicate()


def asked(address: str, body: object = None) -> bytes:
    """An answer."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"})  # noqa: S310 (ours)
    with OPENER.open(request, timeout=60) as answer:
        return answer.read()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_stops_when_told(started: tuple[subprocess.Popen[str], str], by: signal.Signals) -> None:
    process, address = started
    assert json.loads(asked(f"{address}/readyz")) == {"status": "ready"}
    found = json.loads(asked(f"{address}/v1/predict", {"inputs": ["abc"]}))
    assert found["model"] == "run"
    assert len(found["results"]) == 1
    assert b"<html" in asked(address)
    process.send_signal(by)
    out, talk = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    lines = [json.loads(line) for line in talk.splitlines() if line.startswith("{")]
    assert lines[-1]["event"] == "stop"
    assert [line["status"] for line in lines if line.get("route") == "/v1/predict"] == [200]
    assert "Traceback" not in talk


def refused(said: Said, code: int, *words: str) -> None:
    """One line that says why."""
    assert (said.code, said.out) == (code, "")
    assert said.talk.startswith("error: "), said.talk
    assert said.talk.count("\n") == 1, said.talk
    assert all(word in said.talk for word in words), said.talk


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])  # noqa: S104 (to be refused)
def test_a_wide_bind_needs_a_token(run: Path, host: str) -> None:
    refused(heedful("serve", run, "--host", host), 2, host, "--token-file", "--insecure")


def test_a_poor_token_is_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(heedful("serve", run, "--token-file", write(tmp_path / "short", "abc\n")), 2, "token", "16")
    refused(heedful("serve", run, "--token-file", write(tmp_path / "empty", "")), 3, "empty")
    refused(heedful("serve", run, "--token-file", tmp_path / "missing"), 3, "missing")
    refused(heedful("serve", run, "--token-file", write(tmp_path / "two", "a" * 20 + "\n" + "b" * 20)), 2, "token")
    for token in ("short", "a blank between letters", "a\ttab-between-letters", "탈탈탈탈탈탈탈탈탈탈탈탈탈탈탈탈"):
        monkeypatch.setenv("HEEDFUL_TOKEN", token)
        refused(heedful("serve", run), 2, "token")


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "no.such.name.example"])
def test_a_host_that_is_none_is_told(run: Path, host: str) -> None:
    refused(heedful("serve", run, "--host", host, "--insecure"), 1, "--host")


def test_a_port_that_is_taken_is_told(run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(heedful("serve", run, "--port", port), 1, str(port), "--port")


def test_every_limit_and_option_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")
    for name in Limits.model_fields:
        assert f"`{name}`" in page, f"docs/server.md says nothing of {name}"
    for name in ("--host", "--token-file", "--insecure", "--allow-host", "--limit", "--log", "--threads"):
        assert name in page, f"docs/server.md says nothing of {name}"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("max_beam_sizes=3", ["max_beam_size"]),
        ("max_beam_size=0", ["max_beam_size", "0"]),
        ("max_beam_size", ["NAME=N"]),
        ("max_body=x", ["max_body", "x"]),
    ],
)
def test_an_impossible_limit_is_named(run: Path, limit: str, words: list[str]) -> None:
    refused(heedful("serve", run, "--limit", limit), 2, *words)


def test_models_need_names_of_their_own(run: Path, tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to(run)
    refused(heedful("serve", run, run), 2, "run")
    refused(heedful("serve", tmp_path / "nothing"), 3, "nothing")
    refused(heedful("serve", run, "--allow-host", "http://x"), 2, "--allow-host")
    (tmp_path / "best").symlink_to(run)
    refused(heedful("serve", tmp_path / "best", tmp_path / "best"), 2, "two models are called run")


def test_without_the_extra_it_says_what_to_install(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    refused(heedful("serve", run), 1, "heedful[serve]")


def test_a_second_signal_is_not_needed_while_somebody_waits(started: tuple[subprocess.Popen[str], str]) -> None:
    process, address = started
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        idle.recv(1000)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert time.monotonic() - begin < 15
    assert process.returncode == 0
