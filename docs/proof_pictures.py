"""Draws figures/proof_*.png from the study `ordinary_adders`: `python -m docs.proof_pictures STORE`.

The store must hold every run, and `ripplecarry certify --forgetting` must have been tried on each.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator
from PIL import Image

from docs.sets_of_states import (
    NUM_PIECES,
    WORD_LENGTH,
    WatchedBounds,
    mean_width,
    plain_widths,
    plane,
    repeated_widths,
    shadow,
    visit,
)
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.reports.style import MARKERS, colours, looks, new_figure, save
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.studies.ordinary_adders import DECAYS, STUDY
from ripplecarry.verification.certificate_file import read_certificate
from ripplecarry.verification.find_sloped_boxes import Round, find_sloped_boxes

FIGURES = Path(__file__).parent / "figures"
SEEDS = 12
TYPICAL, UNKNOWN, FINE = 0, 9, 8
"""Seeds with weight decay: median forgetting of those proved; not proved; proved with as many sets."""
GROWING = (6, 3)
"""Digits whose plain box grows when they are read again and again; most others' boxes shrink."""
OUTCOMES = ("proved", "unknown", "refuted")
_NUM_REPEATS = 12
_CARRIES = ("no carry", "carry")


def draw_states(run: Run, certificate: Mapping[str, Any], folder: Path) -> list[Path]:
    """The states that random words reach, and a certificate's sets around them."""
    bounds, stated, task = WatchedBounds(run), certificate["histories"], run.task
    following = np.array([each["next"] for each in stated])
    axes = plane(bounds, np.array(certificate["direction"]))
    visited = visit(bounds, following)
    places = (visited.preactivations @ axes.T).reshape(-1, 2)
    state_of = np.array([each["state"] for each in stated])
    carry = state_of[visited.history].ravel()
    sum_of = task.digits_of(np.arange(task.machine.num_symbols)).sum(1, dtype=np.int64)
    sums = sum_of[visited.symbol].ravel()
    last_sum = {int(after): int(sum_of[s]) for row in following for s, after in enumerate(row)}
    palette = ListedColormap(colours(range(sum_of.max() + 1)))
    with new_figure(12, 4.6) as figure:
        whole, *near = figure.subplots(1, 3)
        for state, (colour, marker) in enumerate(looks(_CARRIES)):
            own = [number for number in last_sum if state_of[number] == state]
            outlines = [shadow(stated[number], axes) for number in own]
            name, dots = _CARRIES[state], places[carry == state][::3].T
            for panel, edges in ((whole, colour), (near[state], palette([last_sum[n] for n in own]))):
                panel.add_collection(
                    PolyCollection(outlines, facecolor="none", edgecolor=edges, linewidth=0.5)
                )
            whole.plot(*dots[:, ::2], marker, color=colour, markersize=2, label=name)
            scale = {"cmap": palette, "vmin": -0.5, "vmax": sum_of.max() + 0.5}
            points = near[state].scatter(*dots, c=sums[carry == state][::3], s=2, linewidths=0, **scale)
            near[state].set_title(f"{name}: {len(own)} sets")
        whole.set_title("all sets")
        whole.legend(markerscale=3)
        for panel in (whole, *near):
            panel.set_xlabel("y, along the first singular direction")
        whole.set_ylabel("along the second singular direction")
        figure.colorbar(points, ax=near, label="digit sum read last", ticks=range(0, sum_of.max() + 1, 3))
        return save(
            figure,
            folder,
            "proof_states",
            "Where an adder's states lie, and the sets that they never leave",
            f"Dots: W h after each position of random words of {WORD_LENGTH} symbols. Outlines: the "
            "certificate's sets, one for each carry and digits read last. A set's shadow is exactly this "
            "parallelogram, but for |h| ≤ 1, which could only cut some of it off. The axes have different "
            "scales.",
        )


def draw_widths(run: Run, digits: Sequence[int], folder: Path) -> list[Path]:
    """How wide the images of plain and of sloped boxes become: of one symbol, and of all."""
    bounds = WatchedBounds(run)
    find_sloped_boxes(bounds, run.seed)
    sets, histories = bounds.tried[0]
    sloped = [mean_width(each) for each, used in bounds.tried if used is histories]
    finer = Machine(histories.following, bounds.machine.output[histories.state])
    plain, tilted, exact = looks(("plain", "sloped", "states"))
    with new_figure(10, 4.4) as figure:
        one, every = figure.subplots(1, 2)
        symbol = int(run.task.symbols_of(np.array(digits)))
        found = repeated_widths(run, bounds, sets, histories, symbol, _NUM_REPEATS)
        names = "a plain box", "a sloped box", "the states themselves"
        for name, widths, (colour, marker) in zip(names, found, (plain, tilted, exact), strict=True):
            one.plot(widths, marker=marker, color=colour, label=name, markersize=4)
        one.set_title(f"the digits {' and '.join(map(str, digits))} again and again, no carry")
        num_rounds = len(sloped) + 2
        for name, machine, dashes in (
            ("a plain box for each carry", bounds.machine, "--"),
            (f"a plain box for each of {histories.num} histories", finer, "-"),
        ):
            widths = plain_widths(run, bounds, machine, num_rounds)
            every.plot(widths, dashes, marker=plain[1], color=plain[0], label=name, markersize=4)
        name = f"a sloped box for each of {histories.num} histories"
        every.plot(sloped, marker=tilted[1], color=tilted[0], label=name, markersize=4)
        every.set_title("all symbols")
        for panel, words in ((one, "repetitions"), (every, "rounds of the search")):
            panel.set_yscale("log")
            panel.set_xlabel(words)
        every.set_ylim(bottom=sloped[0] / 10)  # room for the legend
        one.legend(loc="lower left")
        every.legend(loc="lower right")
        one.set_ylabel("mean width of preactivations (logarithmic)")
        return save(
            figure,
            folder,
            "proof_widths",
            "Plain boxes grow where sloped boxes close",
            "Sets around what random words reach are replaced by sets of their kind around their images, "
            f"again and again. Left: of one history; the sloped box is cut into {NUM_PIECES} pieces. "
            "Right: of all; where the curve of the sloped boxes ends, they hold all images. "
            "Sloped boxes are widened by 1 % in each round, plain ones are not.",
        )


def draw_singular_values(runs: Mapping[str, Sequence[Run]], folder: Path) -> list[Path]:
    """The singular values of W_hh, a line a run."""
    with new_figure(6.5, 4) as figure:
        axes = figure.subplots()
        for (name, own), (colour, marker) in zip(runs.items(), looks([*runs]), strict=False):
            for number, run in enumerate(own):
                values = np.linalg.svd(run.weights["rnn.weight_hh_l0"].astype(np.float64))[1]
                look = {"color": colour, "marker": marker, "markersize": 3, "linewidth": 0.8}
                axes.plot(range(1, len(values) + 1), values, **look, label="" if number else name)
        axes.set_yscale("log")
        axes.set_xlabel("number of the singular value")
        axes.set_ylabel("singular value of W_hh (logarithmic)")
        axes.legend()
        return save(
            figure,
            folder,
            "proof_singular_values",
            "One direction stands out in all; weight decay shrinks the others",
            f"A line for each of {sum(map(len, runs.values()))} networks of {len(values)} units, which "
            "differ in weight decay and seed alone.",
        )


def draw_drift(runs: Mapping[str, Run], folder: Path) -> list[Path]:
    """How far the sets of a search reach in each round, and how many are open; a column a network."""
    with new_figure(10, 5.6) as figure:
        columns = figure.subplots(
            2, len(runs), sharex="col", sharey="row", height_ratios=(3, 1), squeeze=False
        ).T
        for (reach, count), (name, run) in zip(columns, runs.items(), strict=True):
            bounds, rounds = WatchedBounds(run), list[Round]()
            find_sloped_boxes(bounds, run.seed, report=rounds.append)
            histories = bounds.tried[-1][1]
            last = [sets for sets, used in bounds.tried if used is histories]
            numbers, visited = range(1, len(last) + 1), visit(bounds, histories.following)
            y = visited.preactivations @ plane(bounds, bounds.direction)[0]
            # The singular vectors decide which end of the line a carry has; here it is the upper one.
            sign = np.sign(y[histories.state[visited.history] == 1].mean())
            keeping = ResetFreeRuns.of(bounds.machine).keeping.tolist()
            passes_on = np.array([each is not None and each[1] in keeping for each in histories.last])
            kinds = [*product((1, 0), (False, True))]
            nine = run.task.base - 1  # an adder's digit sum that passes a carry on
            words = [f"{_CARRIES[s]}, {'' if keeps else 'not '}{nine}" for s, keeps in kinds]
            for (state, keeps), label, (colour, marker) in zip(kinds, words, looks(words), strict=True):
                rows = (histories.state == state) & (passes_on == keeps) & last[0].are_met
                rows[0] = False  # the zero state
                ends = [(sets.low[rows, 0].min(), sets.high[rows, 0].max()) for sets in last]
                ends = np.sort(sign * np.array(ends))
                reach.fill_between(numbers, *ends.T, color=colour, alpha=0.25, linewidth=0)
                reach.plot(numbers, ends[:, 0], color=colour, marker=marker, markersize=3, label=label)
                reach.plot(numbers, ends[:, 1], color=colour, marker=marker, markersize=3)
                seen = sign * y[rows[visited.history]]
                for end in (seen.min(), seen.max()):
                    reach.axhline(end, color=colour, linestyle=":", linewidth=0.8)
            reach.set_title(f"{name}: {histories.num} sets")
            count.xaxis.set_major_locator(MaxNLocator(integer=True))
            count.plot(numbers, [each.num_open for each in rounds[-len(last) :]], marker="o", markersize=3)
            count.set_xlabel("round of the search")
        columns[0][0].set_ylabel("y, along the first singular direction")
        columns[0][1].set_ylabel("open sets")
        columns[0][0].legend(title="carry, digit sum read last", title_fontsize=8, fontsize=8)
        return save(
            figure,
            folder,
            "proof_drift",
            "How sets close, and how they drift",
            "Bands: from the lowest to the highest end of all sets of a kind. Dotted: the lowest and the "
            "highest state that random words reach. A set is open while it does not hold what leads to it.",
        )


def draw_forgetting(runs: Mapping[str, Sequence[Run]], store: Store, folder: Path) -> list[Path]:
    """How strongly networks forget, and what W_hh keeps beside one direction, by what is known of them."""
    with new_figure(6.5, 4.2) as figure:
        axes = figure.subplots()
        hues, shapes = colours([*runs]), dict(zip(OUTCOMES, MARKERS, strict=False))
        for (decay, own), hue in zip(runs.items(), hues, strict=True):
            known = [(_outcome(store, run), store.forgetting(run), rest_of(run.weights)) for run in own]
            for outcome, marker in shapes.items():
                points = [(each.factor, rest) for o, each, rest in known if each and o == outcome]
                if points:
                    axes.plot(*zip(*points, strict=True), marker, color=hue, label=f"{outcome}, {decay}")
        axes.set_xscale("log")
        axes.set_xlabel("forgetting over 8 positions (estimate, logarithmic)")
        axes.set_ylabel("other singular values / largest")
        axes.legend(fontsize=8)
        return save(
            figure,
            folder,
            "proof_forgetting",
            "Forgetting, W_hh and what was proved",
            "A point a network. Across: by how much 8 positions multiply a small difference between states "
            "at most. Up: the sum of all singular values of W_hh but the largest, divided by the largest.",
        )


def rest_of(weights: Mapping[str, np.ndarray]) -> float:
    """The sum of all singular values of W_hh but the largest, divided by the largest."""
    first, *others = np.linalg.svd(weights["rnn.weight_hh_l0"].astype(np.float64))[1]
    return float(sum(others) / first)


def _outcome(store: Store, run: Run) -> str:
    if store.certificate_path(run.id).is_file():
        return "proved"
    return "refuted" if store.counterexample_path(run.id).is_file() else "unknown"


def draw(store: Store) -> None:
    """All pictures, as PNG."""
    asked = STUDY.requests(SEEDS, "native")
    runs = {
        f"weight decay {decay:g}": [store.open(r.id) for r in asked if r.trial.weight_decay == decay]
        for decay in DECAYS
    }
    decayed = runs[f"weight decay {DECAYS[0]:g}"]
    typical = decayed[TYPICAL]
    certificate = read_certificate(store.certificate_path(typical.id).read_bytes())
    with TemporaryDirectory() as folder:
        to = Path(folder)
        pictures = [
            *draw_states(typical, certificate, to),
            *draw_widths(typical, GROWING, to),
            *draw_singular_values(runs, to),
            *draw_drift(
                {f"{what}, seed {k}": decayed[k] for what, k in (("proved", FINE), ("unknown", UNKNOWN))},
                to,
            ),
            *draw_forgetting(runs, store, to),
        ]
        for path in pictures:
            if path.suffix == ".png":  # fewer colours: a quarter of the size
                Image.open(path).convert("RGB").quantize().save(FIGURES / path.name, optimize=True)


if __name__ == "__main__":
    draw(Store(Path(sys.argv[1])))
