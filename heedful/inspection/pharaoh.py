"""An alignment as Pharaoh pairs: what word aligners write and alignment error rates read."""

from heedful.inspection.brightness import brightness
from heedful.results import Alignment


def render(alignment: Alignment, *, title: str = "", threshold: float = 0.0) -> str:
    """One line of ``source-target`` pairs counted from zero: for each target unit the source unit that got most.

    Of equal weights the first wins. A target unit whose largest weight is below ``threshold`` has no pair, and nothing
    has one without a source. The format has no room for a title.
    """
    del title
    if not alignment.source:
        return "\n"
    weights = brightness(alignment.weights)
    best = weights.argmax(axis=1).tolist()
    pairs = (f"{source}-{target}" for target, source in enumerate(best) if weights[target, source] >= threshold)
    return " ".join(pairs) + "\n"
