"""A folder that was cut short, altered or made to harm is refused by the name of its file, quickly and touching nothing else."""

import json
import os
import pickle
import shutil
import time
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.checkpoint import load, newest, save
from heedful.checkpoint.formats import from_json, from_safetensors, to_json, to_safetensors
from heedful.errors import ModelFolderError
from tests.checkpoint.folders import Edit, make, vouch

FILES = (
    "README.md", "manifest.json", "metrics.json", "settings.json", "training.json", "training.safetensors",
    "vocabularies.json", "weights.safetensors",
)  # fmt: skip


@contextmanager
def refused(match: str, seconds: float = 2.0, peak: int = 50 << 20) -> Generator[None, None, None]:
    """Refused, in one line, in little time of the processor (most take milliseconds) and in little memory."""
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(ModelFolderError, match=match) as caught:
        yield
    taken = time.process_time() - begun
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert taken < seconds
    assert most < peak


def edited(folder: Path, name: str, edit: Edit) -> None:
    """Changes a JSON file, and the manifest with it, as only a hostile hand would."""
    record = json.loads((folder / name).read_text(encoding="utf-8"))
    edit(record)
    (folder / name).write_text(json.dumps(record), encoding="utf-8")
    vouch(folder)


def header(*tensors: tuple[str, dict[str, Any]], data: bytes = b"") -> bytes:
    """A safetensors file by hand."""
    text = json.dumps(dict(tensors)).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize("name", FILES)
def test_cut_anywhere(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for length in sorted({len(whole) * part // 16 for part in range(16)} | {len(whole) - 1}):
        (folder / name).write_bytes(whole[:length])
        with pytest.raises(ModelFolderError, match=name.replace(".", r"\.")):
            load(folder)
    (folder / name).write_bytes(whole + b"\n")
    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.")):
        load(folder)
    (folder / name).unlink()
    with refused(f"{name}: is missing"):
        load(folder)


def test_hostile_manifests_of_a_good_folder_pass(folder: Path) -> None:
    """So that the refusals below are for the reason that they name."""
    vouch(folder)
    assert load(folder).update == 3


@pytest.mark.parametrize("name", FILES)
def test_links(folder: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    with refused(f"{name}: is a link"):
        load(folder)


def test_a_run_whose_best_is_a_link(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to("elsewhere")
    with refused("best: is a link"):
        load(folder.parent)
    assert load(folder).update == 3  # named by the user, who may have linked it


def test_what_is_no_plain_file(folder: Path) -> None:
    name = "weights.safetensors"
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with refused(f"{name}: is not a plain file"):
        load(folder)
    (folder / name).unlink()
    (folder / name).mkdir()
    with refused(f"{name}: is not a plain file"):
        load(folder)
    (folder / name).rmdir()
    if os.geteuid() == 0:
        try:
            os.mknod(folder / name, 0o20666, os.makedev(1, 5))  # /dev/zero: zeros without end
        except PermissionError:
            return
        with refused(f"{name}: is not a plain file"):
            load(folder)


def test_files_nobody_vouches_for(folder: Path) -> None:
    (folder / "evil.py").write_text("")
    with refused(r"evil.py: does not belong to the model.*move it away"):
        load(folder)
    vouch(folder)
    with refused(r"evil.py: does not belong"):
        load(folder)


def test_far_too_many_files(folder: Path) -> None:
    for number in range(100):
        (folder / f"README.md{number}").write_text("")
    with refused("does not belong|too many"):
        load(folder)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "..", "", "a/b", "a\\b", "manifest.json", "a\0b"])
def test_names_that_lead_out(folder: Path, name: str) -> None:
    (folder.parent / "outside").write_text("")
    vouch(folder, lambda record: record["files"].update({name: {"size": 0, "sha256": "0" * 64}}))
    with refused("manifest.json: names"):
        load(folder)


MANIFESTS: list[tuple[Edit, str]] = [
    (lambda record: record.update(version=2), "format 2, and this version .* upgrade"),
    (lambda record: record.update(version=True), "is not that of"),
    (lambda record: record.update(format="other"), "is not that of"),
    (lambda record: record.update(more=1), "damaged"),
    (lambda record: record.update(files=[]), "damaged"),
    (lambda record: record["files"].update({"settings.json": 1}), "does not vouch for 'settings.json'"),
    (lambda record: record["files"]["settings.json"].update(size=-1), "settings.json: .* bytes"),
    (lambda record: record["files"]["settings.json"].update(size=10**400), "settings.json: .* bytes"),
    (lambda record: record["files"]["settings.json"].update(sha256="é" * 64), "no sha256"),
    (lambda record: record["files"].pop("settings.json"), "settings.json: does not belong"),
]


@pytest.mark.parametrize(("edit", "match"), MANIFESTS)
def test_manifests(folder: Path, edit: Edit, match: str) -> None:
    vouch(folder, edit)
    with refused(match):
        load(folder)


@pytest.mark.parametrize("name", FILES)
def test_ten_gigabytes_of_nothing(folder: Path, name: str) -> None:
    os.truncate(folder / name, 10 << 30)
    if name != "manifest.json":
        vouch(folder)
    with refused(name.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":' * 100_000, b"[" * 500_000, b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1e400}',
        b'{"a": ' + b"9" * 5000 + b"}", b'{"a": 1, "a": 2}', b"[]", b"null", b"", b'{"a": "\xff"}', b"\xff\xfe{\0}\0", b"{} x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["settings.json", "vocabularies.json", "metrics.json", "manifest.json"])
def test_json_with_traps(folder: Path, name: str, text: bytes) -> None:
    (folder / name).write_bytes(text)
    if name != "manifest.json":
        vouch(folder)
    with refused(name):
        load(folder)


SETTINGS: list[tuple[Edit, str]] = [
    (
        lambda record: record["model"].update(hidden_size=65536, num_layers=16),
        "weights.safetensors: .*settings imply",
    ),
    (lambda record: record["model"].update(hidden_size=5, bidirectional=False), "weights.safetensors: .*imply"),
    (lambda record: record["model"].update(cell="gru"), "weights.safetensors: .*imply"),
    (lambda record: record["model"].update(hidden_size=10**30), "settings.json: model.hidden_size"),
    (
        lambda record: record["model"].update(cell="os.system"),
        "settings.json: model.cell: 'os.system' is not one of",
    ),
    (lambda record: record["model"].update(attention="first-layer"), "settings.json: model: .*num_layers = 2"),
    (lambda record: record["model"].update(cel="gru"), "settings.json: model.cel: unknown key"),
    (lambda record: record.update(model=[]), "settings.json: model is not a table"),
    (lambda record: record.update(version=9), "settings.json: not the settings"),
    (lambda record: record.pop("search"), "settings.json: not the settings"),
    (lambda record: record["lengths"].update(slope=1e9), "settings.json: lengths.slope"),
    (lambda record: record["data"].update(source=[]), "settings.json: data.source"),
    (lambda record: record["data"].update(source=[{}]), "vocabularies.json: expected the vocabularies of 1"),
]


@pytest.mark.parametrize(("edit", "match"), SETTINGS)
def test_settings(folder: Path, edit: Edit, match: str) -> None:
    edited(folder, "settings.json", edit)
    with refused(match):
        load(folder)


VOCABULARIES: list[tuple[Edit, str]] = [
    (lambda record: record["target"]["units"].append("z"), "weights.safetensors: .*imply"),
    (lambda record: record["target"]["units"].append("a"), "vocabularies.json: .*more than once"),
    (lambda record: record["target"]["units"].append(7), "vocabularies.json: a unit is not a string"),
    (lambda record: record["target"]["units"].append({}), "vocabularies.json: a unit is not a string"),
    (lambda record: record.update(target=7), "vocabularies.json: a vocabulary is not a table"),
    (lambda record: record.update(target={}), "vocabularies.json: a vocabulary is"),
    (lambda record: record["source"].append({}), "vocabularies.json: expected"),
    (lambda record: record.pop("source"), "vocabularies.json: expected"),
]


@pytest.mark.parametrize(("edit", "match"), VOCABULARIES)
def test_vocabularies(folder: Path, edit: Edit, match: str) -> None:
    edited(folder, "vocabularies.json", edit)
    with refused(match):
        load(folder)


def weights_of(folder: Path, **changes: torch.Tensor) -> None:
    weights = {**load(folder).weights, **changes}
    (folder / "weights.safetensors").write_bytes(
        to_safetensors({name: one for name, one in weights.items() if len(one)})
    )
    vouch(folder)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"output_bias": torch.full((10,), torch.nan)}, "output_bias holds numbers that are not finite"),
        ({"output_bias": torch.full((10,), -torch.inf)}, "output_bias holds numbers that are not finite"),
        (
            {"output_bias": torch.zeros(10, dtype=torch.int32)},
            r"output_bias is int32 \(10,\), and the settings imply float32",
        ),
        ({"output_bias": torch.zeros(2, 5)}, r"output_bias is float32 \(2, 5\)"),
        ({"output_bias": torch.zeros(11)}, ".* bytes, and the settings imply"),
        ({"output_bias": torch.zeros(0)}, "has no output_bias"),
        ({"another": torch.zeros(1)}, "has 'another'"),
    ],
)
def test_weights(folder: Path, change: dict[str, torch.Tensor], match: str) -> None:
    assert load(folder).weights["output_bias"].shape == (10,)
    weights_of(folder, **change)
    with refused(f"weights.safetensors: {match}"):
        load(folder)


def overlapping(whole: bytes) -> bytes:
    """The same file with one tensor's place given to another."""
    length = int.from_bytes(whole[:8], "little")
    record = json.loads(whole[8 : 8 + length])
    alike = next(pair for pair in combinations(record.values(), 2) if pair[0]["shape"] == pair[1]["shape"])
    alike[0]["data_offsets"] = alike[1]["data_offsets"]
    text = json.dumps(record, separators=(",", ":")).encode()
    return len(text).to_bytes(8, "little") + text + whole[8 + length :]


class Evil:
    """Runs something when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Path]]:
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("name", ["weights.safetensors", "training.safetensors"])
def test_files_that_are_no_safetensors(folder: Path, tmp_path: Path, name: str) -> None:
    one = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    huge = {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 1 << 62]}
    files = {
        "pickle": pickle.dumps(Evil(tmp_path / "evil")),
        "nothing": b"",
        "short": b"\x08\0",
        "a header of 8 EiB": b"\xff" * 8 + b"{}",
        "a header longer than the file": (1000).to_bytes(8, "little") + b"{}",
        "200,000 tensors": header(*[(f"weight.{number}", one) for number in range(200_000)]),
        "10,001 tensors": header(*[(str(number), one) for number in range(10_001)]),
        "huge": header(("output_bias", huge)),
        "deep": (500_000).to_bytes(8, "little") + b"[" * 500_000,
        "overlapping": overlapping((folder / "weights.safetensors").read_bytes()),
        "a list": (2).to_bytes(8, "little") + b"[]",
    }
    for content in files.values():
        (folder / name).write_bytes(content)
        vouch(folder)
        with refused(name):
            load(folder, with_training=True)
    assert not (tmp_path / "evil").exists()


def test_half_a_training_state(folder: Path) -> None:
    (folder / "training.json").unlink()
    vouch(folder)
    with refused("training.json: is missing"):
        load(folder)


def test_paths_that_mean_no_model(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "begun"
    run.mkdir()
    with refused("begun: is not a model folder"):
        load(run)
    (run / "recipe.toml").write_text("")
    with refused("begun: is a run without a best model yet"):
        load(run)
    with refused("no model at .*nowhere"):
        load(tmp_path / "nowhere")
    with refused("settings.json: is not a folder"):
        load(folder / "settings.json")
    assert load(folder.parent).update == 3


def test_what_a_killed_save_leaves_is_found(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.rename(folder.with_name(".best.old"))
    assert load(folder).update == load(folder.parent).update == 3
    monkeypatch.chdir(folder.parent)
    assert load(Path("best")).update == 3
    (folder.with_name(".best.old") / "settings.json").write_text("")
    with refused("settings.json"):
        load(folder)
    save(make(4), folder)
    assert load(folder).update == 4
    assert [path.name for path in folder.parent.iterdir()] == ["best"]


def test_newest(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ModelFolderError, match="run: nothing to go on from: no model was saved"):
        newest(run)
    save(make(9, training=False), run / "best")
    checkpoint, place, notes = newest(run)
    assert (checkpoint.update, place, notes) == (9, run / "best", [])
    save(make(5), run / "last")  # fewer updates, but the rest of what training needs
    checkpoint, place, notes = newest(run)
    assert (checkpoint.update, place, notes) == (5, run / "last", [])
    assert checkpoint.training is not None
    shutil.copytree(run / "last", run / ".last.old")
    save(make(6), tmp_path / "other")
    shutil.rmtree(run / "last")
    shutil.copytree(tmp_path / "other", run / "last")
    assert newest(run)[0].update == 6
    (run / "last" / "weights.safetensors").write_bytes(b"")
    checkpoint, place, notes = newest(run)
    assert (checkpoint.update, place) == (5, run / ".last.old")
    assert len(notes) == 2
    assert "last/weights.safetensors: 0 bytes" in notes[0]
    assert "going on from" in notes[1]
    for name in (".last.old", "best"):
        (run / name / "settings.json").unlink()
    with pytest.raises(ModelFolderError, match="nothing to go on from") as caught:
        newest(run)
    assert str(caught.value).count("damaged") == 3


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_json_comes_back(value: object) -> None:
    assert from_json(to_json(value)) == value


def test_json_of_halved_characters() -> None:
    """A lone surrogate is no text, but a list in Python may hold one."""
    assert from_json(to_json("\ud800")) == "\ud800"


def test_brackets_in_text_are_text() -> None:
    units = {"units": ["[", "{", '"[', "\\", '\\"['] * 60_000}
    assert from_json(to_json(units)) == units


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for read in (from_json, from_safetensors):
        try:
            read(content)
        except ValueError:
            continue
