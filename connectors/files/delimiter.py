"""Find the delimiter of a text: the one that cuts its rows into equally many cells.

The number of cells alone decides nothing: 经营范围 writes more semicolons than a row has commas.
"""

import csv
from collections import Counter
from collections.abc import Sequence

CANDIDATES = (",", "\t", ";", "|", "^", "~", "，", "；")


def find_delimiter(lines: Sequence[str], usual: str) -> str:
    """Return the delimiter of a text from its first lines; ``usual`` where none cuts them."""
    best, best_score = usual, (0.0, 0.0)
    for delimiter in dict.fromkeys((usual, *CANDIDATES)):
        if not any(delimiter in line for line in lines):
            continue
        score = _score(lines, delimiter)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _score(lines: Sequence[str], delimiter: str) -> tuple[float, float]:
    """Return the share of rows that have the commonest width, and how many filled cells these have on average."""
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(cell.strip() for cell in row)]
    widths = Counter(len(row) for row in rows if sum(bool(cell.strip()) for cell in row) > 1)
    if not widths:
        return 0.0, 0.0
    width, count = max(widths.items(), key=lambda entry: (entry[1], entry[0]))
    filled = sum(sum(bool(cell.strip()) for cell in row) for row in rows if len(row) == width)
    return round(count / len(rows), 3), filled / count
