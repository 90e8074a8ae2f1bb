"""Where attention ought to look, for the built-in tasks in which that is known."""

from collections.abc import Sequence

from heedful.data.corpus import Item
from heedful.data.settings import TASK_COUNT, TASK_SEED, DataSettings
from heedful.data.toy import TASKS

Span = tuple[int, int] | None
"""From the first source position to the one after the last; None where a target unit needs none of them."""


def true_spans(settings: DataSettings, sources: Sequence[tuple[Item, ...]]) -> list[list[Span]] | None:
    """For every source, the span of source positions that says each unit of its target; None where nobody knows.

    Known for letters: copy (the same letter), reverse (its mirror image) and dates (the field that a digit stands for;
    hyphens need none).
    """
    task = str(settings.train).removeprefix("task:")
    known = settings.is_task and settings.dev is None and task in TASKS
    if not known or [column.unit for column in (*settings.source, settings.target)] != ["letters", "letters"]:
        return None
    texts = [str(item) for (item,) in sources]
    if task == "copy":
        return [[(place, place + 1) for place in range(len(text))] for text in texts]
    if task == "reverse":
        return [[(place, place + 1) for place in reversed(range(len(text)))] for text in texts]
    return _of_dates(settings, texts) if task == "dates" else None


def _of_dates(settings: DataSettings, texts: Sequence[str]) -> list[list[Span]]:
    from heedful.data.dates import written_dates  # here: calendars in many languages, which no other task needs

    count, seed = settings.task_count or TASK_COUNT, TASK_SEED if settings.task_seed is None else settings.task_seed
    written = {each.source: each for each in written_dates(count, seed)}
    found: list[list[Span]] = []
    for text in texts:
        fields = [written[text].field_of(place) for place in range(len(written[text].target))]
        found.append([None if field is None else written[text].spans[field] for field in fields])
    return found
