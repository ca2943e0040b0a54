"""The style of every figure."""

import textwrap
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font
from matplotlib.text import Text

mpl.use("Agg")

Colour = tuple[float, float, float]
Numbers = Sequence[float] | np.ndarray

MARKERS = ("o", "s", "D", "^", "v", "P", "*", "X")
"""A second cue besides colour, for grey prints."""

# For names: distinguishable by colour-blind readers, and by lightness in grey prints.
_HUES = ("#00366b", "#de8f05", "#027a56", "#7fc4ea", "#8f1d4f", "#c9b36a", "#6b6b6b", "#d98bc0")
ALL_RIGHT = "#027a56"
"""A share of exactly 1, which no shade of a scale tells from 0.996."""

_HIGHEST_LOSS = 3.0  # guessing costs ln 10 = 2.3; higher losses are out of control
_READINGS_TO_MARK = 10
_FLAT = 0.05  # a curve lower than this share of a linear axis looks like the axis itself

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
def new_figure(width: float, height: float) -> Generator[Figure]:
    """A figure of this size in inches, in the style; to be drawn and saved inside."""
    with mpl.rc_context(), sns.axes_style("whitegrid"), sns.color_palette(_HUES):
        mpl.rcParams.update(_STYLE)
        yield Figure(figsize=(width, height), layout="constrained")


def colours(values: Sequence[object]) -> list[Colour]:
    """Numbers from dark to light, so that grey preserves their order; names in distinct hues."""
    if len(values) > 1 and all(isinstance(value, int | float) for value in values):
        shades = mpl.colormaps["plasma"](
            np.linspace(0, 0.88, len(values))
        )  # the rest is too light on white
        return [(red, green, blue) for red, green, blue, _ in shades.tolist()]
    return sns.color_palette(_HUES, len(values))


def looks(values: Sequence[object]) -> Iterator[tuple[Colour, str]]:
    """A colour and a marker for each value."""
    return zip(colours(values), cycle(MARKERS), strict=False)


def draw_curve(
    axes: Axes,
    x: Numbers,
    y: Numbers,
    label: str,
    look: tuple[Colour, str],
    band: tuple[Numbers, Numbers] | None = None,
    *,
    are_shares: bool = False,
) -> None:
    """Draws a line, some of its points marked, and the band around it.

    Args:
        are_shares: fills the markers where the share is 1, and opens the others.
    """
    (colour, marker), every = look, max(1, len(x) // _READINGS_TO_MARK)
    (line,) = axes.plot(x, y, color=colour, label=label, marker=marker, markersize=4, markevery=every)
    if band is not None:
        axes.fill_between(x, *band, color=colour, alpha=0.2, linewidth=0)
    if are_shares:
        line.set_markerfacecolor("white")
        places, shares = np.asarray(x)[::every], np.asarray(y)[::every]
        full = places[shares == 1]
        axes.plot(full, np.ones(len(full)), marker, markersize=4, color=colour)


def scale_shares(axes: Axes, words: str = "share right in every digit") -> None:
    """Labels and scales an axis of shares."""
    axes.set_ylabel(words)
    axes.set_ylim(-0.03, 1.03)


def scale_loss(axes: Axes, ends: Sequence[float], *, may_be_logarithmic: bool = True) -> None:
    """Labels and scales an axis of losses: logarithmic where a linear one would show flat lines.

    Args:
        ends: where the lowest curves end.
    """
    top = min(_HIGHEST_LOSS, axes.get_ylim()[1])
    lowest = min((end for end in ends if end > 0), default=top)
    if may_be_logarithmic and lowest < _FLAT * top:
        axes.set_yscale("log")
        axes.set_ylim(lowest / 2, top)
        axes.set_ylabel("cross-entropy per digit (nats), logarithmic")
    else:
        axes.set_ylim(0, top)
        axes.set_ylabel("cross-entropy per digit (nats)")


def save(figure: Figure, folder: Path, name: str, title: str, caption: str) -> list[Path]:
    """Writes PNG and SVG, the title above and the caption below, and returns their paths."""
    width = int(figure.get_figwidth() * _CHARACTERS_PER_INCH)
    figure.suptitle(textwrap.fill(title, width), fontsize=11)
    figure.supxlabel(textwrap.fill(caption, int(width * 1.15)), fontsize=8.5)
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    choose_fonts(figure)
    with warnings.catch_warnings():  # one warning of ours says it, not one for each character
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(paths[0], dpi=150)
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def choose_fonts(figure: Figure) -> None:
    """Lets another installed font draw the characters that the usual one lacks, such as Chinese ones."""
    usual = get_font(findfont(FontProperties())).get_charmap()
    for text in figure.findobj(Text):
        lacking = frozenset(c for c in text.get_text() if ord(c) not in usual and not c.isspace())
        other = font_with(lacking) if lacking else None
        if other is not None:
            text.set_fontfamily([*mpl.rcParams["font.family"], other])


@cache
def font_with(characters: frozenset[str]) -> str | None:
    """The name of an installed font that has these characters; None, after a warning, if none has."""
    wanted = set(map(ord, characters))
    for path in sorted(findSystemFonts(), key=lambda path: "regular" not in path.lower()):
        with suppress(RuntimeError, OSError):  # fonts that matplotlib cannot read
            if wanted <= get_font(path).get_charmap().keys():
                fontManager.addfont(path)  # its own list may be older than the font
                return get_font(path).family_name
    warn_of_boxes()
    return None


@cache  # so that it warns once
def warn_of_boxes() -> None:
    warnings.warn(
        "no installed font has all characters of the figures' texts, so they show boxes; install one, such "
        "as Noto Sans CJK",
        stacklevel=2,
    )
