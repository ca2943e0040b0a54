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
    """Prints rows with the same keys under a title; numbers are right-aligned."""
    result = Table(box=None, pad_edge=False)
    for column in rows[0] if rows else []:
        is_number = all(isinstance(row[column], int | float) for row in rows)
        result.add_column(
            column.replace("_", " "),
            justify="right" if is_number else "left",
            no_wrap=column in list(rows[0])[:2],
        )
    for row in rows:
        result.add_row(*(_shown(value) for value in row.values()))
    output.print(title, style="bold")
    output.print(result)


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
    return f"{value:.4g}" if isinstance(value, float) else str(value)
