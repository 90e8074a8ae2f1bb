"""``heedful influence``: a page or numbers, from a run by itself or from sources of one's own."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import quick
from tests.cli.door import heedful, write


@pytest.fixture(scope="module")
def framed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a model that reads arrays, two frames a position."""
    folder, draw = tmp_path_factory.mktemp("framed"), np.random.default_rng(0)
    for number in range(30):
        np.save(folder / f"{number}.npy", draw.normal(size=(draw.integers(1, 9), 3)).astype(np.float32))
    write(folder / "mine.tsv", "".join(f"{number}.npy\t{'ab' * (number % 3 + 1)}\n" for number in range(30)))
    sets = ["data.source.unit=vectors", "data.target.unit=letters", "model.subsampling=2", "data.dev_share=0.3"]
    words = [word for each in sets for word in ("--set", each)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        said = heedful("train", folder / "mine.tsv", "--out", folder / "run", *quick(10), *words)
    assert said.code == 0, said.talk
    return folder


def numbers(*words: str | Path | int, out: Path) -> Any:
    """What the command wrote as JSON."""
    said = heedful("influence", *words, "--out", out)
    assert (said.code, said.out) == (0, ""), said.talk
    assert f"{out.name} written" in said.talk
    return json.loads(out.read_text())


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", ["run", "fixed", "columns"])
def test_a_page_of_a_run(kind: str, language: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Of its own dev data, all that people read in one language."""
    out = tmp_path / "influence.html"
    run = request.getfixturevalue(kind)
    said = heedful("influence", run, "--out", out, "--language", language, "--count", 5)
    assert (said.code, said.out) == (0, ""), said.talk
    assert "5 sources" in said.talk
    page = out.read_text()
    assert f'lang="{language}"' in page
    assert ("마지막 상태" in page) == (language == "ko")
    assert [path.name for path in tmp_path.iterdir()] == ["influence.html"]
    targets = [each["target"] for each in numbers(run, "--count", 5, out=tmp_path / "x.json")["sources"]]
    of_outputs = page.split('id="outputs"')[1].split("</section>")[0]
    maps = 2 if kind == "fixed" else 3  # weights where there are any, gradient, erasing
    assert of_outputs.count("<figcaption") == maps * min(3, sum(map(bool, targets)))


def test_the_numbers_of_given_sources(run: Path, tmp_path: Path) -> None:
    given = write(tmp_path / "sources.txt", "abc\n\nab\n")
    found = numbers(run, given, out=tmp_path / "x.json")
    assert list(found) == ["count", "attention", "final", "memory", "agreement", "excess", "sources"]
    assert found["count"] == 2
    assert [each["source"] for each in found["sources"]] == [["a", "b", "c"], ["a", "b"]]
    outputs = heedful("predict", run, given).lines
    assert [" ".join(each["target"]) for each in found["sources"]] == [outputs[0], outputs[2]]
    for each in found["sources"]:
        for name in ("weights", "gradient", "erasure"):
            assert np.shape(each[name]) == (len(each["target"]), len(each["source"]))
        np.testing.assert_allclose(np.sum(each["weights"], axis=1), 1.0, atol=1e-5)
        assert np.min(each["gradient"]) >= 0
    final = found["final"]
    assert final["distance"] == [0, 1, 2]
    for name in ("mean", "low", "high", "count"):
        assert len(final[name]) == 3
    assert all(low <= mean <= high for low, mean, high in zip(final["low"], final["mean"], final["high"], strict=True))
    assert {"forwards", "backwards"} <= set(final)
    assert set(found["agreement"]) == {"weights-gradient", "weights-erasure", "gradient-erasure"}
    assert 0 <= found["memory"]["own_is_most"]["mean"] <= 1
    assert heedful("influence", run, "-", "--out", tmp_path / "y.json", given=given.read_bytes()).code == 0
    assert json.loads((tmp_path / "y.json").read_text()) == found


def test_without_attention_there_are_no_weights(fixed: Path, tmp_path: Path) -> None:
    found = numbers(fixed, "--count", 3, out=tmp_path / "x.json")
    assert found["count"] == 3
    assert all(each["weights"] is None for each in found["sources"])
    assert list(found["agreement"]) == ["gradient-erasure"]


def test_frames_are_measured_as_text_is(framed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions of two frames each; of the run's dev data, or of files that a list names."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = write(framed / "sources.txt", "0.npy\n1.npy\n")
    found = numbers(framed / "run", given, out=tmp_path / "x.json")
    frames = [len(np.load(framed / f"{number}.npy")) for number in (0, 1)]
    assert [len(each["source"]) for each in found["sources"]] == [(count + 1) // 2 for count in frames]
    assert numbers(framed / "run", out=tmp_path / "y.json")["count"] > 2
    assert heedful("influence", framed / "run", "--out", tmp_path / "z.html").code == 0


def test_of_many_sources_some_are_taken_evenly(run: Path, tmp_path: Path) -> None:
    given = write(tmp_path / "sources.txt", "".join(f"{first}{second}\n" for first in "abcd" for second in "abcd"))
    found = numbers(run, given, "--count", 4, out=tmp_path / "x.json")
    assert ["".join(each["source"]) for each in found["sources"]] == ["aa", "ba", "ca", "da"]


def one_line(*words: str | Path) -> tuple[int, str]:
    """The exit code and the one line that an error is."""
    said = heedful("influence", *words)
    assert said.out == ""
    *_, last = said.talk.removesuffix("\n").split("\n")
    assert last.startswith("error: ")
    return said.code, last.removeprefix("error: ")


def test_a_model_by_itself_has_no_dev_data(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "best", tmp_path / "model")
    code, line = one_line(tmp_path / "model", "--out", tmp_path / "x.html")
    assert code == 2
    assert "has no dev data; name sources" in line
    given = write(tmp_path / "sources.txt", "abc\n")
    assert heedful("influence", tmp_path / "model", given, "--out", tmp_path / "x.html").code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"abc\nzzz\n", "sources.txt:2: no unit of it was seen"), (b"\n\n", "no source to measure"), (b"a\tb\n", ":1:")],
)
def test_sources_that_cannot_be_used(run: Path, tmp_path: Path, content: bytes, said: str) -> None:
    code, line = one_line(run, write(tmp_path / "sources.txt", content), "--out", tmp_path / "x.html")
    assert code == 3
    assert said in line
    assert not (tmp_path / "x.html").exists()


def test_options_that_cannot_be(run: Path, tmp_path: Path) -> None:
    code, line = one_line(run, "--out", tmp_path / "x.png")
    assert code == 2
    assert ".html or .json" in line
    assert one_line(run, tmp_path / "none.txt", "--out", tmp_path / "x.html")[0] == 3
    assert heedful("influence", run).code == 2
    assert heedful("influence", run, "--out", tmp_path / "x.html", "--language", "fr").code == 2
