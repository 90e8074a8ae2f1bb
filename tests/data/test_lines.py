import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.lines import LONGEST, expand, read, read_lines
from heedful.errors import DataError

lines_of_text = st.text(
    st.one_of(
        st.sampled_from("a\"'\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\ufeff\t "), st.characters(exclude_categories=["Cs"])
    )
)
whole_lines = st.lists(
    lines_of_text.filter(lambda text: not set(text) & set("\n\0") and not text.endswith("\r")), min_size=1
)


def lines(content: bytes) -> list[str]:
    return read_lines(io.BytesIO(content), "x.txt")


@given(whole_lines, st.booleans())
def test_only_a_line_feed_ends_a_line(texts: list[str], last_one_ended: bool) -> None:
    if texts[0].startswith("\ufeff"):
        texts[0] = "a"  # that would be a byte order mark
    content = "\n".join(texts) + ("\n" if last_one_ended or texts[-1] == "" else "")
    assert lines(content.encode()) == texts


@given(whole_lines)
def test_windows_files_lose_their_returns(texts: list[str]) -> None:
    found = read(io.BytesIO("".join(f"{text}\r\n" for text in ["first", *texts]).encode()), "x.txt")
    assert found.texts == ["first", *texts]
    assert "Windows" in found.notes[0]
    assert lines("\r\n".join(["first", *texts, "end"]).encode()) == ["first", *texts, "end"]


def test_an_empty_file_has_no_lines() -> None:
    assert lines(b"") == []
    assert lines(b"\n") == [""]


def test_a_return_on_some_lines_is_a_problem_of_those() -> None:
    found = read(io.BytesIO(b"a\r\nb\nc\r\n"), "x.txt")
    assert found.texts == [None, "b", None]
    assert sorted(found.problems) == [1, 3]
    assert "x.txt:1: ends in \\r\\n" in found.problems[1]


def test_a_byte_order_mark_is_dropped_and_noted() -> None:
    found = read(io.BytesIO(b"\xef\xbb\xbfa\nb\n"), "x.txt")
    assert found.texts == ["a", "b"]
    assert "BOM" in found.notes[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_unicode_files_are_refused_with_the_way_out(encoding: str) -> None:
    with pytest.raises(DataError, match=f"x.txt: this is {encoding.upper()}.*iconv -f {encoding.upper()} -t UTF-8"):
        lines("a\tb\n".encode(encoding))


def test_bad_lines_are_named_and_the_others_kept() -> None:
    content = b"fine\nN\0L\ncaf\xe9\n" + b"x" * (LONGEST + 1) + b"\n" + b"y" * LONGEST + b"\nend"
    found = read(io.BytesIO(content), "x.txt")
    assert found.texts == ["fine", None, None, None, "y" * LONGEST, "end"]
    assert [line.partition(": ")[0] for line in found.problems.values()] == ["x.txt:2", "x.txt:3", "x.txt:4"]
    assert "NUL" in found.problems[2]
    assert "byte 4 is 0xe9" in found.problems[3]
    with pytest.raises(DataError, match="x.txt:2"):
        lines(content)


@given(st.binary())
def test_any_bytes_keep_their_line_numbers(content: bytes) -> None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
        return
    expected = content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    assert len(read(io.BytesIO(content), "x.txt").texts) == expected


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere.tsv: no such file"):
        read(tmp_path / "nowhere.tsv")
    with pytest.raises(DataError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(DataError, match="can't be read"):
        read("a\0b")
    (tmp_path / "file").write_text("a\n")
    with pytest.raises(DataError, match="can't be read"):
        read(tmp_path / "file" / "below")


def test_variables_in_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEEDFUL_TEST", str(tmp_path))
    assert expand("$HEEDFUL_TEST/a.tsv", Path("/base")) == tmp_path / "a.tsv"
    assert expand("${HEEDFUL_TEST}/a$", None) == tmp_path / "a$"
    assert expand("a.tsv", Path("/base")) == Path("/base/a.tsv")
    monkeypatch.delenv("HEEDFUL_TEST")
    with pytest.raises(DataError, match="HEEDFUL_TEST is not set; export HEEDFUL_TEST="):
        expand("$HEEDFUL_TEST/a.tsv")
