"""Closing, status and right answers under everything that people and programs may do to a server."""

import gc
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from heedful.errors import HeedfulError
from heedful.explorer import Explorer
from heedful.server.limits import Limits
from heedful.server.served import Shelf
from tests.server.asking import Answer, ask, connected, events, received, seconds_until_closed
from tests.server.conftest import Running, running

TOKEN = "a-token-of-some-length"  # noqa: S105 (of a test)
PROBLEM = "abcd"
QUICK = {"header_seconds": 0.6, "body_seconds": 0.6}


@pytest.fixture(scope="module")
def strict(shelf: Shelf) -> Iterator[Running]:
    """A server with short deadlines and small limits."""
    limits = Limits(**QUICK, max_body=8192, max_characters=50, max_units=40, max_inputs=10, max_length=30)
    with running(shelf, limits) as found:
        yield found


@pytest.fixture(scope="module")
def locked(shelf: Shelf) -> Iterator[Running]:
    """A server with a token."""
    with running(shelf, token=TOKEN) as found:
        yield found


def answers_still(server: Running) -> bool:
    """Whether an ordinary client gets an ordinary answer."""
    return ask(server, "/v1/predict", {"inputs": [PROBLEM]}).status == 200


def eventually(true: Callable[[], bool], within: float = 20.0) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + within
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


# ---- slow senders and large ones -------------------------------------------------------------------------------------


def drip(line: socket.socket, content: bytes, stop: threading.Event) -> None:
    """A byte now and then."""
    for byte in content:
        if stop.is_set():
            return
        try:
            line.send(bytes([byte]))
        except OSError:
            return
        stop.wait(0.1)


@pytest.mark.parametrize(
    "sent",
    [b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 500,
     b"x" * 500],
    ids=["head", "body"],
)  # fmt: skip
def test_two_hundred_that_drip_are_closed_and_others_are_answered(strict: Running, sent: bytes) -> None:
    start = b"" if sent.startswith(b"POST") else (
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    )  # fmt: skip
    stop = threading.Event()
    with ExitStack() as stack:
        lines = [stack.enter_context(connected(strict)) for _ in range(200)]
        with ThreadPoolExecutor(len(lines)) as drippers:
            for line in lines:
                line.sendall(start)
                drippers.submit(drip, line, sent, stop)
            assert all(answers_still(strict) for _ in range(5))
            try:
                seconds = [seconds_until_closed(line, 20.0) for line in lines]
            finally:
                stop.set()
    assert max(seconds) < 15.0
    assert not strict.guarded.house.connections


def test_a_slow_head_is_told_why(strict: Running) -> None:
    with connected(strict) as line:
        line.sendall(b"GET /healthz HT")
        answer = received(line)
        assert (answer.status, answer.code) == (408, "too_slow")
        seconds_until_closed(line, 5.0)


def test_a_slow_body_is_told_why(strict: Running) -> None:
    with connected(strict) as line:
        line.sendall(head("Content-Length: 100") + b"{")
        answer = received(line)
        assert (answer.status, answer.code) == (408, "too_slow")
        seconds_until_closed(line, 5.0)


def head(*lines: str, path: str = "/v1/predict") -> bytes:
    """The head of a prediction."""
    fields = ["Host: localhost", "Content-Type: application/json", *lines]
    return "\r\n".join([f"POST {path} HTTP/1.1", *fields, "", ""]).encode()


def pour(line: socket.socket, pieces: Iterator[bytes]) -> None:
    """Sends until the other side has had enough."""
    try:
        for piece in pieces:
            line.sendall(piece)
    except OSError:
        pass


def refused_while_pouring(server: Running, start: bytes, pieces: Iterator[bytes]) -> Answer:
    """The answer to a sender that does not stop sending; and the connection ends."""
    with connected(server) as line:
        line.sendall(start)
        sender = threading.Thread(target=pour, args=(line, pieces), daemon=True)
        sender.start()
        answer = received(line)
        seconds_until_closed(line, 10.0)
        line.close()
        sender.join(10.0)
        assert not sender.is_alive()
    return answer


def memory() -> int:
    """Resident bytes of this process, which the server is part of."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_body_of_64_megabytes_is_refused_by_its_length(strict: Running) -> None:
    before, size = memory(), 64 << 20
    pieces = (b"x" * 65536 for _ in range(size // 65536))
    answer = refused_while_pouring(strict, head(f"Content-Length: {size}"), pieces)
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert memory() - before < 16 << 20
    assert answers_still(strict)


def test_an_endless_body_in_chunks_is_refused(strict: Running) -> None:
    before = memory()

    def chunks() -> Iterator[bytes]:
        while True:
            yield b"1000\r\n" + b"x" * 4096 + b"\r\n"

    answer = refused_while_pouring(strict, head("Transfer-Encoding: chunked"), chunks())
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert memory() - before < 16 << 20
    assert answers_still(strict)


def test_a_header_of_a_megabyte_is_refused(strict: Running) -> None:
    pieces = (b"x" * 65536 for _ in range(16))
    answer = refused_while_pouring(strict, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", pieces)
    assert (answer.status, answer.code) == (431, "headers_too_large")
    assert answers_still(strict)


def test_many_headers_that_come_at_once_are_refused(strict: Running) -> None:
    answer = ask(strict, "/healthz", headers={f"X-{number}": "x" * 500 for number in range(60)})
    assert (answer.status, answer.code) == (431, "headers_too_large")


def test_what_is_no_http_is_refused(strict: Running) -> None:
    for content in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"HELO\r\n\r\n",
        head("Content-Length: -1"),
    ):
        with connected(strict) as line:
            line.sendall(content)
            assert received(line).status == 400
            seconds_until_closed(line, 5.0)


def test_a_reader_that_does_not_read_is_let_go(shelf: Shelf) -> None:
    with running(shelf, Limits(write_seconds=0.5, request_seconds=20)) as server, connected(server) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = json.dumps({"input": "abcd" * 100, "beam_size": 20, "max_length": 1000}).encode()
        for _ in range(3):
            line.sendall(head(f"Content-Length: {len(body)}", path="/v1/predict/stream") + body)
        assert eventually(lambda: not server.guarded.house.connections)
        assert eventually(lambda: server.guarded.desk.explorations.in_hand == 0)


def test_two_hundred_bodies_that_do_not_come_keep_nobody_out(shelf: Shelf) -> None:
    """With the limits as they are by default: who is not there yet has no turn."""
    with running(shelf) as server, ExitStack() as stack:
        lines = [stack.enter_context(connected(server)) for _ in range(200)]
        for number, line in enumerate(lines):
            line.sendall(head("Content-Length: 100") if number % 2 else GET + b"Content-Length: 100\r\n\r\n")
        begin = time.monotonic()
        assert all(answers_still(server) for _ in range(5))
        assert ask(server, "/readyz").status == 200
        assert time.monotonic() - begin < 4, "somebody waited for those that do not come"


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


def test_a_head_in_pieces_is_a_head(strict: Running) -> None:
    body = json.dumps({"inputs": ["abc"]}).encode()
    with connected(strict) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (
            b"P",
            head(f"Content-Length: {len(body)}")[1:20],
            head(f"Content-Length: {len(body)}")[20:],
            body,
        ):
            line.sendall(piece)
            time.sleep(0.02)
        assert received(line).status == 200


def test_what_is_written_and_not_read_holds_no_connection_for_ever(shelf: Shelf) -> None:
    with running(shelf, Limits(write_seconds=0.5, idle_seconds=1, connections=20)) as server, ExitStack() as stack:
        for _ in range(30):
            line = stack.enter_context(connected(server))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
            with suppress(OSError):  # turned away
                line.sendall(request * 40)
            assert len(server.guarded.house.connections) <= 20
        assert eventually(lambda: not server.guarded.house.connections)
        assert eventually(lambda: answers_still(server)), "those behind them have their turn too"


def test_a_reader_that_is_slow_and_steady_gets_all_of_it(shelf: Shelf) -> None:
    body = {"inputs": ["abcd" * 12] * 60, "n_best": 10, "beam_size": 10, "max_length": 60}
    with running(shelf, Limits(write_seconds=0.6)) as server, connected(server) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        content = json.dumps(body).encode()
        line.sendall(head(f"Content-Length: {len(content)}") + content)
        got = b""
        begin = time.monotonic()
        while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < length_of(got):
            more = line.recv(40_000)
            assert more, f"cut off after {len(got):,} bytes and {time.monotonic() - begin:.1f} s"
            got += more
            time.sleep(0.015)
        assert time.monotonic() - begin > 0.6, "too quick to say anything"
        assert len(json.loads(got.partition(b"\r\n\r\n")[2])["results"]) == 60


def length_of(answer: bytes) -> int:
    """What its head says."""
    return int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0])


def test_connections_that_idle_make_room(shelf: Shelf) -> None:
    with running(shelf, Limits(connections=5)) as server, ExitStack() as stack:
        for _ in range(5):
            line = stack.enter_context(connected(server))
            line.sendall(GET + b"\r\n")
            assert received(line).status == 200
        time.sleep(1.2)
        assert all(answers_still(server) for _ in range(8))


# ---- what is in a body -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"inputs": ["abc"], "beam_size": 10**9}, 422, "beam_size"),
        ({"inputs": ["abc"], "beam_size": 10**400}, 422, "beam_size"),
        ({"inputs": ["abc"], "beam_size": 0}, 422, "beam_size"),
        ({"inputs": ["abc"], "beam_size": -1}, 422, "beam_size"),
        ({"inputs": ["abc"], "beam_size": 2.5}, 422, "beam_size"),
        ({"inputs": ["abc"], "beam_size": True}, 422, "beam_size"),
        ({"inputs": ["abc"], "beam_size": "5"}, 422, "beam_size"),
        ({"inputs": ["abc"], "n_best": 10**9}, 422, "n_best"),
        ({"inputs": ["abc"], "n_best": 3, "beam_size": 2}, 422, "n_best"),
        ({"inputs": ["abc"], "max_length": 10**9}, 422, "max_length"),
        (b'{"inputs": ["abc"], "length_penalty": NaN}', 422, ""),
        (b'{"inputs": ["abc"], "length_penalty": 1e400}', 422, "length_penalty"),
        (b'{"inputs": ["abc"], "beam_size": 1, "beam_size": 2}', 422, "beam_size"),
        ({"inputs": ["abc"] * 10_000}, 413, ""),
        ({"inputs": ["abc"] * 11}, 422, "inputs"),
        ({"inputs": ["abc", "a" * 51]}, 422, "inputs[1]"),
        ({"inputs": ["a" * 45]}, 422, "inputs[0]"),
        ({"inputs": ["abc", "\ud800"]}, 422, "inputs[1]"),
        ({"inputs": ["\u4e00\u4e01"]}, 422, "inputs[0]"),
        ({"inputs": "abc"}, 422, "inputs"),
        ({"inputs": [5]}, 422, "inputs[0]"),
        ({"inputs": [["abc", "N"]]}, 422, "inputs[0]"),
        ({"inputs": [[["abc"]]]}, 422, "inputs[0]"),
        ({"inputs": [{"base64": "AAAA"}]}, 422, "inputs[0]"),
        ({"inputs": ["abc"], "model": "/etc/passwd"}, 422, "model"),
        ({"inputs": ["abc"], "model": "../letters"}, 422, "model"),
        ({"inputs": ["abc"], "beam": 3}, 422, "beam"),
        ({}, 422, "inputs"),
        ([], 422, ""),
        (b"null", 422, ""),
        (b"", 415, None),
        (b"{", 400, None),
        (b'{"inputs": ["\xff"]}', 400, None),
        (b"[" * 8000, 400, None),
        (b'{"inputs": ' + b"[" * 4000 + b"]" * 4000 + b"}", None, None),
        (b'{"beam_size": ' + b"9" * 6000 + b"}", 400, None),
        ({"inputs": [{"base64": "!!"}], "model": "digits"}, 422, "inputs[0].base64"),
        ({"inputs": [{"base64": "AAAA"}], "model": "digits"}, 422, "inputs[0]"),
        ({"inputs": ["/etc/hostname"], "model": "digits"}, 422, "inputs[0]"),
        ({"inputs": [""], "model": "digits"}, 200, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_field_is_named(strict: Running, body: Any, status: int | None, field: str | None) -> None:
    answer = ask(strict, "/v1/predict", body)
    assert answer.status == status or (status is None and answer.status in (400, 422))
    if answer.status != 200:
        message = answer.json["error"]["message"]
        assert message
        assert "Traceback" not in message
        assert "/" not in message.replace("application/json", "")
        if field is not None:
            assert answer.field == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": "abc", "prefix": ["A"] * 31}, "prefix"),
        ({"input": "abc", "hold": [{"position": 3}]}, "hold"),
        ({"input": "abc", "hold": [{"position": -1}]}, "hold[0].position"),
        ({"input": "abc", "hold": [{"position": 10**30}]}, "hold"),
        ({"input": "abc", "hold": [{"position": 0}], "model": "fixed"}, "hold"),
        ({"input": "abc", "alternatives": 10**9}, "alternatives"),
        ({"input": ""}, "input"),
        ({"input": "abc", "prefix": ["\ud800"]}, "prefix"),
        ({"input": "abc", "prefix": ["A", "Q"]}, "prefix[1]"),
        ({"input": "abc", "prefix": ["A", "A", "A"], "max_length": 2}, "prefix"),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/v1/explore", "/v1/predict/stream"])
def test_an_impossible_exploration_is_refused(strict: Running, path: str, body: Any, field: str) -> None:
    answer = ask(strict, path, body)
    assert (answer.status, answer.field) == (422, field), answer.body


def test_a_compressed_body_and_one_of_another_kind_are_refused(strict: Running) -> None:
    body = {"inputs": ["abc"]}
    assert ask(strict, "/v1/predict", body, headers={"Content-Encoding": "gzip"}).status == 415
    assert ask(strict, "/v1/predict", body, headers={"Content-Type": "text/plain"}).status == 415
    assert ask(strict, "/v1/predict", body, headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 415


def test_what_people_send_is_never_markup_and_never_in_the_log(strict: Running) -> None:
    hostile = "<script>alert('secret-text')</script>"
    for body in ({"inputs": [hostile]}, {"inputs": ["abc"], hostile: 1}, {"inputs": ["abc"], "model": hostile}):
        answer = ask(strict, "/v1/predict", body)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
    ask(strict, f"/{hostile}")
    ask(strict, "/v1/predict", {"inputs": ["abcabcabc"]})
    assert "secret-text" not in strict.log.getvalue()
    assert "abcabcabc" not in strict.log.getvalue()


def test_the_log_is_a_line_of_json_an_event(strict: Running) -> None:
    ask(strict, "/v1/predict", {"inputs": ["abc", "cb"]})
    time.sleep(0.05)
    lines = [json.loads(line) for line in strict.log.getvalue().splitlines()]
    last = [line for line in lines if line.get("route") == "/v1/predict"][-1]
    assert (last["status"], last["inputs"], last["units"], last["model"]) == (200, 2, 5, "letters")


# ---- who asks --------------------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_and_compared(locked: Running) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
    ):
        for path in ("/v1/models", "/metrics", "/docs", "/openapi.json", "/nowhere"):
            answer = ask(locked, path, headers=headers)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="heedful"')
        assert ask(locked, "/v1/predict", {"inputs": ["abc"]}, headers=headers).status == 401
    assert ask(locked, "/v1/models", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert ask(locked, "/v1/predict", {"inputs": ["abc"]}, headers={"Authorization": f"bearer {TOKEN}"}).status == 200
    assert ask(locked, "/healthz").status == ask(locked, "/readyz").status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "",
        "[::2]",
        "x@localhost",
        "[::1]evil.example",
        "localhost:x@evil.example",
    ],
)
def test_a_foreign_host_is_refused(strict: Running, host: str) -> None:
    answer = ask(strict, "/healthz", headers={"Host": host})
    assert (answer.status, answer.code) == (400, "foreign_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:80"])
def test_its_own_names_are_known(strict: Running, host: str) -> None:
    assert ask(strict, "/healthz", headers={"Host": host}).status == 200


def test_pages_of_other_origins_get_nothing(strict: Running) -> None:
    body = {"inputs": ["abc"]}
    own = f"http://127.0.0.1:{strict.port}"
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://["},
        {"Origin": "http://[x]"},
        {"Origin": f"{own}.evil.example"},
        {"Origin": f"ftp://127.0.0.1:{strict.port}"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        answer = ask(strict, "/v1/predict", body, headers=headers)
        assert (answer.status, answer.code) == (403, "foreign_origin")
    preflight = ask(strict, "/v1/predict", method="OPTIONS", headers={"Origin": "http://evil.example"})
    with connected(strict) as line:
        line.sendall(head("Origin: http://evil.example", f"Origin: {own}", "Content-Length: 2") + b"{}")
        assert received(line).status == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ask(strict, "/", headers=followed).status == 200, "a link may lead to the page"
    answers = [
        answer,
        preflight,
        ask(strict, "/v1/predict", body, headers={"Origin": f"http://127.0.0.1:{strict.port}"}),
    ]
    assert not any(name.startswith("access-control") for each in answers for name in each.headers)
    assert answers[-1].status == 200


TRAVERSALS = [
    "../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "....//etc/passwd", "%00", "..\\..\\x",
    "%5c..%5c..%5cetc%5cpasswd", "//etc/passwd", "%252e%252e%252fetc%252fpasswd", ".", "..", "%ff", "main.js/..", "main.js%00",
]  # fmt: skip


@pytest.mark.parametrize(
    "under", ["/", "/static/", "/v1/", "/v1/models/", "/v1/predict/", "/docs/", "/healthz/", "/readyz/"]
)
def test_traversal_leads_nowhere(strict: Running, under: str) -> None:
    for path in TRAVERSALS:
        with connected(strict) as line:
            line.sendall(
                f"GET {under}{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
            )
            answer = received(line)
        assert answer.status in (400, 404, 405), (under + path, answer.status)
        assert b"root:" not in answer.body


def test_every_answer_carries_its_policy(strict: Running) -> None:
    for path in ("/", "/healthz", "/nowhere", "/v1/predict", "/docs"):
        headers = ask(strict, path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
    assert "unsafe-inline" not in ask(strict, "/").headers["content-security-policy"]


# ---- too much at once ------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes servers whose searches take as long as one says, with limits."""
    predictor = shelf.served["letters"].predictor
    search = predictor.search

    def make(seconds: float, **limits: Any) -> Any:
        def slowly(*given: Any, watch: Callable[[], None] | None = None, **named: Any) -> Any:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(0.01)
                if watch is not None:
                    watch()
            return search(*given, **named)

        monkeypatch.setattr(predictor, "search", slowly)
        return running(shelf, Limits(**limits))

    return make


def test_a_full_queue_says_when_to_come_again(slow: Callable[..., Any]) -> None:
    with slow(0.3, waiting=4, batch_inputs=2) as server, ThreadPoolExecutor(12) as clients:
        answers = list(clients.map(lambda _: ask(server, "/v1/predict", {"inputs": ["abc", "cb"]}), range(12)))
        statuses = sorted(answer.status for answer in answers)
        assert statuses[0] == 200
        assert statuses[-1] == 503
        for answer in answers:
            if answer.status == 503:
                assert answer.code == "overloaded"
                assert int(answer.headers["retry-after"]) >= 1
        assert answers_still(server)


def test_with_enough_in_hand_others_wait_and_are_answered(slow: Callable[..., Any]) -> None:
    with slow(0.05, requests=2) as server, ThreadPoolExecutor(24) as clients:
        answers = list(clients.map(lambda _: ask(server, "/v1/predict", {"inputs": ["abc"]}), range(24)))
        assert {answer.status for answer in answers} == {200}


def test_who_waits_too_long_is_told_to_come_again(slow: Callable[..., Any]) -> None:
    with slow(1.5, requests=1, parked_seconds=0.2) as server, ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda _: ask(server, "/v1/predict", {"inputs": ["abc"]}), range(6)))
        assert sorted(answer.status for answer in answers) == [200, *[503] * 5]
        assert ask(server, "/healthz").status == 200
        assert answers_still(server)


def test_beyond_the_connections_that_are_allowed_a_few_are_refused_and_none_is_forgotten(
    slow: Callable[..., Any],
) -> None:
    with slow(0.2, connections=4) as server, ThreadPoolExecutor(24) as clients:
        answers = list(clients.map(lambda _: ask(server, "/v1/predict", {"inputs": ["abc"]}), range(24)))
        assert {answer.status for answer in answers} <= {200, 503}
        assert sum(answer.status == 200 for answer in answers) >= 4
        assert all("retry-after" in answer.headers for answer in answers if answer.status == 503)
        assert answers_still(server)


def test_a_request_has_a_deadline(slow: Callable[..., Any]) -> None:
    with slow(30.0, request_seconds=0.3) as server:
        answer = ask(server, "/v1/predict", {"inputs": ["abc"]})
        assert (answer.status, answer.code) == (503, "deadline")
        begin = time.monotonic()
    assert time.monotonic() - begin < 10  # what nobody waits for is given up, so the server ends at once


@pytest.mark.parametrize("path", ["/v1/predict/stream", "/v1/explore"])
def test_an_exploration_that_takes_too_long_says_so(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    watch = Explorer.watch

    def slowly(self: Explorer, *given: Any, **named: Any) -> Any:
        for moment in (walk := watch(self, *given, **named)):
            time.sleep(0.1)
            yield moment
        return walk

    monkeypatch.setattr(Explorer, "watch", slowly)
    with running(shelf, Limits(request_seconds=0.3)) as server:
        answer = ask(server, path, {"input": "abcdabcdabcd"})
        if path == "/v1/explore":
            assert (answer.status, answer.code) == (503, "deadline")
        else:
            name, record = events(answer.body)[-1]
            assert (name, record["error"]["code"]) == ("error", "deadline")
        assert eventually(lambda: server.guarded.desk.explorations.in_hand == 0)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/predict", {"inputs": ["abcd" * 100] * 50, "beam_size": 20, "n_best": 20, "max_length": 500}, "inputs"),
        ("/v1/attend", {"input": "abcd" * 400, "target": "A " * 990}, "target"),
        ("/v1/explore", {"input": "abcd" * 300, "beam_size": 20, "n_best": 20, "alternatives": 50}, "input"),
    ],
)
def test_an_answer_of_any_size_is_not_made(shelf: Shelf, path: str, body: Any, field: str) -> None:
    with running(shelf, Limits(max_numbers=1_000_000)) as server:
        answer = ask(server, path, body)
        assert (answer.status, answer.code, answer.field) == (422, "too_large", field), answer.body[:200]


def test_large_answers_are_not_made_all_at_once(slow: Callable[..., Any]) -> None:
    with slow(0.5, numbers=1000) as server, ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(lambda _: ask(server, "/v1/predict", {"inputs": ["abcd"] * 30}), range(4)))
        assert sorted({answer.status for answer in answers}) == [200, 503]
        assert answers_still(server)
        assert server.guarded.desk.taken == 0


def test_while_a_large_answer_is_made_others_are_answered(shelf: Shelf) -> None:
    body = {"inputs": ["abcd" * 100] * 6, "beam_size": 8, "n_best": 8, "max_length": 150}
    with running(shelf) as server, ThreadPoolExecutor(1) as clients:
        large = clients.submit(ask, server, "/v1/predict", body)
        slowest = 0.0
        while not large.done():
            begin = time.monotonic()
            assert ask(server, "/healthz").status == 200
            slowest = max(slowest, time.monotonic() - begin)
        assert large.result().status == 200
        assert len(large.result().body) > 2_000_000
        assert slowest < 2.0


def test_a_batcher_that_fails_goes_on(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(shelf) as server:
        batcher = server.guarded.desk.batcher
        choose = batcher._next
        failures = iter([MemoryError()])

        def once() -> Any:
            for failure in failures:
                raise failure
            return choose()

        monkeypatch.setattr(batcher, "_next", once)
        assert ask(server, "/v1/predict", {"inputs": ["abc"]}).status == 500
        assert "MemoryError" in server.log.getvalue()
        assert answers_still(server)
        assert ask(server, "/healthz").status == ask(server, "/readyz").status == 200


def test_a_broken_model_is_nobodys_fault_but_ours(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any, **named: Any) -> Any:
        raise HeedfulError("/a/path: the weights are broken")

    predictor = shelf.served["letters"].predictor
    monkeypatch.setattr(predictor, "search", broken)
    monkeypatch.setattr(predictor, "stepper", broken)
    with running(shelf) as server:
        for path, body in (
            ("predict", {"inputs": ["abc"]}),
            ("attend", {"input": "abc"}),
            ("explore", {"input": "abc"}),
        ):
            answer = ask(server, f"/v1/{path}", body)
            assert (answer.status, answer.code) == (500, "broken_model")
            assert b"path" not in answer.body
        assert ask(server, "/readyz").status == 503
        assert ask(server, "/healthz").status == 200


def test_readiness_asks_every_model(shelf: Shelf) -> None:
    with running(shelf) as server:
        assert ask(server, "/readyz").status == 200
        registry = server.guarded.desk.numbers.registry
        for name in shelf.served:
            assert registry.get_sample_value("heedful_inputs_total", {"model": name}) == 1
        for _ in range(20):
            assert ask(server, "/readyz").status == 200
        assert (registry.get_sample_value("heedful_inputs_total", {"model": "letters"}) or 0) <= 4, "it asks too often"


def test_who_comes_while_it_stops_is_refused_at_once(slow: Callable[..., Any]) -> None:
    with slow(1.0) as server, ThreadPoolExecutor(1) as clients:
        answer = clients.submit(ask, server, "/v1/predict", {"inputs": ["abc"]})
        time.sleep(0.2)
        server.server.should_exit = True
        time.sleep(0.4)
        with pytest.raises(OSError, match=r".*"):
            ask(server, "/healthz")
        assert answer.result().status == 200


def test_who_hangs_up_leaves_the_queue(slow: Callable[..., Any]) -> None:
    with slow(0.4, batch_inputs=1) as server:
        body = json.dumps({"inputs": ["abc"]}).encode()
        lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
        for line in lines:
            line.sendall(head(f"Content-Length: {len(body)}") + body)
        time.sleep(0.2)
        for line in lines:
            line.close()
        begin = time.monotonic()
        assert answers_still(server)
        assert time.monotonic() - begin < 1.5, "it waited for those that had gone"
        assert eventually(lambda: server.guarded.guard.in_hand == 0)
        assert not server.guarded.desk.batcher.queue


def test_one_bad_input_does_not_take_others_along(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = shelf.served["letters"].predictor
    search = predictor.search

    def fails(rows: Any, *given: Any, **named: Any) -> Any:
        if ("cc",) in rows:
            raise RuntimeError(f"/secret/path {rows}")
        time.sleep(0.05)
        return search(rows, *given, **named)

    monkeypatch.setattr(predictor, "search", fails)
    with running(shelf) as server, ThreadPoolExecutor(12) as clients:
        words = ["abc", "cc"] * 6
        answers = list(clients.map(lambda word: ask(server, "/v1/predict", {"inputs": [word]}), words))
        for word, answer in zip(words, answers, strict=True):
            assert answer.status == (500 if word == "cc" else 200)
            assert word != "cc" or answer.code == "bug"
            assert b"secret" not in answer.body
            assert b"Traceback" not in answer.body
        assert "RuntimeError" in server.log.getvalue()
        assert "/secret/path" not in server.log.getvalue()


def test_what_is_in_hand_is_finished_when_the_server_stops(slow: Callable[..., Any]) -> None:
    with ThreadPoolExecutor(1) as clients:
        with slow(0.5) as server:
            answer = clients.submit(ask, server, "/v1/predict", {"inputs": ["abc"]})
            time.sleep(0.2)
            begin = time.monotonic()
        assert answer.result().status == 200
        assert time.monotonic() - begin < 10


def test_a_stream_that_nobody_reads_any_more_holds_no_thread(shelf: Shelf) -> None:
    """Without help of the garbage collector, which may come much later."""
    body = json.dumps({"input": "abcd" * 60, "beam_size": 10, "n_best": 10, "max_length": 250}).encode()
    request = head(f"Content-Length: {len(body)}", path="/v1/predict/stream") + body
    gc.disable()
    try:
        with running(shelf) as server:
            for _ in range(4):
                with connected(server) as line:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    line.sendall(request)
                    line.recv(1000)
                    time.sleep(0.3)
            desk = server.guarded.desk
            assert eventually(lambda: desk.explorations.in_hand == 0)
            assert desk.taken == 0
            assert ask(server, "/v1/explore", {"input": "abcd"}).status == 200
    finally:
        gc.enable()


def test_a_thousand_who_leave_leave_nothing_behind(server: Running) -> None:
    body = json.dumps({"input": "abcd"}).encode()
    request = head(f"Content-Length: {len(body)}", path="/v1/predict/stream") + body
    descriptors = Path("/proc/self/fd")
    assert answers_still(server)
    before = len(list(descriptors.iterdir()))
    for round_ in range(1000):
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(request[: len(request) - round_ % 3])
    assert eventually(lambda: server.guarded.guard.in_hand == server.guarded.desk.explorations.in_hand == 0)
    assert answers_still(server)
    assert eventually(lambda: len(list(descriptors.iterdir())) <= before + 5)
