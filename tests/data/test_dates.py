"""Written dates: correct in each language, never two days in one text, each field where its span says."""

import unicodedata
from datetime import date, timedelta
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.data.dates import FIRST, LANGUAGES, LAST, WrittenDate, spellings, write, written_dates
from heedful.errors import SettingsError

SAMPLE = written_dates(4000, seed=3)

# One day by hand in each language, and the days where something is special. 4 March 2019 was a Monday.
BY_HAND = [
    ("2019-03-04", "English", "Monday, March 4, 2019"),
    ("2019-03-04", "English", "MON, 4 MAR 2019"),
    ("2019-03-11", "English", "11th of March 2019"),
    ("2019-03-22", "English", "March 22nd, 2019"),
    ("2019-03-13", "English", "March 13th, 2019"),
    ("2019-03-31", "English", "31st March 2019"),
    ("2019-03-04", "German", "Montag, den 4. März 2019"),
    ("2021-05-01", "French", "samedi 1er mai 2021"),
    ("2020-08-02", "French", "DIMANCHE 2 AOÛT 2020"),
    ("2019-03-04", "Spanish", "Lunes, 4 de marzo de 2019"),
    ("2019-03-01", "Portuguese", "sexta-feira, 1º de março de 2019"),
    ("2019-03-04", "Italian", "lunedì 4 marzo 2019"),
    ("2019-03-04", "Dutch", "ma 4 mrt 2019"),
    ("2019-10-16", "Polish", "środa, 16 października 2019 r."),
    ("2019-09-03", "Czech", "úterý 3. září 2019"),
    ("2019-05-09", "Russian", "четверг, 9 мая 2019 года"),
    ("2019-06-16", "Turkish", "16 HAZİRAN 2019 PAZAR"),
    ("2019-12-06", "Finnish", "perjantaina 6. joulukuuta 2019"),
    ("2019-05-25", "Greek", "Σάββατο 25 Μαΐου 2019"),
    ("2019-05-25", "Greek", "ΣΑΒΒΑΤΟ 25 ΜΑΪΟΥ 2019"),
    ("2019-03-04", "Hindi", "सोमवार, ४ मार्च २०१९"),
    ("2019-03-04", "Korean", "2019년 3월 4일"),
    ("2019-03-04", "Korean", "2019년 3월 4일 월요일"),
    ("2019-03-04", "Korean", "2019. 3. 4.(월)"),
    ("2019-03-04", "Japanese", "2019年3月4日（月）"),
    ("2019-10-20", "Chinese", "二〇一九年十月二十日 星期日"),
    ("2019-12-31", "Chinese", "二〇一九年十二月三十一日"),
]


@pytest.mark.parametrize(("target", "language", "source"), BY_HAND)
def test_written_as_people_write_it(target: str, language: str, source: str) -> None:
    written = {one.source: one for one in spellings(date.fromisoformat(target))}
    assert written[unicodedata.normalize("NFC", source)].target == target
    assert language in {one.language for one in spellings(date.fromisoformat(target)) if one.source == source}


def test_at_least_eight_languages_and_korean_among_them() -> None:
    assert len(LANGUAGES) >= 8
    assert "Korean" in LANGUAGES
    assert {written.language for written in SAMPLE} == set(LANGUAGES)
    assert set(LANGUAGES) == {language for _, language, _ in BY_HAND}


@pytest.mark.parametrize("name", LANGUAGES)
def test_tables_are_whole_and_distinct(name: str) -> None:
    language = LANGUAGES[name]
    slots = " ".join(language.forms)
    for table, slot, size in [
        (language.months, "{month", 12),
        (language.short_months, "{mon", 12),
        (language.weekdays, "{weekday", 7),
        (language.short_weekdays, "{wd", 7),
    ]:
        assert len(set(map(str.casefold, table))) == len(table)
        assert len(table) == size or (not table and f"{slot}}}" not in slots and f"{slot}|" not in slots)


def test_weekdays_are_those_of_the_day() -> None:
    monday = date(2019, 3, 4)
    for name, language in LANGUAGES.items():
        for form in language.forms:
            for after in range(7):
                day = monday + timedelta(days=after)
                for slot, names in (("{weekday}", language.weekdays), ("{wd}", language.short_weekdays)):
                    if slot in form:
                        assert names[after] in write(day, name, form).source


def test_no_text_means_two_days() -> None:
    # Two years whose digits look like days and months, the days that look like each other; case must not matter either
    days = [
        date(year, month, day) for year in (1911, 2012) for month in range(1, 13) for day in (1, 2, 10, 11, 12, 21, 28)
    ]
    meant: dict[str, str] = {}
    for day in days:
        for written in spellings(day):
            assert meant.setdefault(written.source.casefold(), written.target) == written.target


@settings(max_examples=25, deadline=None)
@given(st.dates(FIRST, LAST), st.dates(FIRST, LAST))
def test_two_days_share_no_text(one: date, other: date) -> None:
    shared = {written.source for written in spellings(one)} & {written.source for written in spellings(other)}
    assert not shared or one == other


def read(written: WrittenDate) -> date:
    """The day that the three spans spell, read without looking at the target."""
    language = LANGUAGES[written.language]
    day, month, year = written.spelled("day"), written.spelled("month"), written.spelled("year")
    numbers = {language.numerals(number): number for number in [*range(1, 32), *range(1900, 2100)]}

    def number(text: str) -> int:
        bare = regex.sub(r"(?i)(st|nd|rd|th|er|[.º년월일年月日])$", "", text)
        return numbers[bare] if bare in numbers else int(bare)

    names = [table.index(month) for table in (language.months, language.short_months) if month in table]
    return date(number(year), names[0] + 1 if names else number(month), number(day))


@settings(max_examples=10, deadline=None)
@given(st.dates(FIRST, LAST))
def test_spans_say_the_date(day: date) -> None:
    for name, language in LANGUAGES.items():
        for form in language.forms:
            assert read(write(day, name, form)) == day


def test_spans_are_grapheme_clusters_that_do_not_overlap() -> None:
    for written in SAMPLE:
        assert unicodedata.is_normalized("NFC", written.source)
        letters = regex.findall(r"\X", written.source)
        spans = sorted(written.spans.values())
        assert set(written.spans) == {"year", "month", "day"}
        assert all(start < end <= len(letters) for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        stretches = ["".join(letters[start:end]) for start, end in spans]
        assert all(stretch == stretch.strip(" ,/-") and stretch in written.source for stretch in stretches)


def test_hindi_spans_count_letters_not_code_points() -> None:
    written = write(date(2019, 3, 4), "Hindi", "{weekday}, {d} {month} {year}")
    assert written.spelled("month") == "मार्च"
    assert written.spans["year"][1] == len(regex.findall(r"\X", written.source)) < len(written.source)


def test_target_positions_know_their_field() -> None:
    fields = [SAMPLE[0].field_of(index) for index in range(-1, 12)]
    assert fields == [None, *["year"] * 4, None, *["month"] * 2, None, *["day"] * 2, None, None]


def test_targets_are_days_of_the_calendar() -> None:
    for written in SAMPLE:
        assert FIRST <= date.fromisoformat(written.target) <= LAST
        assert len(written.target) == 10


def test_the_seed_decides_and_sources_differ() -> None:
    assert written_dates(300, seed=1) == written_dates(300, seed=1)
    assert written_dates(300, seed=1) == written_dates(400, seed=1)[:300]
    assert written_dates(300, seed=1) != written_dates(300, seed=2)
    assert len({written.source for written in SAMPLE}) == len(SAMPLE)


@pytest.mark.parametrize("count", [0, -1, 10**9])
def test_impossible_counts_are_refused(count: int) -> None:
    with pytest.raises(SettingsError, match="dates"):
        written_dates(count, seed=1)
