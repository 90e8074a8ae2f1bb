"""A page with everything that a page can have, in two languages."""

import numpy as np

from heedful.inspection import svg
from heedful.inspection.charts import Bar, Line, bars, lines
from heedful.inspection.page import Figure, Page, Section, Table, Verdict
from heedful.inspection.sheet import AxisNames
from tests.inspection.alignments import diagonal

COUNTS = (1_000.0, 2_000.0, 5_000.0, 10_000.0, 25_000.0)
HOSTILE = "<script>alert(1)</script> & \"'\x00\ud800\u202e</style>"


def curves() -> str:
    """Lines with intervals, on a logarithmic scale."""
    grown = np.log10(np.array(COUNTS) / 500)
    series = [
        Line(name, COUNTS, (scale * grown).tolist(), (scale * grown - 1.5).tolist(), (scale * grown + 1.5).tolist())
        for name, scale in (
            ("additive attention", 18.0),
            ("고정된 문맥 벡터", 12.0),
            ("dot product, input feeding", 16.5),
        )
    ]
    ticks = [(count, f"{count:,.0f}") for count in COUNTS]
    return lines(series, title="BLEU by sentences", across="sentence pairs", up="BLEU", logarithmic=True, ticks=ticks)


def journal() -> str:
    """Lines with many points, a band and a level."""
    steps = np.arange(0, 4000, 100.0)
    loss = 4 * np.exp(-steps / 900) + 1.1
    first = Line("validation", steps.tolist(), loss.tolist(), (loss - 0.2).tolist(), (loss + 0.2).tolist())
    second = Line("training", steps.tolist(), (loss - 0.4 * steps / 4000).tolist())
    return lines([first, second], title="Loss", across="step", up="nats per unit", bottom=0.0, level=1.0)


def forest() -> str:
    """Differences with their intervals."""
    rows = [
        Bar("주의 집중 − 고정 벡터", 6.2, 4.9, 7.6),
        Bar("bidirectional − one direction", 1.9, 0.7, 3.2),
        Bar("beam of 5 − greedy", 0.6, 0.1, 1.0),
        Bar("reversed source − as it is", -0.3, -1.1, 0.6),
    ]
    return bars(rows, title="Differences", along="BLEU points", level=0.0, band=(-1.0, 1.0))


def shares() -> str:
    """Bars without intervals."""
    rows = [Bar("right", 812.0), Bar("one digit off", 141.0), Bar("something else", 47.0)]
    return bars(rows, title="Errors", along="dates of 1,000")


def english() -> Page:
    """A report in English, with text in other scripts."""
    target = ["le", "chat", "était", "assis", "sur", "le", "tapis", "."]
    words = diagonal(["the", "cat", "sat", "on", "the", "mat", "."], target)
    influence = AxisNames(down="source word", across="target word", bar="influence")
    return Page(
        "Does attention help a small translator?",
        (
            "Six claims of the papers, put to the test on 25,000 sentence pairs: three seeds each, paired bootstrap.",
            "Trained on two cores of a laptop in eleven hours; every figure can be made again from the commands below it.",
        ),
        (
            Section(
                "attention",
                "Attention against a fixed vector",
                "With attention, long sentences are translated as well as short ones.",
                Verdict("holds", "holds"),
                (
                    "The gap opens at fifteen words and stays open: what the fixed vector forgets, attention looks up again.",
                ),
                (
                    Figure(
                        curves(), "BLEU on the test set by the number of training pairs; 95 % intervals over seeds."
                    ),
                    Figure(forest(), "Differences in BLEU, paired bootstrap, 95 %; shaded: too small to matter."),
                ),
                (
                    Table(
                        ("model", "parameters", "BLEU", "± seeds", "remark"),
                        (
                            ("additive", 1_204_736, 26.41, 0.32, "오래 걸림"),
                            ("dot", 1_138_944, 25.9, 0.41, None),
                            ("fixed", 9_872, 17.25, None, HOSTILE),
                            ("copy of the source", None, -0.04, 0.0, "baseline"),
                        ),
                        "The test set, 1,000 pairs.",
                    ),
                ),
                (
                    "heedful train recipes/demo.toml --out runs/demo\nheedful evaluate runs/demo data/test.tsv --beam-size 5",
                ),
            ),
            Section(
                "order",
                "Reversing the source",
                "Reversing the source helps a model without attention.",
                Verdict("does not hold", "does not hold"),
                ("Not on pairs as short as these.",),
                (
                    Figure(journal(), "Loss while training."),
                    Figure(shares(), "What went wrong, of 1,000 dates."),
                ),
            ),
            Section(
                "maps",
                "Where it looked",
                "A map of attention shows what the output depends on.",
                Verdict("not decided", "not decided"),
                (),
                (
                    Figure(svg.render(words), "Attention."),
                    Figure(svg.render(words, title="what a word changes", names=influence), "Influence, by occlusion."),
                ),
            ),
        ),
        footer="Made by Heedful 0.1.0 on 3 July 2026.",
    )


def korean() -> Page:
    """A report in Korean."""
    first = Section(
        "주의",
        "주의 집중과 고정 벡터",
        "주의 집중을 쓰면 긴 문장도 짧은 문장만큼 잘 번역된다.",
        Verdict("holds", "성립"),
        ("열다섯 단어를 넘으면 차이가 벌어지고, 그 뒤로 줄어들지 않는다.",),
        (Figure(forest(), "BLEU 차이와 95 % 구간."),),
        (Table(("모델", "BLEU"), (("덧셈 주의", 26.4), ("고정", 17.2))),),
        ("heedful train recipes/demo.toml",),
    )
    second = Section("차례", "원문 뒤집기", "원문을 뒤집으면 낫다.", Verdict("does not hold", "성립하지 않음"))
    return Page(
        "작은 번역기에 주의 집중이 도움이 되는가?", ("논문의 주장 여섯 가지를 시험했다.",), (first, second), "ko"
    )
