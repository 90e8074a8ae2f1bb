"""Where an exported folder may stand: nothing of anybody's is in its way, and that is asked before anything is done."""

import json
from pathlib import Path

import pytest

from heedful.checkpoint import load, save
from heedful.checkpoint.writing import write_folder
from heedful.errors import HeedfulError, SettingsError
from heedful.export import checking, place
from heedful.export.exporting import export
from tests.export import models

FILES = {"encoder.onnx", "step.onnx", "model.json", "runner.py", "README.md", "manifest.json"}


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that an export wrote."""
    monkeypatch.setattr(checking, "LENGTHS", (1, 3))
    export(models.checkpoint(models.predictor()), tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of a model, as training leaves it."""
    save(models.checkpoint(models.predictor()), tmp_path / "run" / "best")
    (tmp_path / "run" / "recipe.toml").write_text("", encoding="utf-8")
    return tmp_path / "run"


@pytest.mark.parametrize("where", ["best", "best/onnx", "best/deep/onnx", "last", "last/onnx"])
def test_nothing_is_put_into_a_model(where: str, run: Path) -> None:
    """Which could not be loaded any more."""
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match=r"lies in the model folder .*(best|last), which could not be loaded"):
            place.check(run / where, overwrite=overwrite)
    place.check(run / "onnx", overwrite=False)
    (run / "away").symlink_to(run / "best")
    with pytest.raises(SettingsError, match="lies in the model folder"):
        place.check(run / "away" / "onnx", overwrite=False)
    (run / "best" / "manifest.json").unlink()  # damaged, and a model all the same
    (run / "best").rename(run.parent / "mine")
    with pytest.raises(SettingsError, match="lies in the model folder"):
        place.check(run.parent / "mine" / "onnx", overwrite=False)


def test_a_refused_export_leaves_the_model_alone(run: Path) -> None:
    with pytest.raises(SettingsError, match="lies in the model folder"):
        export(load(run), run / "best" / "onnx")
    assert load(run).update == -1


def test_a_model_is_never_replaced(run: Path) -> None:
    with pytest.raises(SettingsError, match="holds what no export wrote: best, recipe.toml"):
        place.check(run, overwrite=True)


@pytest.mark.parametrize("where", [".", "..", "../.."])
def test_the_folder_that_we_are_in(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one" / "two").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "one" / "two")
    for named in (Path(where), Path(where).resolve()):
        with pytest.raises(SettingsError, match="is the folder that you are in, or above it"):
            place.check(named, overwrite=True)
    place.check(Path("out"), overwrite=False)


def test_a_folder_that_is_gone_under_our_feet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    place.check(tmp_path / "out", overwrite=False)
    with pytest.raises(HeedfulError, match="cannot be written: no such file"):
        place.check(Path("out"), overwrite=False)


def test_links_and_files(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(exported)
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for name in ("link", "dangling"):
        with pytest.raises(SettingsError, match=f"{name} is a link, and an exported model is a folder of its own"):
            place.check(tmp_path / name, overwrite=True)
    with pytest.raises(SettingsError, match="runner.py is a file, and an exported model is a folder"):
        place.check(exported / "runner.py", overwrite=True)
    with pytest.raises(HeedfulError, match="cannot be written: not a directory"):
        place.check(exported / "runner.py" / "out", overwrite=True)
    place.check(tmp_path / "link" / "new", overwrite=False)


def test_a_place_that_cannot_be_written() -> None:
    """Not by anybody, root included."""
    with pytest.raises(HeedfulError, match="/proc/none/out: cannot be written"):
        place.check(Path("/proc/none/out"), overwrite=False)


def test_nothing_is_left_by_asking(tmp_path: Path) -> None:
    place.check(tmp_path / "deep" / "out", overwrite=False)
    assert [*tmp_path.iterdir()] == []


def test_what_an_export_wrote_may_be_replaced(exported: Path) -> None:
    with pytest.raises(SettingsError, match="stands already; pass --overwrite"):
        place.check(exported, overwrite=False)
    place.check(exported, overwrite=True)
    (exported / "__pycache__").mkdir()
    (exported / "__pycache__" / "runner.cpython-311.pyc").write_bytes(b"")  # as `from runner import Runner` leaves it
    (exported / "step.onnx").unlink()  # damaged
    place.check(exported, overwrite=True)


def test_what_a_user_put_there_or_edited_is_kept(exported: Path) -> None:
    """Though the folder has our manifest."""
    (exported / "notes").mkdir()
    (exported / "sources.txt").write_text("abc", encoding="utf-8")
    with (exported / "runner.py").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    card = (exported / "README.md").read_text(encoding="utf-8")
    (exported / "README.md").write_text(card.replace("A Heedful", "My Heedful"), encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(
            SettingsError,
            match=r"holds what no export wrote: README.md \(edited\), notes, runner.py \(edited\), sources.txt;",
        ):
            place.check(exported, overwrite=overwrite)
    for name in ("README.md", "notes", "runner.py", "sources.txt"):
        assert (exported / name).exists()


def test_other_peoples_caches(exported: Path) -> None:
    (exported / "__pycache__").mkdir()
    (exported / "__pycache__" / "mine.cpython-311.pyc").write_bytes(b"")
    assert place.strangers(exported) == ["__pycache__"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "heedful-onnx"}', '{"format": "heedful-onnx", "files": []}', "[" * 99_999]
)
def test_a_manifest_that_says_nothing(content: str, exported: Path) -> None:
    (exported / "manifest.json").write_text(content, encoding="utf-8")
    assert set(place.strangers(exported)) == FILES


def test_a_file_in_place_of_ours_that_is_a_link(exported: Path, tmp_path: Path) -> None:
    (exported / "runner.py").rename(tmp_path / "runner.py")
    (exported / "runner.py").symlink_to(tmp_path / "runner.py")
    assert place.strangers(exported) == ["runner.py (edited)"]
    manifest = json.loads((exported / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"].keys() == FILES - {"manifest.json"}


def test_what_stands_where_the_old_one_is_put_meanwhile(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``.out.old`` of a user is neither removed nor moved, whether there is an ``out`` or not."""
    old = exported.with_name(".out.old")
    old.mkdir()
    (old / "thesis.txt").write_text("", encoding="utf-8")
    model = models.checkpoint(models.predictor(seed=2))
    with pytest.raises(SettingsError, match=r"\.out\.old is in the way of replacing .*out, and nothing of ours"):
        export(model, exported, overwrite=True)
    exported.rename(exported.with_name("elsewhere"))
    monkeypatch.setattr(checking, "LENGTHS", (1, 3))
    export(model, exported)
    assert {path.name for path in exported.iterdir()} == FILES
    assert (old / "thesis.txt").exists()


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_model_that_is_saved_leaves_a_users_old_one_alone(kind: str, tmp_path: Path) -> None:
    """``.best.old`` is where a model stands while it is replaced; one of a user's is neither removed nor moved there."""
    old, best = tmp_path / ".best.old", tmp_path / "best"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("", encoding="utf-8")
    if kind == "folder":
        mine.rename(old)
    elif kind == "file":
        old.write_text("", encoding="utf-8")
    else:
        old.symlink_to(mine)

    def refuse(folder: Path) -> None:
        raise HeedfulError("not as it should be")

    with pytest.raises(HeedfulError, match="not as it should be"):
        write_folder(best, {"a": b"b"}, refuse, lambda _: False)
    assert not best.exists()
    save(models.checkpoint(models.predictor()), best)
    with pytest.raises(HeedfulError, match="is in the way of replacing .*best, and nothing of ours; move it away"):
        save(models.checkpoint(models.predictor(seed=2)), best)
    load(best)
    assert old.is_symlink() == (kind == "link")
    assert old.is_file() if kind == "file" else (old / "thesis.txt").exists()


def test_an_old_one_of_ours_goes_whoever_left_it(tmp_path: Path) -> None:
    """A killed save leaves it; the next one removes it, whether it replaces anything or not."""
    best = tmp_path / "best"
    for replaces in (False, True):
        save(models.checkpoint(models.predictor()), tmp_path / ".best.old")
        assert best.exists() == replaces
        save(models.checkpoint(models.predictor(seed=2)), best)
        assert [path.name for path in tmp_path.iterdir()] == ["best"]
