"""``heedful train``: from a recipe, a file, two files or a task; and nothing half-written where it can't be."""

import io
import tomllib
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from heedful.cli.progress import WatchingWithBar
from heedful.training import journal
from tests.cli.conftest import WORDS, quick
from tests.cli.door import heedful, write

WRITTEN = {"recipe.toml", "journal.jsonl", "metrics.json", "best", "last"}


def recipe_of(run: Path) -> dict[str, dict[str, object]]:
    return tomllib.loads((run / "recipe.toml").read_text())


def test_what_a_run_leaves(run: Path) -> None:
    assert {path.name for path in run.iterdir()} >= WRITTEN | {"attention-1.svg"}
    recipe = recipe_of(run)
    assert recipe["data"]["source"] == [{"column": 1, "unit": "letters"}]
    assert recipe["model"]["hidden_size"] == 24
    kinds = {each["event"] for each in journal.read(run / "journal.jsonl")}
    assert {"started", "validated", "finished"} <= kinds


def test_what_it_says(run: Path) -> None:
    talk = (run.parent / "talk.txt").read_text()
    for expected in (
        "units chosen: letters -> symbols", "to validate on", "letters -> symbols: lstm of 24, luong attention (general)",
        "120 updates", "update 120: accuracy", " → ",
        "done: all updates done", "dev, ", "(95 %: ", "heatmaps: ", "attention-1.png",
        "input", "output", "next: heedful evaluate",
    ):  # fmt: skip
        assert expected in talk


def test_a_run_that_stands_is_kept(run: Path, pairs: Path) -> None:
    before = (run / "journal.jsonl").read_bytes()
    said = heedful("train", pairs, "--out", run, *quick(10))
    assert said.code == 2
    assert "--overwrite" in said.talk
    assert (run / "journal.jsonl").read_bytes() == before


def test_overwriting(pairs: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine.txt", "mine")
    assert heedful("train", pairs, "--out", tmp_path, *quick(10)).code == 2
    assert heedful("train", pairs, "--out", tmp_path, "--overwrite", *quick(10)).code == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_recipe_seen_from_its_own_folder(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in it start there, the run may stand elsewhere, and can be gone on with from anywhere."""
    (tmp_path / "recipes").mkdir()
    write(tmp_path / "recipes" / "data.tsv", pairs.read_bytes())
    text = '[data]\ntrain = "data.tsv"\ntarget = {column = 2, unit = "symbols"}\n[model]\ncell = "gru"\n'
    write(tmp_path / "recipes" / "mine.toml", text)
    monkeypatch.chdir(tmp_path)
    assert heedful("train", "recipes/mine.toml", *quick(10), "--set", "model.cell=rnn").code == 0
    assert recipe_of(tmp_path / "runs" / "mine")["model"]["cell"] == "rnn"
    said = heedful("train", "--resume", "runs/mine")
    assert said.code == 0, said.talk
    monkeypatch.chdir("/")
    assert heedful("train", "--resume", tmp_path / "runs" / "mine").code == 0


def test_resuming_otherwise_is_refused(run: Path, pairs: Path, tmp_path: Path) -> None:
    said = heedful("train", "--resume", run, "--set", "model.cell=gru")
    assert said.code == 2
    assert "model.cell: 'gru' here, 'lstm' there" in said.talk
    assert heedful("train", pairs, "--resume", run).code == 0  # the same data as there
    other = write(tmp_path / "other.tsv", pairs.read_bytes())
    assert "data.train" in heedful("train", other, "--resume", run).talk
    for words in (["--out", "x"], ["--overwrite"], ["--init-from", "x"]):
        assert heedful("train", "--resume", run, *words).code == 2
    assert heedful("train", "--resume", tmp_path / "none").code == 3


def test_parallel_text_with_its_own_dev(tmp_path: Path) -> None:
    places = [write(tmp_path / name, "\n".join(WORDS[:20]) + "\n") for name in ("s", "t", "dev.s", "dev.t")]
    source, target, *dev = places
    said = heedful("train", source, target, "--dev", dev[0], "--dev", dev[1], "--out", tmp_path / "run", *quick(10))
    assert said.code == 0, said.talk
    assert "20 pairs to train on, 20 to validate on" in said.talk
    assert recipe_of(tmp_path / "run")["data"]["dev"] == [*map(str, dev)]


def test_a_built_in_task(tmp_path: Path) -> None:
    said = heedful("train", "task:copy", "--set", "data.task_count=40", "--out", tmp_path / "run", *quick(10))
    assert said.code == 0, said.talk
    assert heedful("train", "task:copied", "--out", tmp_path / "run2").code == 2


def test_several_settings_after_one_set(pairs: Path, tmp_path: Path) -> None:
    """As the hint about units has it."""
    words = [*quick(10), "data.source.unit=jamo", "data.target.unit=letters"]
    assert heedful("train", pairs, "--out", tmp_path / "run", *words).code == 0
    assert recipe_of(tmp_path / "run")["data"]["source"] == [{"column": 1, "unit": "jamo"}]


def test_beginning_from_a_model(run: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "new.tsv", "".join(f"{word}\t{' '.join(word.upper())} Q\n" for word in WORDS[:30]))
    said = heedful("train", data, "--init-from", run, "--out", tmp_path / "run", "--set", "training.updates=10",
                   "--set", "training.warmup=2")  # fmt: skip
    assert said.code == 0, said.talk
    assert "unknown, such as 'Q'" in said.talk


BAD = {
    "missing": (None, "no such file"),
    "empty": ("", "empty"),
    "columns": ("ab\nab\tA\n", "x.tsv:1: 1 column, but the target is column 2"),
    "source": ("\tA\nab\tA\n", "x.tsv:1: the source is empty"),
    "target": ("ab\t\nab\tA\n", "x.tsv:1: the target is empty"),
    "utf-8": (b"ab\tA\na\xff\tA\n", "x.tsv:2: not UTF-8"),
    "windows": (b"ab\tA\r\nab\tA\n", "x.tsv:1: ends in \\r\\n"),
    "megabyte": ("ab\tA\n" + "a" * 1_000_001 + "\tA\n", "x.tsv:2: a line of 1,000,00"),
    "long": ("ab\tA\n" + "a" * 2000 + "\tA\n", "x.tsv:2: the source has 2,000 letters"),
    "one": ("ab\tA\n", "nothing can be held out"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_data_leaves_nothing(kind: str, tmp_path: Path) -> None:
    content, why = BAD[kind]
    if content is not None:
        write(tmp_path / "x.tsv", content)
    said = heedful("train", tmp_path / "x.tsv", "--out", tmp_path / "run")
    assert (said.code, said.out) == (3, "")
    error = said.talk.removeprefix(f"reading {tmp_path / 'x.tsv'}\n")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert why in error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("model.cel=gru", "did you mean 'cell'?"),
        ("mode.cell=gru", "did you mean 'model'?"),
        ("model.hidden_size=0", "hidden_size"),
        ("model.cell=lstn", "did you mean 'lstm'?"),
        ("cell=gru", "room.key=value"),
        ("data.task_count=50", "no effect"),
        ("training.warmup=5000", "leaves nothing"),
        ("model.attention=first-layer", "layer"),
    ],
)
def test_bad_settings_leave_nothing(setting: str, why: str, pairs: Path, tmp_path: Path) -> None:
    said = heedful("train", pairs, "--out", tmp_path / "run", "--set", setting)
    assert (said.code, said.out) == (2, "")
    assert why in said.talk
    assert not (tmp_path / "run").exists()


def test_bad_rows_left_out(tmp_path: Path, pairs: Path) -> None:
    data = write(tmp_path / "x.tsv", pairs.read_bytes() + b"ab\n\xff\tA\n")
    said = heedful("train", data, "--out", tmp_path / "run", "--on-bad", "skip", *quick(10))
    assert said.code == 0, said.talk
    assert said.talk.count("2 bad rows of") == 1


def test_places_that_are_no_run(pairs: Path, tmp_path: Path) -> None:
    assert heedful("train", pairs, "--out", pairs).code == 2
    assert heedful("train", tmp_path / "none.toml").code == 3
    assert heedful("train", write(tmp_path / "bad.toml", "[data\n"), "--out", tmp_path / "run").code == 2
    assert heedful("train", pairs, pairs, pairs, "--out", tmp_path / "run").code == 2
    assert heedful("train").code == 2


def test_nonsense_is_4_and_says_so(pairs: Path, tmp_path: Path) -> None:
    said = heedful("train", pairs, "--out", tmp_path / "run", *quick(200), "--set", "training.learning_rate=1000")
    assert said.code == 4
    assert "error: training diverged" in said.talk


def test_the_bar(run: Path) -> None:
    """What a terminal gets."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, markup=False, highlight=False)
    with Progress(console=console, auto_refresh=False) as bar:
        watch = WatchingWithBar(run, console, bar)
        for event in (
            journal.Started(0, 300, 1000, 70, 10, 0.1, ("a note", "a note")),
            journal.Progressed(50, 300, 1, 2.5, 1.0, 0.01, 1234.5, 60.0, 3700.0),
            journal.Validated(100, {"accuracy": 50.0}, True, (("a\tb", "A\x1b", "B"),), 61.0),
            journal.Noted(120, "skipped"),
            journal.Finished(300, "all updates done", 100, 90.0),
        ):
            watch(event)
        assert bar.tasks[0].completed == 100
        assert bar.tasks[0].fields["where"] == "loss 2.500, 1,234 units/s, 1 h 01 min left"
    shown = screen.getvalue()
    assert shown.count("note: a note") == 1
    assert "update 100: accuracy 50.00 % (best so far), loss 2.500, after 1 min 01 s" in shown
    assert "A\\x1b   (reference: B)" in shown
    assert "note: skipped" in shown
