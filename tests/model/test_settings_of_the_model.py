"""What the network's settings refuse, imply and call without effect."""

from typing import Any, get_args

import pytest

from heedful.errors import SettingsError
from heedful.model.decoder import DECODERS
from heedful.model.settings import DEFAULT_SCORER, ModelSettings


def read(**given: Any) -> ModelSettings:
    """As a recipe reads them."""
    return ModelSettings.read(given, "recipe.toml: model")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"scorer": "dot", "encoder_size": 128, "hidden_size": 64},
            "but encoder_size is 128 and hidden_size 64; make them equal or use scorer = 'general'",
        ),
        (
            {"attention": "first-layer"},
            "recipe.toml: model: attention = 'first-layer' feeds the layers above the first, and the decoder has a single",
        ),
        (
            {"attention": "first-layer", "num_layers": 3, "decoder_layers": 1},
            "the decoder has a single one; use num_layers = 2 (or decoder_layers = 2)",
        ),
        (
            {"hidden_size": 65},
            "an encoder of both directions needs an even size, found 65; use 66 or bidirectional = false",
        ),
        (
            {"encoder_size": 7},
            "an encoder of both directions needs an even size, found 7; use 8 or bidirectional = false",
        ),
        ({"hiden_size": 64}, "recipe.toml: model.hiden_size: unknown key; did you mean 'hidden_size'?"),
        ({"cell": "ltsm"}, "recipe.toml: model.cell: 'ltsm' is not one of rnn, lstm, gru; did you mean 'lstm'?"),
        ({"dropout": 1.0}, "recipe.toml: model.dropout: input should be less than 1, found 1.0"),
        ({"num_layers": 0}, "recipe.toml: model.num_layers: input should be greater than or equal to 1, found 0"),
        ({"dropout": float("nan")}, "recipe.toml: model.dropout: "),
    ],
)
def test_the_impossible_is_refused_with_a_way_out(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**given)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"scorer": "dot", "encoder_size": 64, "hidden_size": 64},
        {"attention": "first-layer", "decoder_layers": 2},
        {"hidden_size": 65, "bidirectional": False},
        {"encoder_size": 8, "hidden_size": 65},
    ],
)
def test_the_way_out_is_one(given: dict[str, Any]) -> None:
    assert read(**given).without_effect() == {}


@pytest.mark.parametrize(
    ("given", "idle"),
    [
        ({"attention": "fixed", "scorer": "dot", "reach": "local-m", "window": 3}, {"scorer", "reach", "window"}),
        ({"window": 3}, {"window"}),
        ({"window": 3, "reach": "global"}, {"window"}),
        ({"window": 3, "reach": "local-p"}, set()),
        ({"attention": "bahdanau", "input_feeding": True}, {"input_feeding"}),
        ({"attention": "bahdanau", "input_feeding": False}, {"input_feeding"}),
        ({"attention": "luong", "feed_context": True}, {"feed_context"}),
        ({"attention": "fixed", "feed_context": True}, set()),
        ({"cell": "gru", "encoder_cell": "rnn", "decoder_cell": "lstm"}, {"cell"}),
        ({"cell": "gru", "encoder_cell": "rnn"}, set()),
        ({"num_layers": 2, "encoder_layers": 1, "decoder_layers": 3}, {"num_layers"}),
        ({"num_layers": 2, "decoder_layers": 3}, set()),
    ],
)
def test_keys_without_effect_are_found_with_a_reason(given: dict[str, Any], idle: set[str]) -> None:
    found = read(**given).without_effect()
    assert set(found) == idle
    assert all(found.values())


@pytest.mark.parametrize("attention", DECODERS)
def test_resolved_settings_spell_everything_out_and_are_themselves_valid(attention: str) -> None:
    resolved = read(attention=attention, num_layers=2).resolved()
    assert resolved.scorer == DEFAULT_SCORER[attention]
    spelled = resolved.model_dump(exclude_none=True)
    again = read(**spelled)
    assert again.resolved() == resolved
    assert again.without_effect() == {}
    if attention != "fixed":
        assert (resolved.reach, resolved.window) == ("global", None)
        assert read(attention=attention, num_layers=2, reach="local-p").resolved().window == 10


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ({"encoder_cell": "gru", "decoder_cell": "rnn"}, {"cell": "gru", "decoder_cell": "rnn"}),
        ({"cell": "rnn", "encoder_cell": "gru"}, {"cell": "gru", "decoder_cell": "rnn"}),
        ({"cell": "rnn", "encoder_cell": "rnn", "decoder_cell": "rnn"}, {"cell": "rnn"}),
        ({"encoder_layers": 2, "decoder_layers": 3}, {"num_layers": 2, "decoder_layers": 3}),
        ({"num_layers": 2, "decoder_layers": 2}, {"num_layers": 2}),
    ],
)
def test_one_network_is_spelled_in_one_way(given: dict[str, Any], spelled: dict[str, Any]) -> None:
    """The encoder's is the general one, so nothing that is written down lacks an effect."""
    resolved = read(**given).resolved()
    assert resolved == read(**spelled).resolved()
    keys = ("cell", "encoder_cell", "decoder_cell", "num_layers", "encoder_layers", "decoder_layers")
    found = {key: value for key in keys if (value := getattr(resolved, key)) is not None}
    assert found == {"cell": "lstm", "num_layers": 1} | spelled


def test_defaults_are_the_papers() -> None:
    """Bahdanau asked with the additive scorer; Luong found general the best of his (section 5.4)."""
    assert DEFAULT_SCORER["bahdanau"] == "additive"
    assert DEFAULT_SCORER["luong"] == "general"
    assert set(DEFAULT_SCORER) == set(DECODERS)
    assert set(get_args(ModelSettings.model_fields["attention"].annotation)) == set(DECODERS)
