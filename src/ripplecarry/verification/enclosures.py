"""Bounds on the image of a set of states under one position.

A set is one box in preactivation space per layer. Linear maps take boxes by centre and radius, so a
product costs two products; the rest is interval arithmetic by ends. All is float64 without outward
rounding: good enough for searching, while proving is left to the checker.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Float, Integer
from ripplecarry.verification.preactivations import CellWeights, PreactivationNetwork
from ripplecarry.verification.rounding import RoundingModel

SETTLING_MARGIN = 0.01
"""How far at least GRU's hidden states may lie beyond its new values."""
LARGEST_SETTLING_MARGIN = 10.0
SETTLING_SLACK = 1e-4


class Box(NamedTuple):
    """Intervals by centre and radius."""

    centre: Float[Tensor, "row unit"]
    radius: Float[Tensor, "row unit"]

    @classmethod
    def between(cls, low: Tensor, high: Tensor) -> "Box":
        return cls((high + low) / 2, (high - low) / 2)

    @property
    def low(self) -> Tensor:
        return self.centre - self.radius

    @property
    def high(self) -> Tensor:
        return self.centre + self.radius

    @property
    def largest(self) -> Tensor:
        """The largest absolute value."""
        return self.centre.abs() + self.radius

    def of(self, rows: Tensor) -> "Box":
        """The intervals of these rows."""
        return Box(self.centre[rows], self.radius[rows])

    def map(self, weight: Tensor, bias: Tensor | None = None) -> "Box":
        """The image of the box under a linear map."""
        return Box(linear(self.centre, weight, bias), linear(self.radius, weight.abs()))


class LayerSet(NamedTuple):
    """The states that may enter a layer: preactivations and memories."""

    preactivation: Box
    memory: Box | None

    def of(self, rows: Tensor) -> "LayerSet":
        return LayerSet(self.preactivation.of(rows), self.memory and self.memory.of(rows))

    @property
    def parts(self) -> tuple[Box, ...]:
        return (self.preactivation,) if self.memory is None else (self.preactivation, self.memory)


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
    next_sets, entered = [], []
    for layer, layer_set in zip(network.layers, sets, strict=True):
        entering = layer_set.of(transitions.state)
        below = input_box.map(layer.from_input, layer.input_bias)
        before = Box(entering.preactivation.centre + layer.hidden_bias, entering.preactivation.radius)
        error = None
        if rounding is not None:
            largest_hidden = (
                torch.full_like(entering.preactivation.centre[:, : network.hidden_size], hidden_bound)
                if entering.memory is None or network.cell != "gru"
                else entering.memory.largest
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
        input_box = hidden
    return Enclosure(_margins(network, input_box, transitions.output, rounding), next_sets, entered)


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
    num_terms = x.shape[1] + hidden.shape[1] + 2
    sizes = linear(x, layer.from_input.abs(), layer.input_bias.abs())
    sizes = sizes + linear(hidden, layer.from_hidden.abs(), layer.hidden_bias.abs())
    return rounding.gamma(num_terms) * sizes + rounding.sum_absolute(num_terms)


def _function(
    function: Callable[[Tensor], Tensor],
    low: Tensor,
    high: Tensor,
    error: Tensor | float,
    rounding: RoundingModel | None,
) -> tuple[Tensor, Tensor]:
    """The ends of an increasing function's values, including its rounding."""
    low, high = function(low - error), function(high + error)
    if rounding is not None:
        slack = rounding.function_relative * torch.maximum(low.abs(), high.abs())
        low, high = low - slack - rounding.function_absolute, high + slack + rounding.function_absolute
    return low, high


def _times(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    corners = torch.stack([a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]])
    return corners.amin(0), corners.amax(0)


def _enclose_rnn(
    below: Box, before: Box, memory: Box | None, error: Tensor | None, rounding: RoundingModel | None
) -> tuple[Box, Box | None]:
    slack = 0.0 if error is None else error
    low, high = below.low + before.low, below.high + before.high
    return Box.between(*_function(torch.tanh, low, high, slack, rounding)), None


Ends = tuple[Tensor, Tensor]
"""Lower and upper ends."""


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
    gates = _function(
        torch.sigmoid, low[:, : 2 * size], high[:, : 2 * size], slack[:, : 2 * size], rounding
    )
    reset, update = ((gates[0][:, part], gates[1][:, part]) for part in (slice(size), slice(size, None)))
    inner = _times(reset, (before.low[:, 2 * size :], before.high[:, 2 * size :]))
    new = _function(
        torch.tanh,
        below.low[:, 2 * size :] + inner[0],
        below.high[:, 2 * size :] + inner[1],
        slack[:, 2 * size :],
        rounding,
    )
    return update, new


def _gru_mixture(update: Ends, new: Ends, memory: Box, rounding: RoundingModel | None) -> Box:
    # (1 - z) n + z h increases in n and h and is linear in z: its extremes lie at the ends of z.
    lows, highs = (
        torch.stack([end + z * (state - end) for z in update])
        for end, state in zip(new, (memory.low, memory.high), strict=True)
    )
    low, high = lows.amin(0), highs.amax(0)
    if rounding is not None:
        most = torch.maximum(new[0].abs(), new[1].abs())
        slack = rounding.gamma(0) * (2 * most + memory.largest) + rounding.sum_absolute(0)
        low, high = low - slack, high + slack
    return Box.between(low, high)


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
        _function(*each, rounding) for each in zip(functions, lows, highs, slack.chunk(4, 1), strict=True)
    )
    old, fresh = _times(forget, (memory.low, memory.high)), _times(entry, new)
    low, high = old[0] + fresh[0], old[1] + fresh[1]
    if rounding is not None:
        most = torch.maximum(old[0].abs(), old[1].abs()) + torch.maximum(fresh[0].abs(), fresh[1].abs())
        slack = rounding.gamma(0) * most + rounding.sum_absolute(0)
        low, high = low - slack, high + slack
    shown = _function(torch.tanh, low, high, 0.0, rounding)
    hidden = _times(output, shown)
    if rounding is not None:
        slack = rounding.gamma(0) * torch.maximum(*(end.abs() for end in hidden)) + rounding.sum_absolute(0)
        hidden = (hidden[0] - slack, hidden[1] + slack)
    return Box.between(*hidden), Box.between(low, high)


_ENCLOSE = {"rnn": _enclose_rnn, "gru": _enclose_gru, "lstm": _enclose_lstm}


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
