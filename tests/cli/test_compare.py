"""``heedful compare``: a table, one JSON object, a report with its figures, and usage that says what is wrong."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from heedful.cli.comparing import bins_of
from heedful.errors import SettingsError
from heedful.evaluation.report import group_references
from heedful.study.words import Words
from heedful.training import journal
from heedful.training.prepare import corpora
from heedful.training.recipe import compose, read_table
from tests.cli.conftest import quick
from tests.cli.door import Said, environment, heedful, write

pytestmark = pytest.mark.usefixtures("unchecked")
VARY = ["--vary", "model.attention=fixed,luong,bahdanau"]
PLAIN = ["--set", "model.cell=gru", "--set", "model.bidirectional=false"]


def compare(*words: str | Path | int) -> Said:
    """With few updates."""
    return heedful("compare", *words, *quick(10))


@pytest.fixture(scope="module")
def out(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison that stands."""
    folder = tmp_path_factory.mktemp("compare") / "out"
    said = compare(pairs, *VARY, *PLAIN, "--seeds", 2, "--out", folder)
    assert said.code == 0, said.talk
    write(folder.parent / "said.txt", said.out)
    write(folder.parent / "talk.txt", said.talk)
    return folder


def again(out: Path, pairs: Path, *words: str | Path | int) -> Said:
    """The same, from what stands there."""
    said = compare(pairs, *VARY, *PLAIN, "--seeds", 2, "--out", out, *words)
    assert said.code == 0, said.talk
    return said


def test_what_it_leaves(out: Path) -> None:
    assert {path.name for path in out.iterdir()} >= {"arms", "comparison.json", "report.html", "figures"}
    assert len(list(out.glob("arms/*/seed-*/measured.json"))) == 6
    figures = sorted((out / "figures").iterdir())
    assert {"table-1.svg", "bottleneck-1.svg", "all-states-1.svg", "alike-1.svg", "curves-1.svg"} <= {
        path.name for path in figures
    }
    for path in figures:
        assert ElementTree.fromstring(path.read_text(encoding="utf-8")).tag.endswith("svg")


def test_the_table_names_every_arm_the_best_first(out: Path) -> None:
    said = (out.parent / "said.txt").read_text()
    record = json.loads((out / "comparison.json").read_text())
    arms = sorted(record["arms"], key=lambda each: -each["metrics"][record["metric"]]["value"])
    rows = [line for line in said.splitlines() if line.lstrip().startswith("model.attention=")]
    assert [row.split()[0] for row in rows] == [each["name"] for each in arms]
    for row, each in zip(rows, arms, strict=True):
        assert f"{each['metrics'][record['metric']]['value']:.2f}" in row
        assert f"{each['parameters']:,}" in row
        assert f"{each['prediction_units_per_second']:,.0f}" in row
    assert "best" in rows[0]
    for name, claim in record["claims"].items():
        assert any(Words()(name) in line and Words()(claim["verdict"]) in line for line in said.splitlines())


def test_what_it_says_goes_elsewhere(out: Path) -> None:
    talk = (out.parent / "talk.txt").read_text()
    assert "3 arms, 2 seeds each" in talk
    assert "6 of 6 runs" in talk
    assert f"report: {out / 'report.html'}; numbers: {out / 'comparison.json'}" in talk
    assert "units chosen" in talk


def test_json_is_one_object_and_nothing_else(out: Path, pairs: Path) -> None:
    (record,) = again(out, pairs, "--json").records
    assert record == json.loads((out / "comparison.json").read_text())
    assert set(record["claims"]) == {"bottleneck", "all-states", "alike"}
    assert [each["name"] for each in record["arms"]] == [
        f"model.attention={name}" for name in ("fixed", "luong", "bahdanau")
    ]


def test_the_report_says_how_to_repeat_it(out: Path, pairs: Path) -> None:
    """The command is the one that was said, and the recipe below makes the first arm."""
    again(out, pairs)
    report = (out / "report.html").read_text(encoding="utf-8")
    blocks = re.findall(r"<pre[^>]*>(?:<code[^>]*>)?(.*?)(?:</code>)?</pre>", report, re.DOTALL)
    command = shlex.split(blocks[0].replace("&#x27;", "'").replace("&quot;", '"'))
    assert command[:2] == ["heedful", "compare"]
    said = heedful(*command[1:], "--threads", 1)
    assert said.code == 0, said.talk
    assert " runs: " not in said.talk, "it was trained again"


def test_in_korean(out: Path, pairs: Path) -> None:
    said = again(out, pairs, "--language", "ko")
    words, report = Words("ko"), (out / "report.html").read_text(encoding="utf-8")
    assert words("holds") in said.out or words("does not hold") in said.out or words("not decided") in said.out
    assert 'lang="ko"' in report
    assert words("bottleneck-claim") in report
    assert "--language ko" in report


def test_ranges_of_length(out: Path, pairs: Path) -> None:
    again(out, pairs, "--bins", "2")
    report = (out / "report.html").read_text(encoding="utf-8")
    head = Words()("bottleneck-table", metric=Words()("accuracy"))
    table = next(each for each in re.findall(r"<table.*?</table>", report, re.DOTALL) if head in each)
    assert re.findall(r"<tr>\s*<t[hd][^>]*>(\d[^<]*)<", table) == ["2", "3"]
    assert "--bins 2" in report


def test_links_are_read_and_weighed(out: Path, pairs: Path, tmp_path: Path) -> None:
    """Each symbol stands for the letter in its place."""
    recipe = compose(read_table(next(out.rglob("recipe.toml"))), [], "x").recipe
    _, dev = corpora(recipe.data)
    sources, _ = group_references(dev.sources, dev.targets)
    lines = [" ".join(f"{place}-{place}" for place in range(len(str(source)))) for (source,) in sources]
    links = write(tmp_path / "links.txt", "".join(f"{line}\n" for line in lines))
    (record,) = again(out, pairs, "--alignments", links, "--json").records
    for each in record["arms"]:
        truth = each["attention_on_truth"]
        assert (truth is None) == (each["name"] == "model.attention=fixed")
        assert truth is None or 0 <= truth["alignment_error_rate"] <= 100
    assert "picks" in record["claims"]
    assert f"--alignments {links}" in (out / "report.html").read_text(encoding="utf-8")
    write(links, "0-0\n")
    said = compare(pairs, *VARY, *PLAIN, "--seeds", 2, "--out", out, "--alignments", links)
    assert (said.code, "1 lines of alignments" in said.talk) == (3, True)
    write(links, "0:0\n")
    said = compare(pairs, *VARY, *PLAIN, "--seeds", 2, "--out", out, "--alignments", links)
    assert (said.code, f"{links}:1: links are written" in said.talk) == (3, True)
    (record,) = again(out, pairs, "--json").records
    assert all(each["attention_on_truth"] is None for each in record["arms"])


def test_one_arm_alone_and_twins(pairs: Path, tmp_path: Path) -> None:
    said = compare(pairs, "--vary", "model.attention=fixed", "--out", tmp_path / "one", "--json")
    assert said.code == 0, said.talk
    assert [each["best"] for each in said.records[0]["arms"]] == [True]
    words = ["--vary", "model.scorer=dot,general", "--set", "model.attention=fixed", "--out", tmp_path / "two"]
    said = compare(pairs, *words)
    assert (said.code, said.out) == (2, "")
    assert "all arms come to the same" in said.talk
    assert not (tmp_path / "two").exists()


def test_files_that_are_varied_are_seen_from_here(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two training sets of one name, and a dev set for both; a second time nothing is trained."""
    rows = pairs.read_text().splitlines(keepends=True)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "a" / "train.tsv", "".join(rows[:50]))
    write(tmp_path / "b" / "train.tsv", "".join(rows[20:]))
    write(tmp_path / "dev.tsv", "".join(rows[:9]))
    monkeypatch.chdir(tmp_path)
    words = ["a/train.tsv", "--dev", "dev.tsv", "--vary", "data.train=a/train.tsv,b/train.tsv", "--out", "out"]
    words += ["--set", "model.attention=fixed"]
    said = compare(*words, "--json")
    assert said.code == 0, said.talk
    assert len(said.records[0]["arms"]) == 2
    stood = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/arms/*/seed-1/journal.jsonl")}
    assert len(stood) == 2
    said = compare(*words)
    assert said.code == 0, said.talk
    assert {path: path.stat().st_mtime_ns for path in stood} == stood


def test_several_settings_after_one_set(pairs: Path, tmp_path: Path) -> None:
    words = ["--vary", "model.cell=rnn,gru", "--out", tmp_path / "out", "--set", "model.attention=fixed",
             "model.hidden_size=8"]  # fmt: skip
    said = heedful("compare", pairs, *words, "--updates", 4, "--threads", 1)
    assert said.code == 0, said.talk
    for path in tmp_path.rglob("recipe.toml"):
        recipe = compose(read_table(path), [], "x").recipe
        assert (recipe.model.hidden_size, recipe.training.updates) == (8, 4)
    assert "'model.hidden_size=8'" not in (tmp_path / "out" / "report.html").read_text()


def test_a_budget_in_minutes(pairs: Path, tmp_path: Path) -> None:
    """It ends when they are over, not at the last update."""
    words = ["--vary", "model.cell=rnn", "--set", "model.attention=fixed", "--set", "model.hidden_size=8"]
    said = heedful("compare", pairs, *words, "--minutes", "0.005", "--out", tmp_path / "out", "--threads", 1)
    assert said.code == 0, said.talk
    (events,) = map(journal.read, tmp_path.rglob("journal.jsonl"))
    assert events[-1]["update"] < events[0]["updates"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--updates", "5", "--minutes", "5"], "--updates and --minutes are two budgets; give one"),
        (["--vary", "model.cell=gru,gru"], "a value stands there twice"),
        (["--vary", "model.cel=gru,rnn"], "did you mean 'cell'?"),
        (["--vary", "cell=gru"], "--vary cell=gru: expected room.key=value"),
        (["--vary", "training.seed=1,2"], "seeds are --seeds N"),
        (["--vary", "evaluation.resamples=1,2"], "scored alike"),
        (["--vary", "model.attention=luong"], "--vary model.attention: it is varied twice"),
        (["--language", "kr"], "--language kr: known: en, ko; did you mean 'ko'?"),
        (["--bins", "3,2"], "--bins 3,2: the lengths go up from 1"),
        (["--bins", "few"], "--bins few: expected the last length of each range"),
        (["--minutes", "-1"], "minutes"),
    ],
)
def test_wrong_usage_is_2_and_one_line(words: list[str], why: str, pairs: Path, tmp_path: Path) -> None:
    said = heedful("compare", pairs, *VARY, *words, "--out", tmp_path / "out")
    assert (said.code, said.out) == (2, "")
    errors = [line for line in said.talk.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said.talk.splitlines()[-1] == errors[0]
    assert why in errors[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [[], ["task:copy"], ["--vary", "model.cell=gru"], [*VARY, "task:copy", "--seeds", "0"],
                                   [*VARY, "task:copy", "--jobs", "0"], [*VARY, "task:copy", "--updates", "0"]])  # fmt: skip
def test_what_is_missing_or_none_is_2(words: list[str]) -> None:
    said = heedful("compare", *words)
    assert (said.code, said.out) == (2, "")
    assert said.talk


def test_places_that_are_no_comparison(pairs: Path, tmp_path: Path, run: Path) -> None:
    assert "is a file" in compare(pairs, *VARY, "--out", pairs).talk
    for place in (run, pairs.parent):
        said = compare(pairs, *VARY, "--out", place)
        assert (said.code, said.out) == (2, "")
        assert "is no comparison" in said.talk
    assert compare(tmp_path / "none.tsv", *VARY, "--out", tmp_path / "out").code == 3
    assert compare(tmp_path / "none.toml", *VARY, "--out", tmp_path / "out").code == 3


def test_another_recipe_in_the_same_folder_is_2(out: Path, pairs: Path) -> None:
    before = (out / "comparison.json").read_bytes()
    said = compare(pairs, *VARY, *PLAIN, "--seeds", 2, "--out", out, "--set", "training.clip=2")
    assert (said.code, said.out) == (2, "")
    assert "training.clip: 2.0 here, 1.0 there" in said.talk
    assert (out / "comparison.json").read_bytes() == before


def test_help_loads_no_torch() -> None:
    program = (
        "import sys; from heedful.cli.main import app; "
        "[app([name, '--help'], standalone_mode=False) for name in ('compare', 'study', 'influence')]; "
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules), 'help must stay quick'"
    )
    subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True)


def test_ranges_as_they_are_said() -> None:
    assert bins_of(None) is None
    ranges = bins_of("10,13,15")
    assert ranges is not None
    assert ranges[:3] == [(0, 10), (11, 13), (14, 15)]
    assert ranges[3][0] == 16
    for bad in ("", "x", "3,3", "3,2", "0,3", "-1", "1.5"):
        with pytest.raises(SettingsError, match="--bins"):
            bins_of(bad)
