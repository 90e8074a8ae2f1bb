"""The journal: one event a line, cut back to where a run goes on from."""

import json
from pathlib import Path

from heedful.training.journal import Finished, Journal, Noted, Progressed, Started, Validated, read

EVENTS = [
    Started(0, 9, 100, 10, 2, 0.1, ("a note",)),
    Progressed(2, 9, 0, 1.5, 0.3, 0.001, 1000.0, 1.0, 2.0),
    Validated(4, {"accuracy": 12.5}, True, (("안녕", "b\tc", "d"),), 2.0),
    Noted(5, "skipped"),
    Progressed(6, 9, 1, 1.25, 0.3, 0.001, 1000.0, 1.0, 2.0),
    Finished(6, "all updates done", 4, 3.0),
]


def written(path: Path) -> Path:
    """A journal of all ``EVENTS``."""
    journal = Journal(path)
    for event in EVENTS:
        journal(event)
    return path


def test_every_event_is_a_line_of_json(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl")
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == read(path)
    kinds = ["started", "progress", "validated", "note", "progress", "finished"]
    assert [event["event"] for event in read(path)] == kinds
    assert read(path)[2]["samples"] == [["안녕", "b\tc", "d"]]
    assert "안녕" in lines[2]  # people read it


def test_a_new_run_begins_a_new_journal(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl")
    Journal(path)
    assert read(path) == []


def test_a_resumed_run_drops_what_it_will_do_again(tmp_path: Path) -> None:
    """And that it had finished, since now it has not; and a validation that was said and not saved."""
    path = written(tmp_path / "journal.jsonl")
    Journal(path, resume_at=5, validated=4)
    assert [event["update"] for event in read(path)] == [0, 2, 4, 5]
    Journal(path, resume_at=4, validated=2)
    assert [event["event"] for event in read(path)] == ["started", "progress"]
    Journal(path)
    written(path)
    Journal(path, resume_at=6, validated=4)
    assert [event["event"] for event in read(path)] == ["started", "progress", "validated", "note", "progress"]


def test_half_a_line_of_a_killed_run_is_dropped(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl")
    whole = path.read_bytes()
    for cut in range(len(whole) - 1, len(whole) - 40, -3):
        path.write_bytes(whole[:cut])
        Journal(path, resume_at=6, validated=4)(Noted(6, "on"))
        assert [event["update"] for event in read(path)] == [0, 2, 4, 5, 6, 6]


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl")
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[1:1] = ["\0\0\0", "[]", '{"event": "progress"}', ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert [event["update"] for event in read(path)] == [0, 2, 4, 5, 6, 6]


def test_a_journal_that_is_gone_is_begun_again(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.jsonl", resume_at=6)(Noted(6, "on"))
    assert [event["message"] for event in read(tmp_path / "journal.jsonl")] == ["on"]
    assert read(tmp_path / "nothing.jsonl") == []
