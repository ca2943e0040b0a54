"""The style of every figure."""

import textwrap
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

mpl.use("Agg")

Colour = tuple[float, float, float]

MARKERS = ("o", "s", "D", "^", "v", "P", "*", "X")
"""A second cue besides colour, for grey prints."""

# For names: distinguishable by colour-blind readers, and by lightness in grey prints.
_HUES = ("#00366b", "#de8f05", "#027a56", "#7fc4ea", "#8f1d4f", "#c9b36a", "#6b6b6b", "#d98bc0")
MAX_HUES = len(_HUES)

_STYLE = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "0.9",
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "ripplecarry",  # the same figure gives the same file
}
_CHARACTERS_PER_INCH = 11.5


@contextmanager
def style() -> Generator[None]:
    """Applies the style to figures drawn inside."""
    with mpl.rc_context(), sns.axes_style("whitegrid"), sns.color_palette(_HUES):
        mpl.rcParams.update(_STYLE)
        yield


def colours(values: Sequence[object]) -> list[Colour]:
    """Numbers from dark to light, so that grey preserves their order; names in distinct hues."""
    if len(values) > 1 and all(isinstance(value, int | float) for value in values):
        return sns.color_palette("viridis", len(values) + 1)[: len(values)]
    return sns.color_palette(_HUES, len(values))


def write_texts(figure: Figure, title: str, caption: str) -> None:
    """Title above and caption below, wrapped to the figure's width."""
    width = int(figure.get_figwidth() * _CHARACTERS_PER_INCH)
    figure.suptitle(textwrap.fill(title, width), fontsize=11)
    figure.supxlabel(textwrap.fill(caption, int(width * 1.15)), fontsize=8.5)


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Writes PNG and SVG and returns their paths."""
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    figure.savefig(paths[0], dpi=150)
    figure.savefig(paths[1], metadata={"Date": None})
    return paths
