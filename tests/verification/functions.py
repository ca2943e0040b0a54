"""tanh, sigmoid and silu of every engine, with subnormal numbers kept and flushed to zero.

`python tests/verification/functions.py` sets every finite float32 beside the exact values, in every engine;
with a number after it, one float32 of so many.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from exact_functions import EXACT, REFERENCE_ERROR, Function
from torch import nn

from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import NativeEngine
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import CELL_SHAPES
from ripplecarry.verification.rounding import ROUNDING, UNIT_ROUNDOFF

ABSOLUTE = ROUNDING.function_absolute / 2
"""What a function may be off by besides its relative error: the other half is for what reads its result."""
UNITS = 33
"""Whole vectors of any instruction set, and one number after them."""


class Case(NamedTuple):
    """One function as one engine computes it."""

    name: str
    engine: str
    function: Function


def native_cases() -> Iterator[Case]:
    """The kernel's functions on each instruction set."""
    if not is_available():
        return
    newest = NativeEngine().instruction_set
    for level in {"x86-64-v2": [2], "x86-64-v3": [2, 3], "x86-64-v4": [2, 3, 4]}.get(newest, [None]):
        engine = NativeEngine(level)
        for name in ("tanh", "sigmoid"):  # silu is a product there
            yield Case(name, engine.instruction_set, partial(engine.apply, name))


def torch_cases() -> Iterator[Case]:
    """PyTorch's functions on vectors, one by one, and inside the reference engine's networks."""
    for name in EXACT:
        function = nn.functional.silu if name == "silu" else getattr(torch, name)
        yield Case(name, "torch, vectors", lambda x, f=function: f(torch.tensor(x)).numpy())
        yield Case(name, "torch, strides", partial(_strided, function))
        yield Case(name, "torch, tails", partial(_tails, function))
        for cell in (cell for cell, used in _GATES if used == name):
            yield Case(name, f"torch, {cell}", partial(inside_cell, cell, name))
    for name in ("tanh", "sigmoid"):  # of which oneDNN has another implementation
        yield Case(name, "torch, lstm in training", partial(inside_cell, "lstm", name, is_training=True))


def _strided(function: Callable[[torch.Tensor], torch.Tensor], x: np.ndarray) -> np.ndarray:
    """On every third of a tensor, which no vector loads."""
    spaced = torch.zeros(3 * len(x))
    spaced[::3] = torch.tensor(x)
    return function(spaced[::3]).numpy()


def _tails(function: Callable[[torch.Tensor], torch.Tensor], x: np.ndarray) -> np.ndarray:
    """In rows of seven, each a tensor's last elements, fewer than any vector has."""
    rows = nn.functional.pad(torch.tensor(x), (0, -len(x) % 7)).reshape(-1, 7)
    spaced = torch.zeros(len(rows), 9)
    spaced[:, :7] = rows
    return function(spaced[:, :7]).flatten().numpy()[: len(x)]


def inside_cell(
    cell: str, name: str, x: np.ndarray, *, stack: nn.Module | None = None, is_training: bool = False
) -> np.ndarray:
    """As a network computes it in its first position; the numbers are its digits' embeddings.

    One gate sees them as they are, and the others are shut or open by their biases: sigmoid(200) and
    tanh(200) are 1, and sigmoid(-200) is 0.

    Args:
        stack: takes the place of the network's own layer.
    """
    rows = np.zeros((-(-len(x) // UNITS), UNITS), dtype=np.float32)
    rows.ravel()[: len(x)] = x
    network = Adder(
        cell=cell,
        layers=1,
        hidden_size=UNITS,
        embedding_size=UNITS,
        base=len(rows),
        num_operands=1,
        num_outputs=1,
    )
    network.rnn = network.rnn if stack is None else stack
    gate, biases, before = _GATES[cell, name]
    weights = torch.zeros(CELL_SHAPES[cell].num_gates, UNITS, UNITS)
    weights[gate] = torch.eye(UNITS)
    with torch.no_grad():
        network.embed_layer.weight.copy_(torch.tensor(rows))
        network.rnn.weight_ih_l0.copy_(weights.flatten(0, 1))
        network.rnn.bias_ih_l0.copy_(torch.tensor(biases).repeat_interleave(UNITS))
        for name_of_other in {"weight_hh_l0", "bias_hh_l0"} & dict(network.rnn.named_parameters()).keys():
            getattr(network.rnn, name_of_other).zero_()
    state = network.zero_state(len(rows))
    for part in state:
        part.fill_(before)
    with torch.set_grad_enabled(is_training):
        _, state = network.run(torch.arange(len(rows))[:, None, None], state)
    return state[0 if name == "silu" else -1].detach().flatten().numpy()[: len(x)]


_GATES = {
    ("rnn", "tanh"): (0, (0.0,), 0),
    ("gru", "tanh"): (2, (0.0, -200.0, 0.0), 0),  # new - 0
    ("gru", "sigmoid"): (1, (0.0, 0.0, 0.0), 1),  # 0 + update (1 - 0)
    ("lstm", "tanh"): (2, (200.0, 200.0, 0.0, 200.0), 0),
    ("lstm", "sigmoid"): (0, (0.0, 200.0, 200.0, 200.0), 0),
    ("mingru", "sigmoid"): (0, (0.0, 1.0), 0),  # (1 - update) 0 + update
    ("diagonal", "sigmoid"): (0, (0.0, 0.0, 0.0), 1),  # the vector, from 1
    ("diagonal", "silu"): (2, (0.0, 1.0, 0.0), 0),  # the hidden state, from a vector of 1
}
"""By cell and function: the gate that computes it, all biases, and the state before."""


@contextmanager
def subnormals(*, are_flushed: bool) -> Iterator[None]:
    """This thread's arithmetic with subnormal operands and results flushed to zero, or not."""
    if not torch.set_flush_denormal(are_flushed):
        raise RuntimeError("this processor cannot flush subnormal numbers")
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


class Comparison:
    """The exact values of some numbers, beside which engines' are set."""

    def __init__(self, name: str, x: np.ndarray) -> None:
        self._x, self._right = x, EXACT[name](x)
        size = np.abs(self._right)
        self._unsure = REFERENCE_ERROR * size + 2.0**-200
        self._bound = ROUNDING.function_relative * size + ABSOLUTE
        if name == "silu":  # a sigmoid within these bounds times x, rounded or flushed
            factor, relative = np.abs(x.astype(np.float64)), ROUNDING.function_relative + UNIT_ROUNDOFF
            self._bound = relative * size + factor * ABSOLUTE + ROUNDING.subnormal
            self._unsure = REFERENCE_ERROR * size + 2.0**-200 * factor

    def share_of_bound(self, function: Function, *, are_flushed: bool = False) -> float:
        """The largest error over what certificates allow a function: at most 1 where it holds."""
        with subnormals(are_flushed=are_flushed):
            found = function(self._x)
        worst = float(((np.abs(found - self._right) + self._unsure) / self._bound).max())
        return worst if np.isfinite(found).all() else float("inf")


def floats(first: int, count: int, every: int = 1) -> np.ndarray:
    """Finite float32 numbers by their bits, those that are not left out."""
    bits = (np.arange(first, first + count * every, every, dtype=np.int64) & 0xFFFFFFFF).astype(np.uint32)
    values = bits.view(np.float32)
    return values[np.isfinite(values)]


def samples(count: int) -> np.ndarray:
    """Numbers around every power of two, so many by chance, and the ends of the engines' ranges."""
    near = [floats((exponent << 23) - 500, 1000) for exponent in range(512)]
    bits = np.random.default_rng(0).integers(0, 2**32, count, dtype=np.uint32)
    moderate = np.random.default_rng(1).uniform(-90, 90, count).astype(np.float32)
    ends = [
        np.float32(s * v) + np.linspace(-1, 1, 4001, dtype=np.float32) for s in (-1, 1) for v in (8, 87)
    ]
    values = np.concatenate([*near, bits.view(np.float32), moderate, *ends])
    return values[np.isfinite(values)]


def main(every: int = 1) -> int:
    """Every finite float32, or one of so many, in every engine; prints the worst share of the bound."""
    torch.set_num_threads(1)
    chunk, is_within = 2**17, True  # an eighth of a processor's cache in float64
    for name in EXACT:
        began = time.monotonic()
        cases = [case for case in (*native_cases(), *torch_cases()) if case.name == name]
        worst, count = {(case.engine, flushed): 0.0 for case in cases for flushed in (False, True)}, 0
        for first in range(0, 2**32, chunk * every):
            values = floats(first, chunk, every)
            if len(values) == 0:
                continue
            count += len(values)
            comparison = Comparison(name, values)
            for case in cases:
                for flushed in (False, True):
                    share = comparison.share_of_bound(case.function, are_flushed=flushed)
                    worst[case.engine, flushed] = max(worst[case.engine, flushed], share)
        is_within &= max(worst.values()) <= 1
        print(f"{name}: {count} finite float32 numbers, {time.monotonic() - began:.0f} s", flush=True)
        for (engine, flushed), share in worst.items():
            how = "flushed" if flushed else "kept"
            print(f"  {engine:23} subnormals {how:7} {share:.4f} of the bound", flush=True)
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
