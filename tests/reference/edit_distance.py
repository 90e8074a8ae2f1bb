"""Edit distance by the textbook's dynamic programme (Wagner and Fischer 1974), one cell at a time."""

from collections.abc import Hashable, Sequence


def edit_distance(found: Sequence[Hashable], expected: Sequence[Hashable]) -> int:
    """The fewest insertions, deletions and substitutions that turn one sequence into the other."""
    table = [[0] * (len(expected) + 1) for _ in range(len(found) + 1)]
    for i in range(len(found) + 1):
        for j in range(len(expected) + 1):
            if i == 0 or j == 0:
                table[i][j] = i + j
            else:
                substituted = table[i - 1][j - 1] + (found[i - 1] != expected[j - 1])
                table[i][j] = min(substituted, table[i - 1][j] + 1, table[i][j - 1] + 1)
    return table[-1][-1]
