"""A finite-state machine as a picture: for each state what it answers, and where it goes."""

from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.reports.style import colours, save, style, write_texts

_MAX_DRAWN = 12
_PER_ROW = 4


def draw_machine(machine: Machine, task: Task, title: str, folder: Path, name: str) -> list[Path]:
    """Writes a panel a state as PNG and SVG: the answer to every symbol, coloured by the next state.

    Returns:
        The paths written.
    """
    num_drawn = min(machine.num_states, _MAX_DRAWN)
    shades = colours([f"state {state}" for state in range(max(machine.num_states, 2))])
    palette = ListedColormap(shades)
    columns = min(num_drawn, _PER_ROW)
    rows = -(-num_drawn // columns)
    width = task.base
    with style():
        size = (3.3 * columns + 0.6, (0.31 * machine.num_symbols / width + 0.9) * rows + 1.0)
        figure = Figure(figsize=(max(size[0], 6.5), min(size[1], 40)), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes in panels[num_drawn:]:
            axes.set_visible(False)
        for state, axes in zip(range(num_drawn), panels, strict=False):
            following = machine.next_state[state].reshape(-1, width)
            axes.imshow(following, cmap=palette, vmin=0, vmax=max(machine.num_states, 2) - 1, alpha=0.55)
            for (row, column), answer in np.ndenumerate(machine.output[state].reshape(-1, width)):
                axes.text(column, row, np.base_repr(answer, 36), ha="center", va="center", fontsize=7)
            axes.grid(visible=False)
            axes.set_title(f"in state {state}" + (" (the first)" if state == 0 else ""))
            axes.set_xlabel("first operand's digit")
            axes.set_ylabel("second operand's digit" if task.num_operands > 1 else "")
            axes.set_xticks(range(width))
            axes.set_yticks([] if task.num_operands == 1 else range(following.shape[0]))
        for state in range(num_drawn):
            panels[0].plot([], [], "s", color=shades[state], alpha=0.55, label=f"to state {state}")
        figure.legend(loc="outside right center", frameon=False)
        left_out = machine.num_states - num_drawn
        write_texts(
            figure,
            f"The machine of {title}: {machine.num_states} states",
            "Number: the answer digit. Colour: the next state."
            + (f" {left_out} more states are not drawn." if left_out else ""),
        )
        return save(figure, folder, f"machine_{name}")
