"""Sequence-to-sequence learning with recurrent encoder-decoders and attention.

``from heedful import Seq2Seq`` is all that most people need. Names load what they need when first used, so that
``import heedful`` stays quick.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Alignment", "Heatmap", "HeedfulError", "Hypothesis", "Report", "Result", "Seq2Seq", "__version__"]

if TYPE_CHECKING:
    from heedful.errors import HeedfulError
    from heedful.evaluation.report import Report
    from heedful.results import Alignment, Hypothesis, Result
    from heedful.seq2seq import Heatmap, Seq2Seq


def __getattr__(name: str) -> Any:
    if name in ("Seq2Seq", "Heatmap"):
        from heedful import seq2seq

        return getattr(seq2seq, name)
    if name == "Report":
        from heedful.evaluation import report

        return report.Report
    if name in ("Alignment", "Hypothesis", "Result"):
        from heedful import results

        return getattr(results, name)
    if name == "HeedfulError":
        from heedful import errors

        return errors.HeedfulError
    raise AttributeError(f"module 'heedful' has no attribute {name!r}")
