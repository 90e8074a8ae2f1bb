from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.corpus import Corpus, corpus_of, hold_out, read_corpus, read_task, split_source_line
from heedful.data.settings import DataSettings
from heedful.errors import DataError, SettingsError

LEMMA_AND_TAGS = DataSettings.model_validate(
    {"source": [{"column": 1}, {"column": 3, "unit": "tags"}], "target": {"column": 2}}
)
texts = st.text(st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]), min_size=1)


def read(folder: Path, content: str | bytes, settings: DataSettings | None = None, **more: str) -> Corpus:
    file = folder / "mine.tsv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_corpus("mine.tsv", settings or DataSettings(), base=folder, **more)  # type: ignore[arg-type]


@given(st.lists(st.tuples(texts, texts), min_size=1))
def test_rows_come_as_written(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    content = "".join(f"{source}\t{target}\n" for source, target in pairs)
    if content.startswith("\ufeff"):
        return
    corpus = read(tmp_path_factory.mktemp("corpus"), content)
    assert list(zip(corpus.sources, corpus.targets, strict=True)) == [((source,), target) for source, target in pairs]


def test_quotes_header_and_further_columns_are_ordinary(tmp_path: Path) -> None:
    corpus = read(tmp_path, 'source\ttarget\n"a\t"b"\t3\t\n\'c\td\t\n')
    assert corpus.sources == [("source",), ('"a',), ("'c",)]
    assert corpus.targets == ["target", '"b"', "d"]
    assert corpus.where(2).endswith("mine.tsv:3")


def test_several_source_columns_in_recipe_order(tmp_path: Path) -> None:
    corpus = read(tmp_path, "gehen\tging\tV;PST\n", LEMMA_AND_TAGS)
    assert [tuple(pair)[:2] for pair in corpus] == [(("gehen", "V;PST"), "ging")]


BAD = {
    "x\t": "the target is empty",
    "\tx": "the source is empty",
    "": "the line is empty",
    "x": "1 column, but the target is column 2",
    f"{'x' * 1001}\ty": "the source has 1,001 letters, more than max_units = 1000",
}


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_stops_or_is_skipped(tmp_path: Path, row: str) -> None:
    content = f"a\tb\n{row}\nc\td\n"
    with pytest.raises(DataError) as error:
        read(tmp_path, content)
    assert str(error.value) == f"{tmp_path}/mine.tsv:2: {BAD[row]}; fix the row or pass --on-bad skip"
    corpus = read(tmp_path, content, on_bad="skip")
    assert corpus.targets == ["b", "d"]
    assert corpus.where(1).endswith(":3")
    assert corpus.skipped == [f"{tmp_path}/mine.tsv:2: {BAD[row]}"]


def test_many_bad_rows_are_shown_five_and_a_count(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, "a\tb\n" + "x\n" * 12)
    assert str(error.value).count("mine.tsv:") == 5
    assert "and 7 more" in str(error.value)
    assert str(error.value).endswith("fix the rows or pass --on-bad skip")


def test_bytes_that_are_no_text_are_rows_like_others(tmp_path: Path) -> None:
    corpus = read(tmp_path, b"a\tb\ncaf\xe9\tx\nn\0\tx\nc\td\n", on_bad="skip")
    assert corpus.targets == ["b", "d"]
    assert len(corpus.skipped) == 2


def test_windows_and_byte_order_mark(tmp_path: Path) -> None:
    corpus = read(tmp_path, b"\xef\xbb\xbfa\tb\r\nc\td\r\n")
    assert corpus.sources == [("a",), ("c",)]
    assert corpus.targets == ["b", "d"]
    assert len(corpus.notes) == 2


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mine.tsv: empty; at least one row"):
        read(tmp_path, "")
    with pytest.raises(DataError, match="none of its 2 rows can be used"):
        read(tmp_path, "x\ny\n", on_bad="skip")
    with pytest.raises(DataError, match="no such file"):
        read_corpus("nowhere.tsv", DataSettings(), base=tmp_path)
    with pytest.raises(DataError, match="built-in task"):
        read_corpus("task:copy", DataSettings())


def test_max_units_counts_units(tmp_path: Path) -> None:
    words = DataSettings.model_validate({"source": {"unit": "words"}, "max_units": 3})
    assert len(read(tmp_path, "one two  three\tabc\n", words)) == 1
    with pytest.raises(DataError, match="4 words, more than max_units = 3"):
        read(tmp_path, "one two three four\tabc\n", words)
    jamo = DataSettings.model_validate({"source": {"unit": "jamo"}, "max_units": 5})
    with pytest.raises(DataError, match="6 jamo"):
        read(tmp_path, "한글\ta\n", jamo)


def test_parallel_text(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one\ntwo\twords\n\nfour\n")
    (tmp_path / "a.de").write_text("eins\nzwei\ndrei\nvier\n")
    corpus = read_corpus(("a.en", "a.de"), DataSettings(on_bad="skip"), base=tmp_path)
    assert corpus.sources == [("one",), ("two\twords",), ("four",)]
    assert corpus.targets == ["eins", "zwei", "vier"]
    assert [Path(pair.where).name for pair in corpus] == ["a.en:1", "a.en:2", "a.en:4"]
    assert corpus.skipped == [f"{tmp_path}/a.en:3: the source is empty"]
    (tmp_path / "a.de").write_text("eins\nzwei\n")
    with pytest.raises(DataError, match=r"a.en has 4 lines and .*a.de has 2"):
        read_corpus(("a.en", "a.de"), DataSettings(), base=tmp_path)


def test_the_side_that_is_bad_is_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\ntwo\n")
    (tmp_path / "b").write_bytes(b"eins\n\n")
    with pytest.raises(DataError, match=r"b:2: the target is empty"):
        read_corpus(("a", "b"), DataSettings(), base=tmp_path)
    (tmp_path / "b").write_bytes(b"eins\n\xff\xe9\n")
    with pytest.raises(DataError, match=r"b:2: not UTF-8"):
        read_corpus(("a", "b"), DataSettings(), base=tmp_path)


def test_pairs_from_python() -> None:
    corpus = corpus_of([("a\nb", "c"), ("d", "e")], DataSettings())
    assert corpus.sources == [("a\nb",), ("d",)]
    assert corpus.where(1) == "pair 2"
    several = corpus_of([(("gehen", "V;PST"), "ging"), ("gehen\tV;PST", "ging")], LEMMA_AND_TAGS)
    assert several.sources == [("gehen", "V;PST")] * 2


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("ab", "expected"),
        (("a",), "expected"),
        ((None, "a"), "expected"),
        (("a", 7), "expected"),
        (None, "expected"),
        (("a", ""), "the target is empty"),
        (("a\0", "b"), "the source has a NUL"),
        (("a\ud800", "b"), "surrogate"),
        ((("a", "b"), "c"), "2 columns, but the source has 1 column"),
    ],
)
def test_bad_pairs_from_python(pair: object, says: str) -> None:
    with pytest.raises(DataError, match=rf"^pair 2: .*{says}"):
        corpus_of([("fine", "fine"), pair], DataSettings())  # type: ignore[list-item]


def test_no_pairs() -> None:
    with pytest.raises(DataError, match="pairs: empty"):
        corpus_of([], DataSettings())


def test_source_lines_to_predict() -> None:
    assert split_source_line("gehen\tV;PST", LEMMA_AND_TAGS) == ("gehen", "V;PST")
    assert split_source_line("a b", DataSettings()) == ("a b",)
    with pytest.raises(DataError, match="^x.tsv:3: 1 column, but the source has 2 columns"):
        split_source_line("gehen", LEMMA_AND_TAGS, "x.tsv:3")


some_pairs = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d", "é", "e\u0301", "f  g", "f g"]), texts), min_size=1
)


@given(some_pairs, st.floats(0.01, 0.99))
def test_hold_out(pairs: list[tuple[str, str]], share: float) -> None:
    corpus = corpus_of(pairs, DataSettings())
    same = {"e\u0301": "é", "f  g": "f g"}
    if len({same.get(source, source) for source, _ in pairs}) < 2:
        with pytest.raises(DataError, match="one source"):
            hold_out(corpus, share)
        return
    train, dev = hold_out(corpus, share)
    assert len(train) > 0
    assert len(dev) > 0
    assert sorted(train.numbers + dev.numbers) == corpus.numbers
    sides = [{same.get(str(pair.source[0]), str(pair.source[0])) for pair in side} for side in (train, dev)]
    assert not sides[0] & sides[1]


def test_hold_out_takes_about_its_share_whatever_else_is_there() -> None:
    corpus = corpus_of([(f"source {number}", "x") for number in range(4000)], DataSettings())
    dev = hold_out(corpus, 0.1)[1]
    assert 340 <= len(dev) <= 460
    dev_of_half = hold_out(corpus.take(range(0, 4000, 2)), 0.1)[1]
    assert set(dev_of_half.sources) == {source for source in dev.sources if int(str(source[0]).split()[1]) % 2 == 0}


def test_built_in_tasks() -> None:
    train, dev = read_task(DataSettings(train="task:reverse", task_count=50, task_seed=3))
    assert all(pair.target == str(pair.source[0])[::-1] for side in (train, dev) for pair in side)
    assert train.name == "task:reverse"
    with pytest.raises(SettingsError, match=r"revers.*did you mean 'reverse'"):
        read_task(DataSettings(train="task:revers"))
