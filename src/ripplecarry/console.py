"""What commands print: tables and curves."""

import math
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

output = Console(highlight=False)
if not output.is_terminal:  # a file or a pipe has no width
    output.width = 160
messages = Console(stderr=True, highlight=False, soft_wrap=True)


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
        width = sum(widths[each] + 1 for each in [*blocks[-1], name])
        if width > output.width and len(blocks[-1]) > 1:
            blocks.append([first])
        blocks[-1].append(name)
    return blocks


def print_curve(title: str, steps: Sequence[float], values: Sequence[float]) -> None:
    """Prints a curve drawn in characters."""
    finite = [(x, y) for x, y in zip(steps, values, strict=True) if math.isfinite(y)]
    output.print(title, style="bold")
    if len(finite) < 2:
        output.print("too few points to draw")
        return
    import plotille

    figure = plotille.Figure()
    figure.width, figure.height = 60, 12
    figure.origin = False
    figure.set_x_limits(min_=0)
    figure.set_y_limits(min_=0)
    figure.x_label, figure.y_label = "step", ""
    figure.register_label_formatter(float, _axis_label)
    figure.plot([x for x, _ in finite], [y for _, y in finite])
    output.print(figure.show(), markup=False)


def _axis_label(val: float, chars: int, delta: float, left: bool = False) -> str:
    return f"{val:.3g}".ljust(chars)


def _shown(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.4g}"
    return f"{value:.8g}" if text == "1" and value < 1 else text  # nearly all is not all
