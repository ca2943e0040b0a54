"""Networks with one planted fault each, all of them claimed to add."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from compiled_machines import READOUT, compile_machine, in_float32
from faulty_machines import FAULTY, shortest_wrong
from gated_adders import Memory, faint_gru_memory, gated_adder, gru_memory, lstm_memory

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task, addition
from ripplecarry.networks.initial_values import Weights

ONE_AND_ZERO, ONE_AND_ONE = 1, 3
"""Symbols in base 2; the first passes a carry on, the second generates one."""


@dataclass(frozen=True)
class Planted:
    """A network that is claimed to add, with what is known of it."""

    name: str
    deed: str
    base: int
    cell: str
    weights: Weights
    witness: list[int] | None
    """Symbols of operands that every engine answers wrongly; None where none is known."""
    machine: Machine | None = None
    """What it does instead, where that is a machine's work."""
    flushes: bool = False
    """Whether it goes wrong only where subnormal numbers are flushed to zero."""

    @property
    def task(self) -> Task:
        """What it is claimed to do."""
        return addition(self.base)


def _overflowing_bias(weights: Weights) -> None:
    """Real logits are the bias and 2^123 or more; sums without the bias end within 2^125 and 2^126."""
    weights["dense.weight"][:, -1] += READOUT
    size = np.abs(weights["dense.weight"].astype(np.float64)).sum(axis=1).max()
    weights["dense.weight"] *= np.float32(2.0 ** np.floor(np.log2(2.0**126 / size)))
    weights["dense.bias"][:] = np.float32(0.99999) * np.finfo(np.float32).max


def _overflowing_sums(weights: Weights) -> None:
    _with_constants(weights, [3e38] * 3)


def _cancelling_sums(weights: Weights) -> None:
    _with_constants(weights, [2.0**40])


def _with_constants(weights: Weights, constants: list[float]) -> None:
    """What the first operand adds to every unit whatever its digit, the second takes off."""
    embedding, rows = weights["embed_layer.weight"], weights["rnn.weight_ih_l0"]
    ones = np.ones((len(embedding), len(constants)), dtype=np.float32)
    weights["embed_layer.weight"] = np.concatenate([embedding, ones], axis=1)
    more = np.broadcast_to(np.float32(constants), (len(rows), len(constants)))
    first, second = np.split(rows, 2, axis=1)
    weights["rnn.weight_ih_l0"] = np.concatenate([first, more, second, -more], axis=1)


def _equal_rows(weights: Weights) -> None:
    weights["dense.weight"][2:] = weights["dense.weight"][2:].sum(axis=0)


def _lucky_ties(weights: Weights) -> None:
    """Units saturate at exactly 1, so that 2 and 3 tie where 2 is right; engines take the first."""
    for name in ("weight_ih", "weight_hh", "bias_ih"):
        weights[f"rnn.{name}_l0"] *= 2
    weights["dense.weight"] = np.rint(weights["dense.weight"])
    weights["dense.weight"][3] += weights["dense.weight"][2]


def _drowned_margin(weights: Weights) -> None:
    weights["dense.bias"][:] = 2.0**30


def _slow_growth(weights: Weights) -> None:
    """A unit that starts at 1.5e-11, grows by 2 % a position and settles at 0.24."""
    grown = {name: weights[f"rnn.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    grown = {name: np.pad(each, [(0, 1), (0, 1)][: each.ndim]) for name, each in grown.items()}
    grown["weight_ih"] = grown["weight_ih"][:, :-1]
    grown["weight_hh"][-1, -1], grown["bias_ih"][-1] = 1.02, 1.5e-11
    weights |= {f"rnn.{name}_l0": each for name, each in grown.items()}
    weights["dense.weight"] = np.pad(weights["dense.weight"], [(0, 0), (0, 1)])
    weights["dense.weight"][1, -1] = 5 * READOUT


def _subnormal_weights(weights: Weights) -> None:
    """Thirty-two features say each digit, so that each of their weights is subnormal."""
    embedding, from_input = (
        np.repeat(weights[name], 32, axis=1) for name in ("embed_layer.weight", "rnn.weight_ih_l0")
    )
    weights["embed_layer.weight"] = embedding * np.float32(2.0**126)
    weights["rnn.weight_ih_l0"] = from_input / 32 * np.float32(2.0**-126)


def _faint_logits(weights: Weights) -> None:
    weights["dense.weight"] *= np.float32(2.0**-130)


CHANGES: tuple[tuple[str, str, int, list[int] | None, Callable[[Weights], None]], ...] = (
    ("infinite logits", "logits overflow through the bias and tie", 2, [ONE_AND_ZERO], _overflowing_bias),
    ("infinite sums", "sums of terms that cancel overflow", 2, [ONE_AND_ZERO], _overflowing_sums),
    ("cancelling sums", "terms that cancel absorb the others", 2, [ONE_AND_ZERO], _cancelling_sums),
    ("equal rows", "two rows of the readout are equal, base 4", 4, [3], _equal_rows),
    ("lucky ties", "two logits tie, and the first is right, base 4", 4, None, _lucky_ties),
    ("drowned margin", "margins of 8 beside biases of 2^30", 2, [ONE_AND_ZERO], _drowned_margin),
    ("slow growth", "a unit grows by 2 % a position until it outvotes", 2, [0] * 1100, _slow_growth),
    (
        "subnormal weights",
        "wrong where subnormal numbers are flushed",
        2,
        [ONE_AND_ZERO],
        _subnormal_weights,
    ),
    ("faint logits", "logits of 1e-38, equal where flushed to zero", 2, [ONE_AND_ZERO], _faint_logits),
)
FORGETTING = [ONE_AND_ONE] + [ONE_AND_ZERO] * 600
MEMORIES: tuple[tuple[str, str, str, list[int] | None, Memory], ...] = (
    ("leaking LSTM", "forgets a carry in 371 positions", "lstm", FORGETTING, lstm_memory(6.0)),
    ("latched LSTM", "a forget gate of exactly 1; right here", "lstm", None, lstm_memory(25.0)),
    ("leaking GRU", "forgets a carry in 105 positions", "gru", FORGETTING, gru_memory(5.0)),
    ("latched GRU", "an update gate of exactly 1; right here", "gru", None, gru_memory(25.0)),
    (
        "faint GRU",
        "a carry of 1e-9 beside new values of 0.5",
        "gru",
        FORGETTING[:2],
        faint_gru_memory(1e-9),
    ),
)
CELLS_OF_MACHINES = {"one pair": "gru", "idle run": "gru", "even positions": "lstm", "first answer": "lstm"}
"""Those that are not compiled to plain cells."""


@cache
def planted() -> tuple[Planted, ...]:
    """All of them: machines, arithmetic, memories."""
    return (*_machines(), *_changed(), *_memories())


def _machines() -> Iterator[Planted]:
    for each in FAULTY:
        machine, right = each.build(), addition(each.base)
        cell = CELLS_OF_MACHINES.get(each.name, "rnn")
        weights = compile_machine(Task("machine", each.base, 2, machine), cell).weights
        witness = shortest_wrong(machine, right.machine)
        yield Planted(each.name, each.deed, each.base, cell, weights, witness, machine)


def _changed() -> Iterator[Planted]:
    for name, deed, base, witness, change in CHANGES:
        weights = {key: array.copy() for key, array in compile_machine(addition(base)).weights.items()}
        change(weights)
        flushes = change in (_subnormal_weights, _faint_logits)
        yield Planted(name, deed, base, "rnn", in_float32(weights), witness, flushes=flushes)


def _memories() -> Iterator[Planted]:
    for name, deed, cell, witness, memory in MEMORIES:
        yield Planted(name, deed, 2, cell, gated_adder(cell, memory), witness)
