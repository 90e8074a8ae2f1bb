import json
from pathlib import Path

from heedful.data.check import check, check_files
from heedful.data.corpus import corpus_of
from heedful.data.settings import DataSettings


def words(target: str = "symbols") -> DataSettings:
    return DataSettings.model_validate({"target": {"column": 2, "unit": target}})


def test_one_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.tsv"
    file.write_bytes("\ufeffab\tA B\nab\tA  B\nab\tA C\nabcd\tA\nonly\n\tX\n".encode())
    report = check_files([str(file)], words())
    mine = report.files[0]
    assert mine.rows == 4
    assert [line.removeprefix(f"{file}:") for line in mine.bad] == [
        "5: 1 column, but the target is column 2",
        "6: the source is empty",
    ]
    assert len(mine.notes) == 1
    source, target = mine.sides
    assert (source.lengths.shortest, source.lengths.median, source.lengths.longest) == (2, 2, 4)
    assert source.commonest[:2] == [("a", 4), ("b", 4)]
    assert source.once == 2
    assert (target.distinct, target.total) == (3, 7)
    assert target.rarest[0] == ("C", 1)
    assert mine.repeated.count == 1
    assert mine.repeated.examples == [f"{file}:2 says the same as {file}:1"]
    assert mine.several_targets.count == 1
    json.dumps(report.record(), allow_nan=False)


def test_leaks_and_unseen_units_between_files() -> None:
    train = corpus_of([("caf\u00e9", "K A"), ("b", "B")], words())
    dev = corpus_of([("cafe\u0301", "K"), ("cafe\u0301", "A"), ("z", "Z Z")], words())
    report = check([train, dev], words())
    assert [leak.sources.count for leak in report.leaks] == [1]
    assert report.leaks[0].sources.examples == ["pair 1 has the source of pair 1"]
    assert [(unseen.side, unseen.count, unseen.total) for unseen in report.unseen] == [
        ("source", 1, 9),
        ("target", 2, 4),
    ]


def test_look_alikes_of_one_side_across_files() -> None:
    train = corpus_of([("g a", "g"), ("сat", "ː")], words())
    dev = corpus_of([("cat", "ɡ ʰ h")], words())
    report = check([train, dev], words())
    found = {
        side: [[each[1] for each in group.characters] for group in groups]
        for side, groups in report.look_alikes.items()
    }
    assert found == {"source": [["U+0063", "U+0441"]], "target": [["U+0067", "U+0261"]]}


def test_wide_forms_look_alike_and_superscripts_do_not() -> None:
    report = check([corpus_of([("a\uff41", "h ʰ ² 2")], words())], words())
    assert len(report.look_alikes["source"]) == 1
    assert report.look_alikes["target"] == ()


def test_blanks_at_the_edges() -> None:
    corpus = corpus_of([("a ", "b"), ("a", "b")], words())
    assert check([corpus], words()).files[0].edge_blanks.examples == ["pair 1"]
