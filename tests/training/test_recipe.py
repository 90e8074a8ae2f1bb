"""Recipes: what they say, what they refuse, what overrides take away, and that a resolved one reads back."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from heedful.data.corpus import read_corpus
from heedful.errors import DataError, SettingsError
from heedful.model.attention import SCORERS
from heedful.model.cells import CELLS
from heedful.model.reach import REACHES
from heedful.training import run
from heedful.training.recipe import Recipe, compose, differences, parse_override, read_table
from heedful.training.schedule import SCHEDULES
from heedful.training.state import OPTIMIZERS
from tests.conformance import networks

PICTURES: dict[str, Any] = {"data": {"source": {"unit": "columns"}}}
VECTORS: dict[str, Any] = {"data": {"source": {"unit": "vectors"}}}


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("model.cell=gru", "model.cell", "gru"),
        ("model.cell='gru'", "model.cell", "gru"),
        ("model.hidden_size=64", "model.hidden_size", 64),
        ("training.learning_rate = 1e-3", "training.learning_rate", 1e-3),
        ("model.bidirectional=false", "model.bidirectional", False),
        ("data.train=$HEEDFUL_DATA/a b.tsv", "data.train", "$HEEDFUL_DATA/a b.tsv"),
        ('data.train=["a.en", "a.de"]', "data.train", ["a.en", "a.de"]),
        ('data.target={column=2, unit="jamo"}', "data.target", {"column": 2, "unit": "jamo"}),
        ("data.target.split=;", "data.target.split", ";"),
        ("data.target.split==", "data.target.split", "="),
        ("data.train=", "data.train", ""),
    ],
)
def test_an_override_is_a_toml_value_or_a_bare_word(text: str, key: str, value: Any) -> None:
    assert parse_override(text) == (key, value)


@pytest.mark.parametrize("text", ["model.cell", "cell=gru", "=gru", ""])
def test_an_override_without_room_or_value(text: str) -> None:
    with pytest.raises(SettingsError, match=r"expected room.key=value, such as model.cell=gru"):
        parse_override(text)


@pytest.mark.parametrize(
    ("table", "overrides", "says"),
    [
        ({"modle": {}}, [], "recipe.toml: unknown table [modle]; did you mean 'model'?"),
        ({"xyz": {}}, [], "recipe.toml: unknown table [xyz]; known: data, model, training, search, evaluation"),
        ({"model": "gru"}, [], "recipe.toml: model is a table: write [model] above its keys"),
        ({"model": {"sell": "gru"}}, [], "recipe.toml: model.sell: unknown key; did you mean 'cell'?"),
        (
            {"training": {"batchsize": 3}},
            [],
            "recipe.toml: training.batchsize: unknown key; did you mean 'batch_size'?",
        ),
        ({"search": {"beam": 3}}, [], "recipe.toml: search.beam: unknown key; did you mean 'beam_size'?"),
        pytest.param(
            {"data": {"source": {"colum": 1}}},
            [],
            "data.source.0.colum: unknown key; did you mean 'column'?",
        ),
        ({}, [("modle.cell", "gru")], "--set modle.cell: unknown room 'modle'; did you mean 'model'?"),
        ({}, [("model.sell", "gru")], "model.sell: unknown key; did you mean 'cell'?"),
        ({"training": {"updates": 0}}, [], "recipe.toml: training.updates: input should be greater than or equal to 1"),
        ({"training": {"updates": 10, "warmup": 10}}, [], "warmup = 10 leaves nothing of updates = 10; use fewer"),
        ({"search": {"n_best": 9}}, [], "a beam of 5 has no 9 best; use beam_size = 9 or more"),
        ({"training": {"metric": "bleu"}, "evaluation": {"metrics": ["accuracy"]}}, [], "add it there"),
        ({"training": {"learning_rate": float("inf")}}, [], "recipe.toml: training.learning_rate"),
        ({"data": {"source": {"unit": "letter"}}}, [], "'letter' is not one of letters, characters, words"),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest_right(
    table: dict[str, Any], overrides: list[tuple[str, Any]], says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        compose(table, overrides, "recipe.toml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"model": {"attention": "fixed", "scorer": "dot"}}, "model.scorer"),
        ({"model": {"window": 3}}, "model.window"),
        ({"training": {"weight_decay": 0.1}}, "training.weight_decay"),
        ({"data": {"train": "x.tsv", "task_count": 100}}, "data.task_count"),
        ({"data": {"train": "x.tsv", "dev": "y.tsv", "dev_share": 0.2}}, "data.dev_share"),
        ({"data": {"target": {"unit": "words", "split": ";"}}}, "data.target.split"),
        ({"evaluation": {"metrics": ["accuracy"], "bleu_tokenize": "none"}}, "evaluation.bleu_tokenize"),
        ({"data": {"source": {"unit": "words", "height": 40}}}, "data.source.height"),
        ({"data": {"source": {"unit": "columns", "rate": 8000}}}, "data.source.rate"),
        ({"data": {"train": "x.tsv", "frames": "live"}}, "data.frames"),
        ({"data": {"train": "task:digits", "workers": 3}}, "data.workers"),
        ({"model": {"reader": "convolution"}}, "model.reader"),
        ({"model": {"subsampling": 2}}, "model.subsampling"),
        ({"training": {"augment": {"noise": 0.1}}}, "training.augment"),
        ({"training": {"ctc_weight": 0.1}}, "training.ctc_weight"),
        ({"training": {"guide_width": 0.1}}, "training.guide_width"),
        ({"training": {"guide": 1.0}, "model": {"attention": "fixed"}}, "training.guide"),
        (PICTURES | {"training": {"unit_dropout": 0.1}}, "training.unit_dropout"),
        (PICTURES | {"training": {"augment": {"time_width": 0.3}}}, "training.augment.time_width"),
        (VECTORS | {"training": {"augment": {"shift": 0.3}}}, "training.augment.shift"),
        (VECTORS | {"model": {"reader_channels": [3]}}, "model.reader_channels"),
        ({"data": {"source": {"unit": "patches"}}, "model": {"subsampling": 2}}, "model.subsampling"),
    ],
)
def test_a_key_without_effect_is_an_error(table: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=rf"^recipe.toml: {key} has no effect: .+; leave it out$"):
        compose(table, [], "recipe.toml")


@pytest.mark.parametrize(
    ("table", "overrides", "dropped"),
    [
        ({"model": {"scorer": "general"}}, [("model.attention", "fixed")], {"model.scorer"}),
        (
            {"model": {"reach": "local-p", "window": 4, "input_feeding": True}},
            [("model.attention", "bahdanau"), ("model.reach", "global")],
            {"model.window", "model.input_feeding"},
        ),
        ({"training": {"optimizer": "adamw", "weight_decay": 0.1}}, [("training.optimizer", "adam")], {"training.weight_decay"}),
        ({"data": {"train": "task:copy", "task_count": 50}}, [("data.train", "x.tsv")], {"data.task_count"}),
        (
            {"data": {"target": {"unit": "tags", "split": ";"}}},
            [("data.target.unit", "words")],
            {"data.target.split"},
        ),
        (
            {"model": {"attention": "fixed", "feed_context": True}},
            [("model.attention", "luong"), ("model.scorer", "dot")],
            {"model.feed_context"},
        ),
    ],
)  # fmt: skip
def test_a_key_whose_effect_an_override_took_away_is_dropped_with_a_line(
    table: dict[str, Any], overrides: list[tuple[str, Any]], dropped: set[str]
) -> None:
    composed = compose(table, overrides, "recipe.toml")
    assert {note.split(" is dropped: ")[0] for note in composed.notes} == dropped
    assert composed.recipe.without_effect() == {}


def test_an_override_without_effect_is_an_error_itself() -> None:
    """Nobody took its effect away: it never had one."""
    with pytest.raises(SettingsError, match=r"model.window has no effect"):
        compose({}, [("model.window", 3)], "recipe.toml")
    with pytest.raises(SettingsError, match=r"model.scorer has no effect"):
        compose({}, [("model.attention", "fixed"), ("model.scorer", "dot")], "recipe.toml")


@pytest.mark.parametrize(
    "given", [[{"column": 3, "unit": "words"}], {"column": 3, "unit": "words"}], ids=["list", "one"]
)
def test_an_override_reaches_into_a_column(given: Any) -> None:
    """Where there is one column, whichever way it is written."""
    recipe = compose({"data": {"source": given}}, [("data.source.unit", "jamo")], "recipe.toml").recipe
    assert [(each.column, each.unit) for each in recipe.data.source] == [(3, "jamo")]


def resolved(**rooms: dict[str, Any]) -> Recipe:
    """The resolved recipe of these tables."""
    return compose(rooms, [], "recipe.toml").recipe.resolved()


VARIED: list[dict[str, Any]] = [
    *({"model": {"num_layers": 2, **wiring}} for wiring in networks.wirings()),
    *({"model": {"encoder_cell": one, "decoder_cell": other}} for one in CELLS for other in CELLS),
    {"model": {"encoder_layers": 2, "decoder_layers": 3}},
    {"model": {"num_layers": 2, "encoder_layers": 1}},
    {"model": {"cell": "gru", "decoder_cell": "gru", "num_layers": 2, "decoder_layers": 2}},
    *({"training": {"schedule": schedule}} for schedule in SCHEDULES),
    *({"training": {"optimizer": optimizer}} for optimizer in OPTIMIZERS),
    {
        "data": {
            "train": ("a.en", "a.de"),
            "source": [{"column": 1}, {"column": 3, "unit": "tags", "split": ";"}],
            "target": {"column": 2, "unit": "symbols"},
            "max_vocabulary": 5000,
        },
        "model": {"encoder_size": 300, "hidden_size": 200, "tie_embeddings": True},
        "training": {"minutes": 2.5, "patience": 3, "threads": 2, "optimizer": "adamw", "weight_decay": 0.125},
        "search": {"beam_size": 7, "n_best": 3, "max_length": 99},
        "evaluation": {"metrics": ["accuracy", "chrf"], "lowercase": True},
    },
]


@pytest.mark.parametrize("rooms", VARIED, ids=lambda rooms: networks.name(rooms.get("model", {})) or "other")
def test_a_resolved_recipe_reads_back_as_itself(rooms: dict[str, Any], tmp_path: Path) -> None:
    """What a run writes is what a run can be started from: no key without effect in it, nothing left to imply."""
    recipe = resolved(**rooms)
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.toml(), encoding="utf-8")
    composed = compose(read_table(path), [], str(path))
    assert composed.notes == []
    again = composed.recipe.resolved()
    # Places are told apart from names by nothing but where they stand: a relative one starts at the recipe.
    assert [each for each in differences(recipe, again) if not each.startswith("data.train")] == []
    assert again.toml() == composed.recipe.toml()


def test_every_scorer_and_reach_is_spelled_out() -> None:
    for scorer in SCORERS:
        for reach in REACHES:
            text = resolved(model={"scorer": scorer, "reach": reach}).toml()
            assert f'scorer = "{scorer}"' in text
            assert f'reach = "{reach}"' in text
            assert ("window = 10" in text) == (reach != "global")


def test_paths_begin_at_the_recipe_or_at_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    for name, text in (("here.tsv", "a\tb\n"), ("there/far.tsv", "c\td\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "recipe.toml").write_text('[data]\ntrain = "here.tsv"\ndev = "$FAR_AWAY/far.tsv"\n', encoding="utf-8")
    monkeypatch.chdir("/")
    settings = compose(read_table(tmp_path / "recipe.toml"), [], "recipe.toml").recipe.data
    assert settings.train is not None
    assert settings.dev is not None
    assert read_corpus(settings.train, settings).targets == ["b"]
    monkeypatch.delenv("FAR_AWAY", raising=False)
    with pytest.raises(DataError, match="the environment variable FAR_AWAY is not set"):
        read_corpus(settings.dev, settings)
    monkeypatch.setenv("FAR_AWAY", str(tmp_path / "there"))
    assert read_corpus(settings.dev, settings).targets == ["d"]


def test_parallel_files_tasks_and_absolute_paths(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('[data]\ntrain = ["a.en", "/b.de"]\ndev = "task:copy"\n', encoding="utf-8")
    assert read_table(path)["data"] == {"train": [str(tmp_path / "a.en"), "/b.de"], "dev": "task:copy"}


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"[model\n", SettingsError, "recipe.toml: not TOML: "),
        (b"[model]\ncell = gru\n", SettingsError, "recipe.toml: not TOML: "),
        (b"\xff\xfe", DataError, "recipe.toml: this is not UTF-8 text; save the recipe as UTF-8"),
        (None, DataError, "recipe.toml: No such file or directory; check the path of the recipe"),
    ],
)
def test_a_file_that_is_no_recipe(content: bytes | None, error: type[Exception], says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "recipe.toml").write_bytes(content)
    with pytest.raises(error) as caught:
        read_table(tmp_path / "recipe.toml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_differences_name_every_key_that_is_given_with_both_values() -> None:
    """What is not said is no difference."""
    given = compose({"model": {"cell": "gru"}, "training": {"seed": 7, "updates": 3000}}, [], "given").recipe
    found = differences(given, resolved())
    assert found[-1] == "training.seed: 7 here, 1 there"
    assert "model.cell: 'gru' here, 'lstm' there" in found
    assert differences(given, given) == differences(Recipe(), given) == []


def test_a_recipe_without_data_says_what_to_name() -> None:
    with pytest.raises(SettingsError, match=r"data.train is missing: name a TSV, two parallel files, or a task"):
        run.choose({}, [], "recipe.toml")


@pytest.mark.parametrize("source", ["columns", "patches", "log-mel", "vectors"])
def test_what_is_resolved_can_be_read_again(source: str) -> None:
    """The recipe in a run says the reader, its keys and those of the frames, and nothing that has no effect."""
    table = {"data": {"train": "x.tsv", "source": {"unit": source}}, "training": {"augment": {"noise": 0.1}}}
    resolved = compose(table, [], "recipe.toml").recipe.resolved()
    assert resolved.model.reader is not None
    again = compose(tomllib.loads(resolved.toml()), [], "run/recipe.toml").recipe
    assert again.resolved().toml() == resolved.toml()


def test_a_part_of_a_table_without_effect_is_an_error_like_the_whole() -> None:
    for override in (("training.augment.shift", 0.1), ("training.augment", {"shift": 0.1})):
        with pytest.raises(SettingsError, match="has no effect"):
            compose({"data": {"train": "task:copy"}}, [override], "recipe.toml")
