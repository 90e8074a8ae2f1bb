"""Right alignments from a file in Pharaoh's format."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.alignments import read_alignments
from heedful.errors import DataError

links = st.tuples(st.integers(0, 300), st.integers(0, 300))


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "links.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_sure_links_and_possible_ones_which_include_them(tmp_path: Path) -> None:
    found = read_alignments(write(tmp_path, "0-0 1?2 12p3\n\n 3-1\t3-1 \n"))
    assert found == [
        (frozenset({(0, 0)}), frozenset({(0, 0), (1, 2), (12, 3)})),
        (frozenset(), frozenset()),
        (frozenset({(3, 1)}), frozenset({(3, 1)})),
    ]


@given(st.lists(st.tuples(st.sets(links), st.sets(links)), min_size=1))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, given_: list[tuple[set, set]]) -> None:  # type: ignore[type-arg]
    lines = [" ".join([*(f"{i}-{j}" for i, j in sure), *(f"{i}?{j}" for i, j in maybe)]) for sure, maybe in given_]
    path = write(tmp_path_factory.mktemp("links"), "".join(f"{line}\n" for line in lines))
    assert read_alignments(path) == [(frozenset(sure), frozenset(sure | maybe)) for sure, maybe in given_]


@pytest.mark.parametrize("bad", ["1", "1-", "-1", "1-2-3", "1:2", "a-b", "1-2,3-4", "-1-2", "1.0-2", "|||"])
def test_what_is_no_link_is_named_by_file_and_line(bad: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"0-0\n0-0 {bad} 1-1\n1-1\n{bad}\n")
    with pytest.raises(DataError) as caught:
        read_alignments(path)
    assert caught.value.problems == [f"{path}:{line}: links are written 3-4 or 3?4" for line in (2, 4)]
    assert "counted from zero" in str(caught.value)


def test_what_is_no_text_is_named_too(tmp_path: Path) -> None:
    path = write(tmp_path, b"0-0\n0-\xff\n")
    with pytest.raises(DataError, match=f"{path}:2: not UTF-8"):
        read_alignments(path)
    with pytest.raises(DataError, match="no such file"):
        read_alignments(tmp_path / "none")


def test_files_from_windows_and_files_of_nothing(tmp_path: Path) -> None:
    assert read_alignments(write(tmp_path, "0-1\r\n\r\n")) == [(frozenset({(0, 1)}),) * 2, (frozenset(),) * 2]
    assert read_alignments(write(tmp_path, "")) == []
