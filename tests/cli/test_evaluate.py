"""``heedful evaluate``: the report, as tables and as the pinned JSON."""

from pathlib import Path

import pytest

from tests.cli.door import heedful, write


def test_the_json_is_the_pinned_one(run: Path, pairs: Path) -> None:
    said = heedful("evaluate", run, pairs, "--json")
    assert (said.code, said.talk) == (0, "")
    (record,) = said.records
    assert list(record) == ["count", "metrics", "by_length"]
    assert record["count"] == len(pairs.read_text().splitlines())
    assert list(record["metrics"]) == ["accuracy", "error_rate", "bleu", "chrf"]
    for measured in record["metrics"].values():
        assert list(measured) == ["value", "low", "high", "signature"]
        assert measured["low"] <= measured["value"] <= measured["high"]
    assert record["metrics"]["accuracy"]["value"] > 50
    assert [list(row) for row in record["by_length"]] == [["from", "to", "count", "accuracy", "error_rate"]] * 2
    assert [(row["from"], row["to"]) for row in record["by_length"]] == [(2, 2), (3, 3)]
    assert sum(row["count"] for row in record["by_length"]) == record["count"]


def test_parallel_text_is_the_same_as_a_file_of_pairs(run: Path, pairs: Path, tmp_path: Path) -> None:
    sides = zip(*(line.split("\t") for line in pairs.read_text().splitlines()), strict=True)
    source, target = (write(tmp_path / name, "\n".join(side) + "\n") for name, side in zip("st", sides, strict=True))
    one = heedful("evaluate", run, pairs, "--json", "--batch-size", 5)
    other = heedful("evaluate", run, source, target, "--json")
    assert one.records == other.records
    write(target, "A B\n")
    unequal = heedful("evaluate", run, source, target)
    assert (unequal.code, unequal.out) == (3, "")
    assert "80 lines" in unequal.talk


@pytest.mark.parametrize("width", [30, 80, 200])
def test_tables_for_people(run: Path, pairs: Path, width: int) -> None:
    said = heedful("evaluate", run, pairs, width=width)
    assert said.code == 0
    assert "accuracy" in said.out
    assert "by source length" in said.out
    assert max(map(len, said.lines)) <= width


def test_lines_with_one_source_are_references(run: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "both.tsv", "ab\tA B\nab\tX\n")
    (record,) = heedful("evaluate", run, data, "--json").records
    assert record["count"] == 1


def test_the_search_can_be_chosen(run: Path, pairs: Path) -> None:
    assert (
        heedful("evaluate", run, pairs, "--json", "--beam-size", 1, "--length-penalty", "0.5", "--threads", 1).code == 0
    )
    said = heedful("evaluate", run, pairs, "--beam-size", 0)
    assert said.code == 2
    assert "beam_size" in said.talk


def test_unknown_units_are_told(run: Path, tmp_path: Path) -> None:
    said = heedful("evaluate", run, write(tmp_path / "x.tsv", "aß\tA\nzz\tB\n"), "--json")
    assert said.code == 0
    assert "3 of 4 source units are unknown to the model, such as 'z' 'ß'" in said.talk


def test_bad_rows(run: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "bad.tsv", "ab\tA B\ncd\nab\t\n\tA\n" + "ab\n" * 8)
    said = heedful("evaluate", run, data)
    assert (said.code, said.out) == (3, "")
    assert "bad.tsv:2: 1 column, but the target is column 2" in said.talk
    assert "bad.tsv:3: the target is empty" in said.talk
    assert "bad.tsv:4: the source is empty" in said.talk
    assert said.talk.count("bad.tsv:") == 5
    assert "and 6 more" in said.talk
    skipped = heedful("evaluate", run, data, "--json", "--on-bad", "skip")
    assert skipped.code == 0
    assert skipped.records[0]["count"] == 1
    assert "11 bad rows" in skipped.talk


def test_three_files_are_too_many(run: Path, pairs: Path) -> None:
    assert heedful("evaluate", run, pairs, pairs, pairs).code == 2
