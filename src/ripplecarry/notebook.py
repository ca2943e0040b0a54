"""How results show themselves: one line as text, and in notebooks a card with a small picture."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isfinite

_COLOURS = ("#1f6fb2", "#d2691e", "#027a56", "#8f1d4f", "#6b6b6b", "#b59a00", "#7f5fc4", "#c0392b")
_WIDTH, _HEIGHT, _EDGE = 260, 70, 4
_RIGHT, _WRONG = "#027a56", "#c0392b"

Curve = tuple[Sequence[float], Sequence[float]]
"""Steps and values."""


class Shown:
    """Gives a class its representations, made from `_line` and `_picture`."""

    def _line(self) -> str:
        """What it is, in one line."""
        raise NotImplementedError

    def _picture(self) -> str:
        """HTML that shows it at a glance."""
        return ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._line()}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        name = type(self).__name__
        return f"<div><p><b>{name}</b> {escape(self._line())}</p>{self._picture()}</div>"


def curves_picture(curves: Mapping[str, Curve], high: float | None = None) -> str:
    """Curves over common axes, each with its name in its colour.

    Args:
        high: the axis's upper end; by default the highest value's.
    """
    finite = {
        name: [(x, y) for x, y in zip(*curve, strict=True) if isfinite(y)] for name, curve in curves.items()
    }
    points = [point for mine in finite.values() for point in mine]
    if not points:
        return ""
    most = max(x for x, _ in points) or 1
    top = high or max(y for _, y in points) or 1
    lines, names = [], []
    for number, (name, mine) in enumerate(finite.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        few = mine[:: len(mine) // _WIDTH + 1]  # no screen shows more
        places = " ".join(f"{_across(x / most):.1f},{_down(y / top):.1f}" for x, y in few)
        lines.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        names.append(f'<span style="color:{colour}">{escape(name)}</span>')
    return f"{_svg(lines)}<small>{' · '.join(names)}; steps 0 to {most:g}, 0 to {top:.3g}</small>"


def squares_picture(rows: Sequence[Sequence[float | None]]) -> str:
    """Shares as squares: green where all are right, redder the more are wrong, none where nothing is."""
    size = 8
    squares = [
        f'<rect x="{size * column}" y="{size * row}" width="{size - 1}" height="{size - 1}" fill='
        + (f'"{_RIGHT}"/>' if share == 1 else f'"{_WRONG}" fill-opacity="{1 - 0.7 * share:.2f}"/>')
        for row, shares in enumerate(rows)
        for column, share in enumerate(shares)
        if share is not None
    ]
    return _svg(squares, size * max(map(len, rows), default=0), size * len(rows))


def interval_picture(effect: float, low: float, high: float, bounds: Sequence[float]) -> str:
    """An effect with its interval, beside the bounds that decide, dashed."""
    if not isfinite(effect):
        return ""
    bounds = [bound for bound in bounds if isfinite(bound)]
    marks = [value for value in (effect, low, high, *bounds) if isfinite(value)]
    start, width = min(marks), (max(marks) - min(marks)) or 1
    across = {value: _across((value - start) / width) for value in marks}
    middle = _HEIGHT / 2
    parts = [
        f'<line x1="{across[bound]:.1f}" x2="{across[bound]:.1f}" y1="0" y2="{_HEIGHT}" stroke="{_WRONG}" '
        'stroke-dasharray="4 3"/>'
        for bound in bounds
    ]
    if low in across and high in across:
        ends = f'x1="{across[low]:.1f}" x2="{across[high]:.1f}" y1="{middle}" y2="{middle}"'
        parts.append(f'<line {ends} stroke="currentColor" stroke-width="2"/>')
    parts.append(f'<circle cx="{across[effect]:.1f}" cy="{middle}" r="4" fill="currentColor"/>')
    beside = f"; dashed: {' and '.join(f'{bound:.3g}' for bound in bounds)}" if bounds else ""
    return f"{_svg(parts)}<small>{start:.3g} to {start + width:.3g}{beside}</small>"


def bars_picture(groups: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Intervals side by side, the groups in colours of their own."""
    ends = [end for bars in groups.values() for bar in bars for end in bar]
    low, width = min(ends), (max(ends) - min(ends)) or 1
    count = max(map(len, groups.values()))
    step = (_WIDTH - 2 * _EDGE) / count / len(groups)
    parts, names = [], []
    for number, (name, bars) in enumerate(groups.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        for place, (start, end) in enumerate(bars):
            x = _EDGE + step * (place * len(groups) + number)
            top, bottom = _down((end - low) / width), _down((start - low) / width)
            box = f'x="{x:.1f}" y="{top:.1f}" width="{step:.1f}" height="{max(1, bottom - top):.1f}"'
            parts.append(f'<rect {box} fill="{colour}"/>')
        names.append(f'<span style="color:{colour}">{escape(name)}</span>')
    return f"{_svg(parts)}<small>{' · '.join(names)}</small>"


def column_picture(operands: Iterable[str], answer: str, right: str) -> str:
    """Operands, answer and right answer below each other; the answer's wrong digits are marked."""
    numbers = [*operands, answer, right]
    width = max(map(len, numbers))
    *above, given, wanted = (number.rjust(width) for number in numbers)
    marked = "".join(
        escape(digit) if digit == other else f'<b style="color:{_WRONG}">{escape(digit)}</b>'
        for digit, other in zip(given, wanted, strict=True)
    )
    rows = [*map(escape, above), "─" * width, f"{marked}  the network", f"{escape(wanted)}  right"]
    return f'<pre style="line-height:1.2">{chr(10).join(rows)}</pre>'


def _svg(parts: Sequence[str], width: float = _WIDTH, height: float = _HEIGHT) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg {size} style="display:block" role="img">{"".join(parts)}</svg>'


def _across(share: float) -> float:
    return _EDGE + share * (_WIDTH - 2 * _EDGE)


def _down(share: float) -> float:
    return _HEIGHT - _EDGE - min(share, 1) * (_HEIGHT - 2 * _EDGE)
