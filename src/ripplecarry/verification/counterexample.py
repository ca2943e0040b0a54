"""Wrong answers: every short input, then a search for longer ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import linear

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Integer
from ripplecarry.engines.engine import Computation
from ripplecarry.verification.preactivations import FROM_PREACTIVATIONS, Memory, PreactivationNetwork

EXHAUSTIVE_LENGTH = 3
MAX_EXHAUSTIVE = 2_000_000
BEAM_WIDTH = 200
NUM_HARD_SYMBOLS = 12
"""Continuations are scored by the symbols that were hardest one position before."""
MAX_LENGTH = 40
_CHUNK_POSITIONS = 400_000


def find_counterexample(
    computation: Computation, cell: str, task: Task, max_length: int = MAX_LENGTH
) -> Counterexample | None:
    """The shortest wrong answer found, or None: all operands of up to three digits, then a beam search.

    Args:
        computation: what is asked, and confirms what was found.
    """
    exhausted = 0
    for length in range(1, EXHAUSTIVE_LENGTH + 1):
        if task.machine.num_symbols**length > MAX_EXHAUSTIVE:
            break
        found = _try_all(computation, task, length)
        if found is not None:
            return found
        exhausted = length
    parameters = {name: torch.tensor(array) for name, array in computation.weights().items()}
    network = PreactivationNetwork.of(cell, parameters)
    for symbols in _beam(network, cell, task, max_length):
        found = confirm(computation, task, symbols, is_shortest=len(symbols) <= exhausted + 1)
        if found is not None:
            return found
    return None


def confirm(
    computation: Computation, task: Task, symbols: list[int], *, is_shortest: bool = False
) -> Counterexample | None:
    """What the network's forward pass answers to these symbols, where that is wrong."""
    digits = _digits(task, np.array([symbols], dtype=np.int64), len(symbols) + task.extra_positions)
    return _first_wrong(computation, task, digits, is_shortest)


def _try_all(computation: Computation, task: Task, length: int) -> Counterexample | None:
    num_symbols = task.machine.num_symbols
    positions = length + task.extra_positions
    rows = max(1, _CHUNK_POSITIONS // positions)
    places = num_symbols ** np.arange(length)
    for start in range(0, num_symbols**length, rows):
        numbers = np.arange(start, min(start + rows, num_symbols**length))
        symbols = numbers[:, None] // places % num_symbols
        found = _first_wrong(computation, task, _digits(task, symbols, positions), True)
        if found is not None:
            return found
    return None


def _first_wrong(
    computation: Computation, task: Task, digits: np.ndarray, is_shortest: bool
) -> Counterexample | None:
    answers, right = computation.answers(digits), task.answer(digits)
    return Counterexample.among(task, digits, answers, right, is_shortest=is_shortest)


def _digits(task: Task, symbols: Integer[np.ndarray, "row position"], positions: int) -> np.ndarray:
    return np.pad(task.digits_of(symbols), ((0, 0), (0, positions - symbols.shape[1]), (0, 0)))


@dataclass(frozen=True)
class _Front:
    """Inputs of one length: their symbols, the machine's states, and the network's."""

    symbols: Integer[Tensor, "row position"]
    machine: Integer[Tensor, " row"]
    states: list[tuple[Tensor, Memory]]


def _beam(network: PreactivationNetwork, cell: str, task: Task, max_length: int) -> Iterator[list[int]]:
    """Inputs on which the last answer seems wrong, the shortest first.

    Of every input's continuations by all symbols the ones are kept whose worst margin at the next position,
    over the symbols that are hardest, is smallest.
    """
    next_state = torch.tensor(task.machine.next_state)
    output = torch.tensor(task.machine.output).long()
    num_symbols = task.machine.num_symbols
    gates = network.layers[0].from_hidden.shape[0]
    zero = torch.zeros(1, network.hidden_size)
    start = [(torch.zeros(1, gates), None if cell == "rnn" else zero) for _ in network.layers]
    front = _Front(torch.zeros(1, 0, dtype=torch.int64), torch.zeros(1, dtype=torch.int64), start)
    with torch.no_grad():
        for length in count(1):
            margins, states = _continue(network, cell, front, output)
            for row, symbol in (margins <= 0).nonzero()[:10].tolist():
                yield [*front.symbols[row].tolist(), symbol]
            if length == max_length:
                return
            rows = torch.arange(len(front.machine)).repeat_interleave(num_symbols)
            symbols = torch.arange(num_symbols).repeat(len(front.machine))
            following = _Front(
                torch.cat([front.symbols[rows], symbols[:, None]], 1),
                next_state[front.machine[rows], symbols],
                states,
            )
            hard = margins.amin(0).argsort()[:NUM_HARD_SYMBOLS]
            scores = _worst_next_margins(network, cell, following, output, hard)
            # Inputs with the same score lead to the same state, as those that only lead through zeros do.
            _, first = np.unique(scores.numpy(), return_index=True)
            front = _some(following, torch.tensor(first[:BEAM_WIDTH]))


def _worst_next_margins(
    network: PreactivationNetwork, cell: str, front: _Front, output: Tensor, symbols: Tensor
) -> Tensor:
    size = max(1, _CHUNK_POSITIONS // len(symbols) // 4)
    pieces = torch.arange(len(front.machine)).split(size)
    return torch.cat(
        [_continue(network, cell, _some(front, rows), output, symbols)[0].amin(1) for rows in pieces]
    )


def _some(front: _Front, rows: Tensor) -> _Front:
    states = [
        (preactivation[rows], None if memory is None else memory[rows])
        for preactivation, memory in front.states
    ]
    return _Front(front.symbols[rows], front.machine[rows], states)


def _continue(
    network: PreactivationNetwork, cell: str, front: _Front, output: Tensor, symbols: Tensor | None = None
) -> tuple[Tensor, list[tuple[Tensor, Memory]]]:
    """The margin of the right digit by row and symbol, and the states behind, rows times symbols."""
    x: Tensor = network.symbol_features()
    if symbols is not None:
        x, output = x[symbols], output[:, symbols]
    num_symbols, num_rows = len(x), len(front.machine)
    states: list[tuple[Tensor, Memory]] = []
    for number, (layer, (preactivation, memory)) in enumerate(
        zip(network.layers, front.states, strict=True)
    ):
        below = linear(x, layer.from_input, layer.input_bias)
        if not number:
            below = below.repeat(num_rows, 1)
        before = (preactivation + layer.hidden_bias).repeat_interleave(num_symbols, 0)
        old = None if memory is None else memory.repeat_interleave(num_symbols, 0)
        x, new = FROM_PREACTIVATIONS[cell](below, before, old)
        states.append((linear(x, layer.from_hidden), new))
    logits = linear(x, network.readout, network.readout_bias)
    right = output[front.machine].flatten()[:, None]
    own = logits.gather(1, right)[:, 0]
    others = logits.scatter(1, right, -torch.inf).amax(1)
    return (own - others).unflatten(0, (num_rows, num_symbols)), states
