"""What ``make demo`` shows once a model has learned written dates: how many unseen ones it gets right, and where it looked.

Usage: python examples/demo_dates.py RUN, such as runs/demo. Exits with 1 where less comes out than is asked.
"""

import sys
import tomllib
from collections import Counter
from pathlib import Path

from heedful import HeedfulError, Seq2Seq
from heedful.data.dates import WrittenDate, written_dates
from heedful.data.toy import held_out
from heedful.results import Alignment, Result

ACCURACY, OWN_FIELD = 97.0, 90.0  # what is asked, in percent
DRAWN_HERE = ("English", "Korean")
DRAWN = ("English", "German", "Russian", "Hindi", "Korean", "Japanese")


def unseen(run: Path) -> list[WrittenDate]:
    """The dates that the run held out: days that stood nowhere in its training data, in any language."""
    data = tomllib.loads((run / "recipe.toml").read_text(encoding="utf-8"))["data"]
    return [written for written in written_dates(data["task_count"], data["task_seed"]) if held_out(written.target)]


def own_field(written: WrittenDate, attention: Alignment) -> list[bool]:
    """For every output digit: whether the source unit it looked at most belongs to its own field of the written date."""
    found: list[bool] = []
    for place, unit in enumerate(attention.target):
        if (field := written.field_of(place)) and unit.isdigit():
            start, end = written.spans[field]
            found.append(start <= attention.weights[place].argmax() < end)
    return found


def measure(dates: list[WrittenDate], results: list[Result]) -> tuple[float, float]:
    """Percent of dates exactly right, and of output digits that look at their own field; said by language, too."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    own: Counter[str] = Counter()
    digits: Counter[str] = Counter()
    for written, result in zip(dates, results, strict=True):
        looked = own_field(written, result.attention) if result.attention else []
        right[written.language] += result.text == written.target
        total[written.language] += 1
        own[written.language] += sum(looked)
        digits[written.language] += len(looked)
    print(f"\n{'unseen dates':14}{'count':>7}{'right':>9}{'own field':>11}")
    for language in sorted(total):
        print(f"{language:14}{total[language]:7,}{_share(right, total, language)}{_share(own, digits, language)}")
    return 100 * right.total() / total.total(), 100 * own.total() / max(1, digits.total())


def _share(part: Counter[str], whole: Counter[str], language: str) -> str:
    return f"{100 * part[language] / max(1, whole[language]):9.1f} %"


def draw(run: Path, model: Seq2Seq, dates: list[WrittenDate]) -> list[Path]:
    """Heatmaps of one date in each of some languages: two of them here, all of them as pictures in the run's folder."""
    drawn: list[Path] = []
    for language in DRAWN:
        source = next(written.source for written in dates if written.language == language)
        heatmap = model.attend(source)
        if language in DRAWN_HERE:
            print(f"\n{source} → {''.join(heatmap.target)}\n\n{heatmap}")
        for kind in ("svg", "png"):
            try:
                drawn.append(heatmap.save(run / f"attention-{language}.{kind}"))
            except HeedfulError as error:  # no font here has the letters; the SVG is there
                print(f"\nno picture of {source}: {error}")
    return drawn


def main(run: Path) -> int:
    """Measures, shows and draws."""
    model = Seq2Seq.load(run)
    dates = unseen(run)
    accuracy, own = measure(dates, model.search([written.source for written in dates]))
    drawn = draw(run, model, dates)
    print(f"\nheatmaps: {', '.join(str(path) for path in drawn)}")
    print(f"{accuracy:.1f} % of {len(dates):,} unseen dates are exactly right (asked: {ACCURACY:.0f} %)")
    print(f"{own:.1f} % of the output digits put most weight on their own field (asked: {OWN_FIELD:.0f} %)")
    return 0 if accuracy >= ACCURACY and own >= OWN_FIELD else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/demo_dates.py RUN")
    sys.exit(main(Path(sys.argv[1])))
