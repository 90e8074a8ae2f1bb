import itertools
import math
import re
import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from heedful.inspection.charts import Bar, Line, bars, lines
from heedful.inspection.frame import WIDTH
from heedful.inspection.palette import LIGHT, SERIES
from heedful.inspection.scale import LEAN, SIZE, rounded
from heedful.inspection.sheet import text_width
from tests.inspection import sample_page

NAME = "{http://www.w3.org/2000/svg}"
HOSTILE = ["<script>alert(1)</script>", "&amp;", "]]>", '"', "\x00", "\ud800", "\u202e", "$x$", "_hidden", "", "\n"]
CHARTS: dict[str, Callable[[], str]] = {
    "curves": sample_page.curves,
    "journal": sample_page.journal,
    "forest": sample_page.forest,
    "shares": sample_page.shares,
    "no lines": lambda: lines([], title="t", across="a", up="u"),
    "no points": lambda: lines([Line("a", [], [])], title="t", across="a", up="u"),
    "one point": lambda: lines([Line("a", [3], [4])], title="t", across="a", up="u", logarithmic=True),
    "no number": lambda: lines([Line("a", [1, 2], [float("nan")] * 2)], title="t", across="a", up="u"),
    "no rows": lambda: bars([], title="t", along="a"),
    "hostile": lambda: bars([Bar(name, 1.0, 0.0, 2.0) for name in HOSTILE], title="".join(HOSTILE), along="\ud800<"),
    "hostile lines": lambda: lines([Line(name, [1, 2], [1, 2]) for name in HOSTILE], title="<", across="<", up="&"),
    "many": lambda: lines([Line(f"line {at}", [1, 2], [at, at]) for at in range(30)], title="t", across="a", up="u"),
}


@pytest.fixture(params=CHARTS)
def chart(request: pytest.FixtureRequest) -> str:
    return CHARTS[request.param]()


def _texts(chart: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(chart).iter(f"{NAME}text")]


def _paths(chart: str, colour: str) -> list[ElementTree.Element]:
    """The paths that are drawn or filled with a colour."""
    paths = ElementTree.fromstring(chart).iter(f"{NAME}path")
    return [path for path in paths if colour in (path.get("stroke", "") + path.get("fill", ""))]


def _points(path: ElementTree.Element) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path.get("d", ""))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _line(y: list[float], **more: float | bool | None) -> list[tuple[float, float]]:
    """The points of a line over 1, 2, 3 ..., in dots from the upper left."""
    drawn = lines([Line("a", list(range(1, len(y) + 1)), y)], title="t", across="a", up="u", **more)  # type: ignore[arg-type]
    return max((_points(path) for path in _paths(drawn, "series-1") if path.get("fill") == "none"), key=len)


def test_a_chart_is_well_formed_and_always_the_same(chart: str, request: pytest.FixtureRequest) -> None:
    root = ElementTree.fromstring(chart)
    assert root.tag == f"{NAME}svg"
    assert (root.get("role"), root.get("width"), root.get("height")) == ("img", "100%", None)
    chart.encode()
    assert any(make() == chart for make in CHARTS.values())
    assert chart.startswith("<svg"), "no prolog, no document type"


def test_it_stands_in_a_page_as_often_as_one_likes(chart: str) -> None:
    """No identifier, no style sheet, no date, nothing fetched; colours are the page's."""
    assert not re.search(r"\bid=|<style|href|url\(|<script|<metadata|\bon\w+=", chart.replace("&lt;script", ""))
    assert set(re.findall(r"https?:[^\"]*", chart)) == {"http://www.w3.org/2000/svg"}
    outside = re.sub(r"var\(--[\w-]+, #[0-9a-f]{6}\)", "", chart)
    assert not re.search(r"#[0-9a-f]{3,8}\b", outside)
    found = dict(re.findall(r"var\(--([\w-]+), (#[0-9a-f]{6})\)", chart))
    assert found == {name: LIGHT[name] for name in found}


def test_all_text_stands_on_the_drawing(chart: str) -> None:
    root = ElementTree.fromstring(chart)
    _, _, wide, high = (float(side) for side in root.get("viewBox", "").split())
    for text in root.iter(f"{NAME}text"):
        assert 0 <= float(text.get("x", 0)) <= wide
        assert 0 <= float(text.get("y", 0)) <= high


def test_words_stay_words() -> None:
    texts = _texts(sample_page.curves())
    assert {"additive attention", "고정된 문맥 벡터", "sentence pairs", "BLEU", "1,000", "25,000"} <= set(texts)
    assert {"주의 집중 − 고정 벡터", "beam of 5 − greedy", "BLEU points", "0", "2"} <= set(_texts(sample_page.forest()))


def test_hostile_names_are_only_text() -> None:
    for name in ("hostile", "hostile lines"):
        chart = CHARTS[name]()
        tags = {element.tag for element in ElementTree.fromstring(chart).iter()}
        assert tags <= {NAME + tag for tag in ("svg", "g", "path", "text", "title")}
        assert {"<script>alert(1)</script>", "$x$", "_hidden", "\\u202e"} <= set(_texts(chart))


def test_a_chart_says_what_it_shows() -> None:
    root = ElementTree.fromstring(lines([], title='a "title" & <b>', across="a", up="u"))
    assert root.get("aria-label") == root.findtext(f"{NAME}title") == 'a "title" & <b>'


def test_more_is_higher_and_equal_steps_are_equal() -> None:
    points = _line([1.0, 2.0, 4.0, 3.0])
    heights = [-y for _, y in points]
    assert heights[0] < heights[1] < heights[3] < heights[2]
    assert heights[2] - heights[1] == pytest.approx(2 * (heights[1] - heights[0]), abs=0.1)
    steps = [after[0] - before[0] for before, after in itertools.pairwise(points)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.1)


def test_a_logarithmic_scale_gives_equal_factors_equal_room() -> None:
    chart = lines([Line("a", [1, 10, 100], [1, 2, 3])], title="t", across="a", up="u", logarithmic=True)
    (path,) = [
        path for path in _paths(chart, "series-1") if path.get("stroke-width") == "2" and len(_points(path)) == 3
    ][:1]
    first, second, third = (x for x, _ in _points(path))
    assert second - first == pytest.approx(third - second, abs=0.1)


def test_what_has_no_logarithm_is_refused() -> None:
    with pytest.raises(ValueError, match="logarithmic"):
        lines([Line("a", [0, 1], [1, 2])], title="t", across="a", up="u", logarithmic=True)


def test_a_chart_does_not_end_where_it_begins() -> None:
    with pytest.raises(ValueError, match="from 5 up to 2"):
        lines([Line("a", [0, 1], [1, 2])], title="t", across="a", up="u", bottom=5, top=2)


@pytest.mark.parametrize("ends", [{"low": [1.0]}, {"high": [1.0]}, {"low": [1.0, 2.0], "high": [1.0]}])
def test_an_interval_has_two_ends(ends: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match="the line 'a'"):
        Line("a", [1.0], [1.0], **ends)
    with pytest.raises(ValueError, match="the row 'a'"):
        Bar("a", 1.0, low=0.0)


def test_a_missing_number_is_a_gap() -> None:
    chart = lines([Line("a", [1, 2, 3, 4, 5], [1, 2, float("nan"), 4, 5])], title="t", across="a", up="u")
    (path,) = [
        path for path in _paths(chart, "series-1") if path.get("stroke-width") == "2" and len(_points(path)) == 4
    ]
    assert path.get("d", "").count("M") == 2


def test_few_intervals_are_bars_and_many_a_band() -> None:
    for count, opacity in ((4, "stroke-opacity"), (40, "fill-opacity")):
        x = list(range(count))
        line = Line("a", x, x, [each - 1 for each in x], [each + 1 for each in x])
        chart = lines([line], title="t", across="a", up="u")
        assert sum(path.get(opacity) is not None for path in _paths(chart, "series-1")) == (4 if count == 4 else 1)


def test_series_differ_without_their_colours() -> None:
    chart = CHARTS["many"]()
    looks = set()
    for at in range(len(SERIES)):
        dashes = [path.get("stroke-dasharray") for path in _paths(chart, SERIES[at]) if path.get("fill") == "none"]
        markers = [path for path in _paths(chart, SERIES[at]) if path.get("fill") != "none"]
        looks.add((dashes[0], markers[0].get("d", "").count("L"), markers[0].get("d", "").count("C")))
    assert len(looks) == len(SERIES)


def test_what_lies_beyond_the_ends_is_cut_and_what_lies_on_them_is_whole() -> None:
    inside = lines([Line("a", [1, 2], [0, 100])], title="t", across="a", up="u", bottom=0, top=100)
    beyond = lines([Line("a", [1, 2], [0, 120])], title="t", across="a", up="u", bottom=0, top=100)
    assert inside.count("<svg") == 1
    assert beyond.count("<svg") == 2


def test_a_row_stands_beside_its_name_and_is_told_in_numbers() -> None:
    chart = sample_page.forest()
    root = ElementTree.fromstring(chart)
    names = {text.text: float(text.get("y", 0)) for text in root.iter(f"{NAME}text")}
    heights = [names[name] for name in ("주의 집중 − 고정 벡터", "beam of 5 − greedy", "reversed source − as it is")]
    assert heights == sorted(heights)
    notes = {title.text for title in root.iter(f"{NAME}title")}
    assert "reversed source − as it is: −0.3 (−1.1 … 0.6)" in notes
    points = [path for path in _paths(chart, "series-1") if path.get("fill") != "none"]
    middles = [sum(y for _, y in _points(point)) / len(_points(point)) for point in points]
    assert [middles[at] for at in (0, 2, 3)] == pytest.approx([height - 5 for height in heights], abs=1)


def test_a_band_lies_where_it_should() -> None:
    chart = bars([Bar("a", 0.0, -4.0, 4.0)], title="t", along="a", band=(-2.0, 2.0), level=0.0)
    (band,) = _paths(chart, "--band")
    ends = sorted({x for x, _ in _points(band)})
    whole = next(path for path in _paths(chart, "series-1") if path.get("fill") == "none")
    low, high = sorted(x for x, _ in _points(whole))
    assert ends[1] - ends[0] == pytest.approx((high - low) / 2, abs=0.2)
    assert sum(ends) == pytest.approx(low + high, abs=0.2)


def test_names_of_any_length_and_script_leave_room_for_the_plot() -> None:
    for name in ("가나다라마바사아자차카타파하" * 9, "word " * 40, "ก" * 90):
        chart = bars([Bar(name, 1.0, 0.0, 2.0)], title=name, along=name, level=0.0)
        xs = [x for path in _paths(chart, "series-1") for x, _ in _points(path)]
        assert max(xs) - min(xs) > WIDTH / 3
        lines([Line(name, [1, 2], [1, 2])], title=name, across=name, up=name, ticks=[(1, name), (2, name)])


def test_crowded_ticks_lean() -> None:
    ticks = [(at, f"a long name {at}") for at in range(12)]
    chart = lines([Line("a", [0, 11], [0, 1])], title="t", across="a", up="u", ticks=ticks)
    root = ElementTree.fromstring(chart)
    turned = [text for text in root.iter(f"{NAME}text") if text.get("transform")]
    assert len(turned) == 12
    for text in turned:
        long = text_width(text.text or "", SIZE)
        assert float(text.get("x", 0)) >= long * math.cos(math.radians(LEAN))
        assert float(text.get("y", 0)) + long * math.sin(math.radians(LEAN)) <= float(
            (root.get("viewBox") or "").split()[3]
        )


@pytest.mark.parametrize(
    "ends", [(0.0, 1.0), (-3.7, 12.2), (1e-7, 3e-7), (999.0, 1001.0), (0.0, 123456.0), (0.01, 26.0)]
)
@pytest.mark.parametrize("logarithmic", [False, True])
def test_ticks_are_a_few_round_numbers_in_order(ends: tuple[float, float], logarithmic: bool) -> None:
    if logarithmic and ends[0] <= 0:
        return
    scale = rounded(ends, logarithmic=logarithmic)
    values = [value for value, _ in scale.ticks]
    assert 2 <= len(values) <= 13
    assert values == sorted(values)
    assert all(ends[0] - 1e-9 <= value <= ends[1] + 1e-9 for value in values)
    texts = [text for _, text in scale.ticks]
    if min(abs(value) for value in values if value) > 1e-5:
        assert len(set(texts)) == len(texts)
        written = [float(text.replace(",", "").replace("−", "-")) for text in texts]
        assert written == pytest.approx(values)


def test_charts_load_no_torch_and_no_pyplot_and_pages_no_matplotlib() -> None:
    program = """
import sys
import heedful.inspection.html, heedful.inspection.page, heedful.inspection.series, heedful.inspection.svg
print('matplotlib' in sys.modules)
import heedful.inspection.charts
print('torch' in sys.modules, 'matplotlib.pyplot' in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False"] * 3
