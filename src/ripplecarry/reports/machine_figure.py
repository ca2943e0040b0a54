"""A picture of a finite-state machine: each state's answers and next states."""

from pathlib import Path

import numpy as np
import seaborn as sns
from matplotlib.colors import ListedColormap

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.reports.style import new_figure, save

_MAX_DRAWN = 12
_PER_ROW = 4
_NOT_DRAWN = "white"


def draw_machine(
    machine: Machine, task: Task, title: str, folder: Path, name: str, *, is_complete: bool = True
) -> list[Path]:
    """Writes one panel per state as PNG and SVG: the answer to every symbol, coloured by the next state.

    Args:
        is_complete: whether these are all its states.

    Returns:
        The paths written.
    """
    names = _names(machine, task)
    num_drawn = min(machine.num_states, _MAX_DRAWN)
    left_out = machine.num_states - num_drawn
    shades = [*sns.color_palette("Set3", num_drawn), _NOT_DRAWN]
    palette = ListedColormap(shades)
    columns = min(num_drawn, _PER_ROW)
    rows = -(-num_drawn // columns)
    # Symbols that are no digits go into rows of equal length, of up to twelve.
    width = max(w for w in range(1, 13) if task.base % w == 0) if not task.is_on_numbers else task.base
    symbols = task.symbol_names if width == machine.num_symbols else None
    height = (0.31 * machine.num_symbols / width + 0.9) * rows + 1.0
    with new_figure(max(3.3 * columns + 0.6, 6.5), min(height, 40)) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes in panels[num_drawn:]:
            axes.set_visible(False)
        for state, axes in zip(range(num_drawn), panels, strict=False):
            following = machine.next_state[state].reshape(-1, width).clip(max=num_drawn)
            axes.imshow(following, cmap=palette, vmin=0, vmax=num_drawn)
            for (row, column), answer in np.ndenumerate(machine.output[state].reshape(-1, width)):
                axes.text(column, row, _written(answer, task), ha="center", va="center", fontsize=7)
                to = following[row, column]
                corner = {"ha": "right", "va": "bottom", "fontsize": 4.5}
                axes.text(column + 0.46, row + 0.46, str(to) if to < num_drawn else "…", **corner)
            axes.grid(visible=False)
            first = " (the first)" if state == 0 else ""
            axes.set_title(f"in state {names[state]}{first}", parse_math=False)
            one_row = "symbol" if width == machine.num_symbols else "symbol, row by row"
            axes.set_xlabel(one_row if symbols or not task.is_on_numbers else "first operand's digit")
            axes.set_ylabel("second operand's digit" if task.num_operands > 1 else "")
            axes.set_xticks(range(width), symbols or range(width), parse_math=False)
            axes.set_yticks([] if task.num_operands == 1 else range(following.shape[0]))
        for state in range(num_drawn):
            panels[0].plot([], [], "s", color=shades[state], label=f"to state {names[state]}")
        for text in figure.legend(loc="outside right center", frameon=False).get_texts():
            text.set_parse_math(False)
        return save(
            figure,
            folder,
            f"machine_{name}",
            f"The machine of {title}: {machine.num_states} states{'' if is_complete else ' and more'}",
            f"One square for each {task.symbol_words}. Large: the answer. Small and colour: the next state."
            + (f" {left_out} more states are not drawn; “…” leads to one of them." if left_out else ""),
        )


def _names(machine: Machine, task: Task) -> list[str]:
    """Each state's number, with the name of the task's state that it stands for, if for one."""
    meant: list[set[int]] = [set() for _ in range(machine.num_states)]
    for state, reference in machine.state_pairs(task.machine):
        meant[state].add(reference)
    names = task.state_names
    return [
        f"{state}: {names[min(each)]}" if names and len(each) == 1 else str(state)
        for state, each in enumerate(meant)
    ]


def _written(answer: int, task: Task) -> str:
    return np.base_repr(answer, 36) if task.is_on_numbers else str(answer)
