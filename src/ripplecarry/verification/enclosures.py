"""Bounds on the image of a set of states under one position.

A set is one box in preactivation space per layer. Linear maps take boxes by centre and radius, so a
product costs two products; the rest is interval arithmetic by ends. All is float64 without outward
rounding: good enough for searching, while proving is left to the checker.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Float, Integer
from ripplecarry.verification.intervals import Box, Ends, function_ends, largest, mixture, times, with_error
from ripplecarry.verification.linear_enclosures import (
    enclose_diagonal,
    enclose_diagonal_signed,
    enclose_mingru,
)
from ripplecarry.verification.preactivations import CellWeights, PreactivationNetwork
from ripplecarry.verification.rounding import RoundingModel

SETTLING_MARGIN = 0.01
"""How far at least GRU's hidden states may lie beyond its new values."""
LARGEST_SETTLING_MARGIN = 10.0
SETTLING_SLACK = 1e-4


class LayerSet(NamedTuple):
    """The states that may enter a layer: preactivations and memories."""

    preactivation: Box
    """Without units for linear recurrences, whose gates do not see the hidden state."""
    memory: Box | None

    def of(self, rows: Tensor) -> "LayerSet":
        return LayerSet(self.preactivation.of(rows), self.memory and self.memory.of(rows))

    @property
    def parts(self) -> tuple[Box, ...]:
        """The boxes that have any units."""
        boxes = (self.preactivation, self.memory)
        return tuple(box for box in boxes if box is not None and box.centre.shape[1])


@dataclass(frozen=True)
class Transitions:
    """Every possible transition of a machine, one row each."""

    state: Integer[Tensor, " row"]
    symbol: Integer[Tensor, " row"]
    output: Integer[Tensor, " row"]
    next_state: Integer[Tensor, " row"]
    num_states: int

    @classmethod
    def of(cls, machine: Machine) -> "Transitions":
        """The transitions of the states reachable from the initial one; the others have no row."""
        reachable = torch.tensor(machine.reachable_states())
        state, symbol = torch.meshgrid(reachable, torch.arange(machine.num_symbols), indexing="ij")
        state, symbol = state.flatten(), symbol.flatten()
        output, next_state = torch.tensor(machine.output), torch.tensor(machine.next_state)
        return cls(
            state, symbol, output[state, symbol].long(), next_state[state, symbol], machine.num_states
        )


class Enclosure(NamedTuple):
    """The image of sets under one position, one row per transition."""

    margins: Float[Tensor, "row output"]
    """Lower bounds on the right logit minus each other one; 0 at the right one itself."""
    next_sets: list[LayerSet]
    entered: list[LayerSet]
    """The given sets, completed with the memories that follow from them."""
    below: list[Box]
    """What each layer's gates get from its input."""


def enclose_step(
    network: PreactivationNetwork,
    sets: list[LayerSet],
    transitions: Transitions,
    rounding: RoundingModel | None = None,
    settling: int = 0,
) -> Enclosure:
    """Bounds on margins and next states over all states in the sets, for every transition.

    Args:
        sets: one per layer, one row per machine state; GRU's hidden states may be left out, as they follow
            from the preactivations.
            rounding: the bounds on float32's errors; by default real arithmetic.
            settling: how often GRU's hidden states, where left out, are narrowed.
    """
    x = network.symbol_features()[transitions.symbol]
    input_box = Box(x, torch.zeros_like(x))
    hidden_bound = 1.0 if rounding is None else 1 + 2 * rounding.function_relative
    if network.cell == "gru":
        hidden_bound += 2 * SETTLING_MARGIN
    next_sets, entered, from_below = [], [], []
    for layer, layer_set in zip(network.layers, sets, strict=True):
        entering = layer_set.of(transitions.state)
        below = input_box.map(layer.from_input, layer.input_bias)
        before = Box(entering.preactivation.centre + layer.hidden_bias, entering.preactivation.radius)
        error = None
        if rounding is not None:
            largest_hidden = (
                entering.memory.largest
                if entering.memory is not None and network.cell == "gru"
                else x.new_full((len(x), network.hidden_size), hidden_bound)
            )
            error = _sum_error(layer, input_box.largest, largest_hidden, rounding)
        if network.cell == "gru" and layer_set.memory is None:
            update, new = _gru_gates(below, before, error, rounding)
            settled = _settled(update, new, transitions, rounding, settling)
            hidden, memory = _gru_mixture(update, new, settled.of(transitions.state), rounding), None
            layer_set = LayerSet(layer_set.preactivation, settled)
        else:
            hidden, memory = _ENCLOSE[network.cell](below, before, entering.memory, error, rounding)
        next_sets.append(LayerSet(hidden.map(layer.from_hidden), memory))
        entered.append(layer_set)
        from_below.append(below)
        input_box = hidden
    margins = _margins(network, input_box, transitions.output, rounding)
    return Enclosure(margins, next_sets, entered, from_below)


def successors(next_sets: list[LayerSet], transitions: Transitions) -> list[LayerSet]:
    """The boxes around all that leads into each machine state; the initial state's contains 0."""
    return [
        LayerSet(
            _joined(each.preactivation, transitions), each.memory and _joined(each.memory, transitions)
        )
        for each in next_sets
    ]


def _joined(box: Box, transitions: Transitions) -> Box:
    shape = (transitions.num_states, box.centre.shape[1])
    rows = transitions.next_state[:, None].expand_as(box.centre)
    low = box.low.new_full(shape, torch.inf).scatter_reduce(0, rows, box.low, "amin")
    high = box.high.new_full(shape, -torch.inf).scatter_reduce(0, rows, box.high, "amax")
    is_never_met = low > high
    return with_start(Box.between(low.masked_fill(is_never_met, 0), high.masked_fill(is_never_met, 0)))


def with_start(box: Box) -> Box:
    """The same box, extended to contain 0 in the initial machine state's row."""
    low = torch.cat([box.low[:1].clamp(max=0), box.low[1:]])
    high = torch.cat([box.high[:1].clamp(min=0), box.high[1:]])
    return Box.between(low, high)


def _sum_error(layer: CellWeights, x: Tensor, hidden: Tensor, rounding: RoundingModel) -> Tensor:
    num_terms = x.shape[1] + 1
    sizes = linear(x, layer.from_input.abs(), layer.input_bias.abs())
    if layer.sees_hidden:
        num_terms += hidden.shape[1] + 1
        sizes = sizes + linear(hidden, layer.from_hidden.abs(), layer.hidden_bias.abs())
    return rounding.gamma(num_terms) * sizes + rounding.sum_absolute(num_terms)


def _enclose_rnn(
    below: Box, before: Box, memory: Box | None, error: Tensor | None, rounding: RoundingModel | None
) -> tuple[Box, Box | None]:
    slack = 0.0 if error is None else error
    low, high = below.low + before.low, below.high + before.high
    return Box.between(*function_ends(torch.tanh, low, high, slack, rounding)), None


def _enclose_gru(
    below: Box, before: Box, memory: Box | None, error: Tensor | None, rounding: RoundingModel | None
) -> tuple[Box, Box | None]:
    assert memory is not None
    update, new = _gru_gates(below, before, error, rounding)
    hidden = _gru_mixture(update, new, memory, rounding)
    return hidden, hidden


def _gru_gates(
    below: Box, before: Box, error: Tensor | None, rounding: RoundingModel | None
) -> tuple[Ends, Ends]:
    """The ends of the update gate and of the new values."""
    size = below.centre.shape[1] // 3
    slack = torch.zeros_like(below.centre) if error is None else error
    low, high = below.low + before.low, below.high + before.high
    gates = function_ends(
        torch.sigmoid, low[:, : 2 * size], high[:, : 2 * size], slack[:, : 2 * size], rounding
    )
    reset, update = ((gates[0][:, part], gates[1][:, part]) for part in (slice(size), slice(size, None)))
    inner = times(reset, (before.low[:, 2 * size :], before.high[:, 2 * size :]))
    new = function_ends(
        torch.tanh,
        below.low[:, 2 * size :] + inner[0],
        below.high[:, 2 * size :] + inner[1],
        slack[:, 2 * size :],
        rounding,
    )
    return update, new


def _gru_mixture(update: Ends, new: Ends, memory: Box, rounding: RoundingModel | None) -> Box:
    size = 2 * largest(new) + memory.largest
    return Box.between(*mixture(update, new, (memory.low, memory.high), size, rounding))


def _settled(
    update: Ends, new: Ends, transitions: Transitions, rounding: RoundingModel | None, num_rounds: int
) -> Box:
    """Boxes of hidden states closed under these gates, one row per machine state; without a gradient.

    A hidden state is a weighted mean of new values, so the box around all new values is closed. Its image
    lies within it, the image's image within the image, and so on: each round narrows it, and one may stop
    at any. Growing boxes from states that were reached would need hundreds of rounds if an update gate is
    nearly 1.
    """
    with torch.no_grad():
        beyond = torch.full_like(new[0][0], SETTLING_MARGIN)
        if rounding is not None:
            # An update gate near 1 forgets little of a position's rounding; this is the sum it can reach.
            forgotten = (1 - update[1].amax(0)).clamp(min=1e-9)
            beyond = (beyond + 12 * rounding.gamma(0) / forgotten).clamp(max=LARGEST_SETTLING_MARGIN)
        low = new[0].amin(0).clamp(max=0) - beyond
        high = new[1].amax(0).clamp(min=0) + beyond
        memory = Box.between(
            low.expand(transitions.num_states, -1), high.expand(transitions.num_states, -1)
        )
        for _ in range(num_rounds):
            after = _joined(_gru_mixture(update, new, memory.of(transitions.state), rounding), transitions)
            memory = Box.between(
                torch.maximum(after.low - SETTLING_SLACK, memory.low),
                torch.minimum(after.high + SETTLING_SLACK, memory.high),
            )
    return memory


def _enclose_lstm(
    below: Box, before: Box, memory: Box | None, error: Tensor | None, rounding: RoundingModel | None
) -> tuple[Box, Box | None]:
    assert memory is not None
    slack = torch.zeros_like(below.centre) if error is None else error
    lows, highs = (below.low + before.low).chunk(4, 1), (below.high + before.high).chunk(4, 1)
    functions = (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid)
    entry, forget, new, output = (
        function_ends(*each, rounding)
        for each in zip(functions, lows, highs, slack.chunk(4, 1), strict=True)
    )
    old, fresh = times(forget, (memory.low, memory.high)), times(entry, new)
    ends = with_error((old[0] + fresh[0], old[1] + fresh[1]), largest(old) + largest(fresh), 0, rounding)
    hidden = times(output, function_ends(torch.tanh, *ends, 0.0, rounding))
    return Box.between(*with_error(hidden, largest(hidden), 0, rounding)), Box.between(*ends)


_ENCLOSE = {
    "rnn": _enclose_rnn,
    "gru": _enclose_gru,
    "lstm": _enclose_lstm,
    "mingru": enclose_mingru,
    "diagonal": enclose_diagonal,
    "diagonal_signed": enclose_diagonal_signed,
}


def _margins(
    network: PreactivationNetwork, hidden: Box, output: Tensor, rounding: RoundingModel | None
) -> Float[Tensor, "row output"]:
    weight, bias = network.readout, network.readout_bias
    num_outputs = len(bias)
    logits = linear(hidden.centre, weight, bias)
    rows = torch.arange(len(output))
    # |W_y - W_j| r for every pair of outputs, then the right one's row.
    pairs = (weight[:, None] - weight[None]).abs().flatten(0, 1)
    spread = linear(hidden.radius, pairs).unflatten(1, (num_outputs, num_outputs))[rows, output]
    margins = logits[rows, output][:, None] - logits - spread
    if rounding is not None:
        num_terms = weight.shape[1] + 1
        sizes = linear(hidden.largest, weight.abs(), bias.abs())
        errors = rounding.gamma(num_terms) * sizes + rounding.sum_absolute(num_terms)
        margins = margins - (errors[rows, output][:, None] + errors)
    is_right = torch.nn.functional.one_hot(output, num_outputs).bool()
    return margins.masked_fill(is_right, 0.0)
