"""Dates as people write them in many languages, with the place where each field stands.

Only what names one day: the month is spelled, or the year comes first, so that the order of numbers is certain;
``03/04/2019`` never occurs. A language is one entry of ``LANGUAGES``; a form is a line such as ``{weekday}, {d|.} {month}``,
where what follows ``|`` is a mark written on the field and counted to it: German's point, an English *th*, 년, 月.
"""

import dataclasses
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Literal

import regex

from heedful.errors import SettingsError

DateField = Literal["year", "month", "day"]

FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)


@dataclasses.dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as somebody wrote it (NFC), its ISO form, and where the one says what the other needs.

    ``spans`` holds (start, end) of each field in grapheme clusters of the source, which are the model's letters. A span
    covers the number or name and the mark written on it (``4th``, ``4.``, ``3월``), and no weekday, comma, *de* or *г.*
    """

    source: str
    target: str
    language: str
    spans: dict[DateField, tuple[int, int]] = dataclasses.field(hash=False)

    def field_of(self, target_index: int) -> DateField | None:
        """The field that a position of ``YYYY-MM-DD`` belongs to; None for hyphens and whatever follows the date."""
        if not 0 <= target_index < len(self.target) or self.target[target_index] == "-":
            return None
        return ("year", "month", "day")[self.target[:target_index].count("-")]

    def spelled(self, field: DateField) -> str:
        """The stretch of the source that says this field."""
        start, end = self.spans[field]
        return "".join(regex.findall(r"\X", self.source)[start:end])


@dataclasses.dataclass(frozen=True, slots=True)
class Language:
    """How one language writes dates. Months and weekdays stand in calendar order, from January and from Monday."""

    forms: tuple[str, ...]
    months: tuple[str, ...] = ()
    weekdays: tuple[str, ...] = ()
    short_months: tuple[str, ...] = ()
    short_weekdays: tuple[str, ...] = ()
    ordinal: Callable[[int], str] = str
    numerals: Callable[[int], str] = str
    upper: Callable[[str], str] = str.upper


def written_dates(count: int, seed: int) -> list[WrittenDate]:
    """``count`` different written dates, days and languages drawn evenly; the same seed draws the same ones.

    Raises:
        SettingsError: the count is below one, or more than there are days in so many languages.
    """
    most = ((LAST - FIRST).days + 1) * len(LANGUAGES)
    if not 1 <= count <= most:
        raise SettingsError(f"the task dates makes 1 to {most:,} pairs, not {count:,}")
    stream = random.Random(f"dates {seed}")  # a string is hashed by SHA-512: the same in every process
    names = tuple(LANGUAGES)
    found: dict[str, WrittenDate] = {}
    while len(found) < count:
        day = date.fromordinal(stream.randint(FIRST.toordinal(), LAST.toordinal()))
        name = stream.choice(names)
        written = write(day, name, stream.choice(LANGUAGES[name].forms), stream.choice(_CASES))
        found.setdefault(written.source, written)
    return list(found.values())


def spellings(day: date) -> Iterator[WrittenDate]:
    """Every way in which this day may be written, in every language; some occur more than once."""
    for name, language in LANGUAGES.items():
        for form in language.forms:
            for case in dict.fromkeys(_CASES):
                yield write(day, name, form, case)


Case = Literal["as written", "capital", "upper", "lower"]
_USUAL: tuple[Case, ...] = ("as written",) * 5
_CASES: tuple[Case, ...] = (*_USUAL, "capital", "upper", "lower")


def write(day: date, name: str, form: str, case: Case = "as written") -> WrittenDate:
    """One day in one language, form and case."""
    language = LANGUAGES[name]
    text, length = "", 0
    spans: dict[DateField, tuple[int, int]] = {}
    for literal, slot, mark in _parts(form):
        field, spell = SLOTS[slot] if slot else (None, None)
        part = spell(day, language) + mark if spell else literal
        if case == "upper":
            part = language.upper(part)
        elif case == "lower":
            part = part.lower()
        elif case == "capital" and not text:
            part = language.upper(part[:1]) + part[1:]
        part = unicodedata.normalize("NFC", part)
        end = length + len(regex.findall(r"\X", part))  # no part begins with a mark that joins the one before
        if field:
            spans[field] = (length, end)
        text, length = text + part, end
    return WrittenDate(text, day.isoformat(), name, spans)


@cache
def _parts(form: str) -> tuple[tuple[str, str, str], ...]:
    """A form as (literal, "", "") and ("", slot, mark)."""
    found = re.finditer(r"\{(?P<slot>\w+)(?:\|(?P<mark>[^}]*))?\}|(?P<literal>[^{]+)", form)
    return tuple((part["literal"] or "", part["slot"] or "", part["mark"] or "") for part in found)


SLOTS: dict[str, tuple[DateField | None, Callable[[date, Language], str]]] = {
    "weekday": (None, lambda day, language: language.weekdays[day.weekday()]),
    "wd": (None, lambda day, language: language.short_weekdays[day.weekday()]),
    "year": ("year", lambda day, _: str(day.year)),
    "month": ("month", lambda day, language: language.months[day.month - 1]),
    "mon": ("month", lambda day, language: language.short_months[day.month - 1]),
    "m": ("month", lambda day, _: str(day.month)),
    "mm": ("month", lambda day, _: f"{day.month:02}"),
    "d": ("day", lambda day, _: str(day.day)),
    "dd": ("day", lambda day, _: f"{day.day:02}"),
    "th": ("day", lambda day, language: language.ordinal(day.day)),
    # in the language's own numerals
    "Y": ("year", lambda day, language: language.numerals(day.year)),
    "M": ("month", lambda day, language: language.numerals(day.month)),
    "D": ("day", lambda day, language: language.numerals(day.day)),
}


def _english(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10 if number // 10 != 1 else 0, 'th') }"


def _first(mark: str) -> Callable[[int], str]:
    """Romance languages count only the first of a month: 1er, 1º; then 2, 3, 4."""
    return lambda number: f"1{mark}" if number == 1 else str(number)


def _chinese(number: int) -> str:
    """A year digit by digit, a month or day counted in tens: 二〇一九, 二十三."""
    digits = "〇一二三四五六七八九"
    if number > 99:
        return "".join(digits[int(digit)] for digit in str(number))
    tens, ones = divmod(number, 10)
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")


def _devanagari(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "०१२३४५६७८९"))


def _greek_upper(text: str) -> str:
    """Greek capitals bear no accent, but keep the diaeresis: Μαΐου, ΜΑΪΟΥ."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).replace("\u0301", "").upper())


def _turkish_upper(text: str) -> str:
    return text.replace("i", "İ").upper()


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _forms(text: str) -> tuple[str, ...]:
    return tuple(text.split("; "))


# Months are in the case that a date asks for: the genitive in Polish, Czech, Russian and Greek, the partitive in Finnish.
LANGUAGES: dict[str, Language] = {
    "English": Language(
        months=_names("January February March April May June July August September October November December"),
        weekdays=_names("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        short_months=_names("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        short_weekdays=_names("Mon Tue Wed Thu Fri Sat Sun"),
        ordinal=_english,
        forms=_forms(
            "{d} {month} {year}; {weekday} {d} {month} {year}; {th} {month} {year}; {th} of {month} {year}; "
            "{weekday}, {th} {month} {year}; {dd}-{mon}-{year}; {wd}, {d} {mon} {year}; {dd} {mon} {year}; "
            "{month} {d}, {year}; {weekday}, {month} {d}, {year}; {month} {th}, {year}; {mon} {d}, {year}"
        ),
    ),
    "German": Language(
        months=_names("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        weekdays=_names("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        short_months=_names("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
        short_weekdays=_names("Mo. Di. Mi. Do. Fr. Sa. So."),
        forms=_forms(
            "{d|.} {month} {year}; {dd|.} {month} {year}; {weekday}, {d|.} {month} {year}; "
            "{weekday}, den {d|.} {month} {year}; {wd}, {d|.} {mon} {year}; {d|.} {mon} {year}"
        ),
    ),
    "French": Language(
        months=_names("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        weekdays=_names("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        short_months=_names("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
        short_weekdays=_names("lun. mar. mer. jeu. ven. sam. dim."),
        ordinal=_first("er"),
        forms=_forms(
            "{th} {month} {year}; le {th} {month} {year}; {weekday} {th} {month} {year}; {dd} {month} {year}; "
            "{wd} {th} {mon} {year}; {th} {mon} {year}"
        ),
    ),
    "Spanish": Language(
        months=_names("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        weekdays=_names("lunes martes miércoles jueves viernes sábado domingo"),
        short_months=_names("ene feb mar abr may jun jul ago sept oct nov dic"),
        forms=_forms(
            "{d} de {month} de {year}; {dd} de {month} de {year}; {d} de {month} del {year}; "
            "{weekday}, {d} de {month} de {year}; {weekday} {d} de {month} de {year}; {d} {mon} {year}"
        ),
    ),
    "Portuguese": Language(
        months=_names("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        weekdays=_names("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
        short_months=_names("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
        ordinal=_first("º"),
        forms=_forms(
            "{th} de {month} de {year}; {dd} de {month} de {year}; {weekday}, {th} de {month} de {year}; "
            "{d} de {mon} de {year}"
        ),
    ),
    "Italian": Language(
        months=_names("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        weekdays=_names("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        short_months=_names("gen feb mar apr mag giu lug ago set ott nov dic"),
        short_weekdays=_names("lun mar mer gio ven sab dom"),
        ordinal=_first("º"),
        forms=_forms(
            "{d} {month} {year}; {th} {month} {year}; {dd} {month} {year}; {weekday} {d} {month} {year}; "
            "{weekday}, {th} {month} {year}; {d} {mon} {year}; {wd} {d} {mon} {year}"
        ),
    ),
    "Dutch": Language(
        months=_names("januari februari maart april mei juni juli augustus september oktober november december"),
        weekdays=_names("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
        short_months=_names("jan feb mrt apr mei jun jul aug sep okt nov dec"),
        short_weekdays=_names("ma di wo do vr za zo"),
        forms=_forms(
            "{d} {month} {year}; {dd} {month} {year}; {weekday} {d} {month} {year}; {d} {mon} {year}; "
            "{wd} {d} {mon} {year}"
        ),
    ),
    "Polish": Language(
        months=_names(
            "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"
        ),
        weekdays=_names("poniedziałek wtorek środa czwartek piątek sobota niedziela"),
        short_months=_names("sty lut mar kwi maj cze lip sie wrz paź lis gru"),
        forms=_forms(
            "{d} {month} {year}; {d} {month} {year} r.; {dd} {month} {year}; {weekday}, {d} {month} {year}; "
            "{weekday}, {d} {month} {year} r.; {d} {mon} {year}"
        ),
    ),
    "Czech": Language(
        months=_names("ledna února března dubna května června července srpna září října listopadu prosince"),
        weekdays=_names("pondělí úterý středa čtvrtek pátek sobota neděle"),
        forms=_forms("{d|.} {month} {year}; {dd|.} {month} {year}; {weekday} {d|.} {month} {year}"),
    ),
    "Russian": Language(
        months=_names("января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
        weekdays=_names("понедельник вторник среда четверг пятница суббота воскресенье"),
        forms=_forms(
            "{d} {month} {year}; {d} {month} {year} г.; {d} {month} {year} года; {dd} {month} {year} г.; "
            "{weekday}, {d} {month} {year} г.; {weekday}, {d} {month} {year} года"
        ),
    ),
    "Turkish": Language(
        months=_names("Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"),
        weekdays=_names("Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi Pazar"),
        short_months=_names("Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara"),
        short_weekdays=_names("Pzt Sal Çar Per Cum Cmt Paz"),
        upper=_turkish_upper,
        forms=_forms(
            "{d} {month} {year}; {dd} {month} {year}; {d} {month} {year} {weekday}; "
            "{d} {month} {year}, {weekday}; {d} {mon} {year}; {d} {mon} {year} {wd}"
        ),
    ),
    "Finnish": Language(
        months=_names(
            "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta"
            " marraskuuta joulukuuta"
        ),
        weekdays=_names("maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai"),
        forms=_forms(
            "{d|.} {month} {year}; {dd|.} {month} {year}; {weekday} {d|.} {month} {year}; "
            "{weekday}na {d|.} {month} {year}"
        ),
    ),
    "Greek": Language(
        months=_names(
            "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου"
            " Δεκεμβρίου"
        ),
        weekdays=_names("Δευτέρα Τρίτη Τετάρτη Πέμπτη Παρασκευή Σάββατο Κυριακή"),
        upper=_greek_upper,
        forms=_forms(
            "{d} {month} {year}; {dd} {month} {year}; {weekday} {d} {month} {year}; {weekday}, {d} {month} {year}"
        ),
    ),
    "Hindi": Language(
        months=_names("जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
        weekdays=_names("सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार"),
        numerals=_devanagari,
        forms=_forms("{d} {month} {year}; {weekday}, {d} {month} {year}; {D} {month} {Y}; {weekday}, {D} {month} {Y}"),
    ),
    "Korean": Language(
        weekdays=_names("월요일 화요일 수요일 목요일 금요일 토요일 일요일"),
        short_weekdays=_names("월 화 수 목 금 토 일"),
        forms=_forms(
            "{year|년} {m|월} {d|일}; {year|년} {m|월} {d|일} {weekday}; {year|년} {m|월} {d|일}({wd}); "
            "{year|년}{m|월}{d|일}; {year|년} {mm|월} {dd|일}; {year|.} {m|.} {d|.}; {year|.} {m|.} {d|.}({wd}); "
            "{year|.}{mm|.}{dd}"
        ),
    ),
    "Japanese": Language(
        weekdays=_names("月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日"),
        short_weekdays=_names("月 火 水 木 金 土 日"),
        forms=_forms(
            "{year|年}{m|月}{d|日}; {year|年}{m|月}{d|日} {weekday}; {year|年}{m|月}{d|日}（{wd}）; "
            "{year|年}{m|月}{d|日}({wd}); {year|年}{mm|月}{dd|日}; {year}/{mm}/{dd}; {year}/{m}/{d}({wd})"
        ),
    ),
    "Chinese": Language(
        weekdays=_names("星期一 星期二 星期三 星期四 星期五 星期六 星期日"),
        short_weekdays=_names("周一 周二 周三 周四 周五 周六 周日"),
        numerals=_chinese,
        forms=_forms(
            "{year|年}{m|月}{d|日}; {year|年}{m|月}{d|日}{weekday}; {year|年}{m|月}{d|日} {weekday}; "
            "{year|年}{m|月}{d|日} {wd}; {Y|年}{M|月}{D|日}; {Y|年}{M|月}{D|日} {weekday}; {year}-{m}-{d}"
        ),
    ),
}
