"""The names that help, hints and settings know are the names that the rooms hold."""

import typing
from typing import Any

import pytest

from heedful import choices
from heedful.cli.main import COMMANDS
from heedful.data.frames import FRAMES
from heedful.data.settings import FRAME_DEFAULTS, FrameName, UnitName
from heedful.data.toy import TASKS
from heedful.data.units import UNITS
from heedful.evaluation.metrics import METRICS
from heedful.evaluation.settings import MetricName
from heedful.inspection.renderers import RENDERERS, SUFFIXES
from heedful.model.attention import SCORERS
from heedful.model.cells import CELLS
from heedful.model.decoder import DECODERS
from heedful.model.reach import REACHES
from heedful.model.reader import READERS
from heedful.model.settings import DEFAULT_SCORER, AttentionName, CellName, ReachName, ReaderName, ScorerName
from heedful.search.searches import SEARCHES
from heedful.training import settings as training
from heedful.training.schedule import SCHEDULES
from heedful.training.settings import TrainingSettings
from heedful.training.state import OPTIMIZERS


def said(key: str) -> Any:
    """The names that a key of ``[training]`` may say."""
    return TrainingSettings.model_fields[key].annotation


@pytest.mark.parametrize(
    ("listed", "table"),
    [
        ("CELLS", CELLS),
        ("ATTENTIONS", DECODERS),
        ("SCORERS", SCORERS),
        ("REACHES", REACHES),
        ("READERS", READERS),
        ("FRAMES", FRAMES),
        ("UNITS", UNITS),
        ("SEARCHES", SEARCHES),
        ("METRICS", METRICS),
        ("RENDERERS", RENDERERS),
        ("OPTIMIZERS", OPTIMIZERS),
        ("SCHEDULES", SCHEDULES),
        ("TASKS", TASKS),
        ("COMMANDS", COMMANDS),
    ],
)
def test_a_list_of_choices_is_its_rooms_table(listed: str, table: dict[str, object]) -> None:
    assert list(getattr(choices, listed)) == list(table)


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("CELLS", CellName),
        ("ATTENTIONS", AttentionName),
        ("SCORERS", ScorerName),
        ("REACHES", ReachName),
        ("READERS", ReaderName),
        ("FRAMES", FrameName),
        ("UNITS", UnitName),
        ("METRICS", MetricName),
        ("METRICS", training.MetricName),
        ("OPTIMIZERS", said("optimizer")),
        ("SCHEDULES", said("schedule")),
        ("PRECISIONS", said("precision")),
    ],
)
def test_settings_take_every_choice_and_no_other(listed: str, names: Any) -> None:
    assert set(typing.get_args(names)) == set(getattr(choices, listed))


def test_every_choice_has_a_line_of_help() -> None:
    tables = {name: table for name, table in vars(choices).items() if name.isupper()}
    assert len(tables) >= 13
    for name, table in tables.items():
        for entry, line in table.items():
            assert line, f"{name}: {entry} has no help"
            assert "\n" not in line, f"{name}: {entry} has more than a line"


def test_every_wiring_has_a_scorer_and_every_suffix_a_renderer() -> None:
    assert set(DEFAULT_SCORER) == set(DECODERS)
    assert set(SUFFIXES.values()) == set(RENDERERS)
    assert list(FRAME_DEFAULTS) == list(FRAMES)
