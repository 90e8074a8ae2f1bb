"""Arms of a comparison: what ``--vary`` says, every combination of it, and which of them are the same."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.errors import SettingsError
from heedful.study.grid import MOST, Arm, Varied, arms, parse_vary
from heedful.training.recipe import Recipe
from heedful.training.run import choose

TABLE: dict[str, dict[str, Any]] = {
    "data": {"train": "task:copy", "task_count": 50},
    "model": {"hidden_size": 16, "attention": "luong"},
    "training": {"updates": 20, "warmup": 2},
}


def varied(*words: str, **rooms: dict[str, Any]) -> list[Arm]:
    """The arms that ``--vary`` makes of a small recipe."""
    table = {room: {**values, **rooms.get(room, {})} for room, values in TABLE.items()}
    return arms(table, [], [parse_vary(each) for each in words], "recipe.toml")


def names(found: list[Arm]) -> list[str]:
    return [each.name for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model.attention=fixed,luong", ("fixed", "luong")),
        ("model.attention = fixed , luong ", ("fixed", "luong")),
        ("model.attention=luong", ("luong",)),
        ('model.attention="fixed","luong"', ("fixed", "luong")),
        ('model.attention=["fixed", "luong"]', ("fixed", "luong")),
        ("model.hidden_size=64,128", (64, 128)),
        ("training.learning_rate=1e-3,0.002,1", (0.001, 0.002, 1)),
        ("model.bidirectional=true,false", (True, False)),
        ("search.beam_size=4", (4,)),
        ('data.source={unit="letters"},{unit="jamo"}', ({"unit": "letters"}, {"unit": "jamo"})),
        ('data.target={unit="tags",split=","},letters', ({"unit": "tags", "split": ","}, "letters")),
        ("data.source=[{column=1},{column=3}],[{column=1}]", ([{"column": 1}, {"column": 3}], [{"column": 1}])),
        ('data.target.split=",",";","a,b"', (",", ";", "a,b")),
        ("data.task_lengths=[5,10],[10,20]", ([5, 10], [10, 20])),
        ("data.task_lengths=[[5,10],[10,20]]", ([5, 10], [10, 20])),
        ("data.train=a=b.tsv,c.tsv", ("a=b.tsv", "c.tsv")),
    ],
)
def test_what_vary_says(text: str, expected: tuple[Any, ...]) -> None:
    key, values = parse_vary(text)
    assert key == text.partition("=")[0].strip()
    assert values == expected
    assert [type(value) for value in values] == [type(value) for value in expected]


@given(
    st.lists(st.one_of(st.integers(), st.booleans(), st.from_regex(r"[a-z][a-z-]{0,8}", fullmatch=True)), min_size=1)
)
def test_values_side_by_side_are_those_values(values: list[Any]) -> None:
    values = [value for value in dict.fromkeys(values) if value not in ("true", "false", "inf", "nan")]
    written = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    if len(set(written)) == len(written) and written:
        assert parse_vary(f"model.x={','.join(written)}")[1] == tuple(values)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("model.attention=luong,luong", "stands there twice"),
        ("model.hidden_size=64,64.0,64", "stands there twice"),
        ("training.seed=1,2", "--seeds N"),
        ("training.threads=1,2", "--threads N"),
        ("evaluation.lowercase=true,false", "scored alike"),
        ("model.attention", "--vary model.attention: expected room.key=value"),
        ("attention=luong,fixed", "--vary attention=luong,fixed: expected room.key=value"),
    ],
)
def test_what_vary_may_not_say(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match="--vary") as caught:
        parse_vary(text)
    assert why in str(caught.value)
    assert "--set" not in str(caught.value) or "evaluation" in text


def test_every_combination_in_the_order_in_which_it_was_said() -> None:
    found = varied("model.attention=luong,bahdanau", "model.cell=lstm,rnn,gru", "model.hidden_size=8,16")
    expected = list(product(("luong", "bahdanau"), ("lstm", "rnn", "gru"), (8, 16)))
    made = [(each.recipe.model.attention, each.recipe.model.cell, each.recipe.model.hidden_size) for each in found]
    assert made == expected
    assert names(found) == [f"model.attention={a}, model.cell={b}, model.hidden_size={c}" for a, b, c in expected]
    assert not any(each.notes for each in found)


def test_an_arm_is_what_training_makes_of_the_same_overrides() -> None:
    for each in varied("model.attention=luong,fixed", "model.bidirectional=true,false"):
        alone, _, _ = choose(TABLE, [("training.patience", 0), *each.overrides], "recipe.toml")
        assert each.recipe == alone.recipe
        assert each.recipe.model.hidden_size == 16


def test_a_key_without_effect_is_dropped_and_twins_are_one() -> None:
    """A fixed vector has no scorer, so that three combinations are one; the note says which."""
    found = varied("model.attention=luong,fixed", "model.scorer=dot,general,additive")
    assert names(found) == [*(f"model.attention=luong, model.scorer={each}" for each in ("dot", "general", "additive")),
                            "model.attention=fixed"]  # fmt: skip
    *_, fixed = found
    assert fixed.overrides == (("model.attention", "fixed"),)
    assert any("model.scorer is dropped" in note for note in fixed.notes)
    twins = [note for note in fixed.notes if note.endswith("comes to the same as model.attention=fixed")]
    assert [note.split(" comes")[0] for note in twins] == [
        f"model.attention=fixed, model.scorer={each}" for each in ("general", "additive")
    ]
    assert not any(each.notes for each in found[:-1])


def test_what_is_the_same_by_another_name_is_one_arm() -> None:
    """One is 1.0."""
    found = varied("model.scorer=general,dot", "training.clip=1,1.0,2")
    assert len(found) == 4
    assert len({each.recipe.model_dump_json() for each in found}) == 4


def test_arms_that_all_come_to_the_same_are_no_comparison() -> None:
    with pytest.raises(SettingsError, match="all arms come to the same recipe") as caught:
        varied("model.window=3,5", model={"attention": "fixed"})
    assert "model.window is dropped" in str(caught.value)


def test_one_arm_alone_is_allowed() -> None:
    assert names(varied("model.attention=luong")) == ["model.attention=luong"]


def test_early_stopping_is_off_unless_it_is_asked_for() -> None:
    assert {each.recipe.training.patience for each in varied("model.cell=gru,rnn")} == {0}
    assert {each.recipe.training.patience for each in varied("model.cell=gru,rnn", training={"patience": 4})} == {4}
    assert [each.recipe.training.patience for each in varied("training.patience=3,0")] == [3, 0]
    found = arms(TABLE, [("training.patience", 7)], [parse_vary("model.cell=gru,rnn")], "x")
    assert {each.recipe.training.patience for each in found} == {7}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["model.cell=gru,rnn", "model.cell=lstm"], "varied twice"),
        (["model.hidden_size=" + ",".join(map(str, range(1, MOST + 2)))], f"at most {MOST}"),
        (["model.cell=gru,lstn"], "did you mean 'lstm'"),
        (["model.cel=gru,lstm"], "did you mean 'cell'"),
        (["mode.cell=gru,lstm"], "did you mean 'model'"),
        (["model.hidden_size=8,0"], "hidden_size"),
        (["training.warmup=2,20"], "leaves nothing"),
    ],
)
def test_impossible_arms_are_refused_before_anything_is_trained(words: list[str], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        varied(*words)


def test_a_table_that_is_none_is_refused_and_no_bug() -> None:
    with pytest.raises(SettingsError, match="training is a table"):
        arms({**TABLE, "training": 3}, [], [parse_vary("model.cell=gru,rnn")], "recipe.toml")


def arm(name: str) -> Arm:
    return Arm(name, (), Recipe())


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120), unique=True))
def test_every_name_has_a_folder_of_its_own(given_: list[str]) -> None:
    folders = [arm(each).folder for each in given_]
    for folder in folders:
        assert "/" not in folder
        assert "\0" not in folder
        assert folder not in ("", ".", "..")
        assert len(folder.encode()) <= 255
    assert len(set(folders)) == len(folders)


def test_a_plain_name_is_its_folder() -> None:
    assert arm("model.attention=luong, model.cell=gru").folder == "model.attention=luong,_model.cell=gru"


def test_files_of_one_name_in_different_folders_are_told_apart() -> None:
    """And those of different names are called by their names alone."""
    paths = ["/data/a/train.tsv", "/data/b/train.tsv"]
    same: Varied = ("data.train", tuple(paths))
    overrides = {"data": {}, "model": {}, "training": TABLE["training"]}

    def read(settings: Any) -> Any:
        from heedful.data.corpus import read_task  # only now: its types are checked from its import on
        from heedful.data.settings import DataSettings

        return read_task(DataSettings(train="task:copy", task_count=50))

    found = arms(overrides, [], [same], "x", read)
    assert names(found) == [f"data.train={each}" for each in paths]
    assert found[0].folder != found[1].folder
    other: Varied = ("data.train", ("/data/a/train.tsv", "/data/b/other.tsv"))
    assert names(arms(overrides, [], [other], "x", read)) == ["data.train=train.tsv", "data.train=other.tsv"]
