"""What commands print: tables and curves."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from rich.console import Console
from rich.table import Table

output = Console(highlight=False)
if not output.is_terminal:  # a file or a pipe has no width, and programs read it by lines
    output.width = 1000
messages = Console(stderr=True, highlight=False, soft_wrap=True)

_GAP = 2
"""Spaces between columns."""
_CURVE_WIDTH, _CURVE_HEIGHT = 60, 10
_TINY = 1e-300
"""Smaller numbers are drawn as 0, and those above its inverse as that."""
_ROUND = (1, 1.2, 1.4, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)


def print_table(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Prints rows with the same keys under a title; numbers are right-aligned and never cut.

    Columns that do not fit beside the others come in a table below, after the first column again.
    """
    output.print(title, style="bold")
    columns = list(rows[0]) if rows else []
    shown = {column: [_shown(row[column]) for row in rows] for column in columns}
    for block in _blocks(shown):
        result = Table(box=None, pad_edge=False)
        for column in block:
            is_number = all(isinstance(row[column], int | float | None) for row in rows)
            result.add_column(
                column.replace("_", " "),
                justify="right" if is_number else "left",
                overflow="fold",
                no_wrap=is_number,
            )
        for cells in zip(*(shown[column] for column in block), strict=True):
            result.add_row(*cells)
        output.print(result)


def _blocks(shown: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The columns of each table, so that words longer than a line alone are folded."""
    first, *others = shown or [""]
    widths = {name: max(map(len, [name, *cells])) for name, cells in shown.items()}
    blocks = [[first]] if shown else []
    for name in others:
        width = sum(widths[each] + _GAP for each in [*blocks[-1], name]) - _GAP
        if width > output.width and len(blocks[-1]) > 1:
            blocks.append([first])
        blocks[-1].append(name)
    return blocks


def print_curve(title: str, steps: Sequence[float], values: Sequence[float]) -> None:
    """Prints a curve drawn in characters."""
    # No loss or share is negative; of a file that says so a line would leave the canvas without end.
    finite = [(_drawable(x), _drawable(y)) for x, y in zip(steps, values, strict=True) if math.isfinite(y)]
    output.print(title, style="bold")
    if len(finite) < 2:
        output.print("too few points to draw")
        return
    import plotille

    right, top = (_round_up(max(numbers)) for numbers in zip(*finite, strict=True))
    # A character has 2 × 4 dots, and a canvas rounds what lies on its upper ends to the dot after the last.
    beyond = [dots / (dots - 0.6) for dots in (2 * _CURVE_WIDTH, 4 * _CURVE_HEIGHT)]
    canvas = plotille.Canvas(_CURVE_WIDTH, _CURVE_HEIGHT, xmax=right * beyond[0], ymax=top * beyond[1])
    for (x, y), (next_x, next_y) in pairwise(finite):
        canvas.line(x, y, next_x, next_y)
    labels = {0: f"{top:g}", _CURVE_HEIGHT // 2: f"{top / 2:g}", _CURVE_HEIGHT - 1: "0"}
    for row, dots in enumerate(canvas.plot().splitlines()):
        output.print(f"{labels.get(row, ''):>7} │{dots}", markup=False)
    output.print(f"{'':>7} └{'─' * _CURVE_WIDTH}")
    half = _CURVE_WIDTH // 2
    output.print(f"{'':>9}{'0':<{half}}{f'{right / 2:g}':<{half - 4}}{f'{right:g}':>4}  step")


def _drawable(value: float) -> float:
    return min(max(value, 0.0), 1 / _TINY)


def _round_up(value: float) -> float:
    """The next number up that has one or two plain digits, as has its half; 1 for 0."""
    if value < _TINY:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(times * unit for times in _ROUND if times * unit >= value * (1 - 1e-9))


def _shown(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.4g}"
    return f"{value:.8g}" if text == "1" and value < 1 else text  # nearly all is not all
