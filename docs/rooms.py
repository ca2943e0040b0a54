"""Draws figures/rooms.svg from the import graph: `python docs/rooms.py`. The tests see that they agree."""

import ast
import re
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/figures/rooms.svg"
PACKAGE = "ripplecarry"
_ROW, _NAME_WIDTH, _TOP, _LETTER = 22, 112, 96, 6.3
_STYLE = """text { font: 12px system-ui, sans-serif; fill: #1d1d1f } .soft { fill: #5f6368 }
.number { font-size: 10px; text-anchor: middle; fill: #fff }
.own { fill: #e3e6ea } .import { fill: #2f6f9f }
.line { stroke: #e3e6ea }"""

Imports = dict[str, dict[str, int]]


def rooms() -> list[str]:
    """The package's rooms and single files, as the layers' contract orders them, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each.get("containers") == [PACKAGE])
    return [name for layer in layers for name in re.split(r"\s*[|:]\s*", layer)]


def imports() -> Imports:
    """For each room, how many imports of each other room's files it has."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)  # the cache misses quick changes
    found: Imports = {room: {} for room in rooms()}
    for importer in sorted(graph.modules - {PACKAGE}):
        for imported in sorted(graph.find_modules_directly_imported_by(importer) - {PACKAGE}):
            room, other = (name.split(".")[1] for name in (importer, imported))
            if room != other:
                found[room][other] = found[room].get(other, 0) + 1
    return found


def purpose(room: str) -> str:
    """The first sentence of a room's docstring."""
    path = ROOT / "src" / PACKAGE / room
    source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(
        encoding="utf-8"
    )
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def picture(order: list[str], found: Imports) -> str:
    """The matrix as SVG: a row and a column per room, a number where the row imports from the column."""
    left = _NAME_WIDTH + _ROW * len(order)
    longest = max(len(purpose(room)) for room in order)
    width, height = left + 16 + int(_LETTER * longest), _TOP + _ROW * len(order) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="Which room imports from which">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, room in enumerate(order):
        x, y = _NAME_WIDTH + _ROW * place, _TOP + _ROW * place
        middle = x + _ROW // 2
        parts += [
            f'<line class="line" x1="0" x2="{width}" y1="{y}" y2="{y}"/>',
            f'<text x="{_NAME_WIDTH - 8}" y="{y + 15}" text-anchor="end">{room}</text>',
            f'<text transform="translate({middle + 4} {_TOP - 8}) rotate(-60)">{room}</text>',
            f'<rect class="own" x="{x}" y="{y}" width="{_ROW}" height="{_ROW}"/>',
            f'<text class="soft" x="{left + 12}" y="{y + 15}">{escape(purpose(room))}</text>',
        ]
        for other, count in found[room].items():
            column = _NAME_WIDTH + _ROW * order.index(other) + _ROW // 2
            parts += [
                f'<circle class="import" cx="{column}" cy="{y + _ROW // 2}" r="9"/>',
                f'<text class="number" x="{column}" y="{y + 15}">{count}</text>',
            ]
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(rooms(), imports()), encoding="utf-8")
