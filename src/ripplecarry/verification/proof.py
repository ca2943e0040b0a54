"""What the checker proved, in words made from what it checked, never from the file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.verification.rounding import ROUNDING

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Proof:
    """A network that the checker proved right at every length, and by what margin."""

    task: Task
    cell: str
    layers: int
    weights_sha256: str
    margin: float
    """A lower bound on the right logit minus any other, after rounding, over all states of the sets."""
    slack: float
    """The smallest distance from an image's end to its box's, as a share of the box's width."""

    @property
    def statement(self) -> str:
        """What is proved, in words."""
        return statement(self.task, self.cell, self.layers, self.weights_sha256)

    @property
    def theorem(self) -> str:
        """What is proved of any network that has a certificate for this task."""
        return theorem(self.task)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "statement": self.statement,
            "theorem": self.theorem,
            "task": self.task.name,
            "base": self.task.base,
            "num_operands": self.task.num_operands,
            "machine_sha256": machine_hash(self.task.machine),
            "cell": self.cell,
            "layers": self.layers,
            "weights_sha256": self.weights_sha256,
            "margin": self.margin,
            "slack": self.slack,
        }


def relative_change(before: Weights, after: Weights) -> float:
    """The norm of the difference of all weights, as a share of the norm before."""
    old, new = (
        np.concatenate([each[n].ravel() for n in before], dtype=np.float64) for each in (before, after)
    )
    return float(np.linalg.norm(new - old) / np.linalg.norm(old))


def weights_hash(weights: Weights) -> str:
    """A hash of all parameters: names, shapes and float32 bits."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = np.ascontiguousarray(weights[name], dtype="<f4")
        digest.update(f"{name} {list(array.shape)} ".encode() + array.tobytes())
    return digest.hexdigest()


def machine_hash(machine: Machine) -> str:
    """A hash of a machine's two tables."""
    tables = [machine.next_state.tolist(), machine.output.tolist()]
    return hashlib.sha256(json.dumps(tables, separators=(",", ":")).encode()).hexdigest()


def statement(task: Task, cell: str, layers: int, weights_sha256: str) -> str:
    """What a certificate of such a network proves, in words."""
    return (
        f"{theorem(task)} The network: {cell}, {layers} {'layer' if layers == 1 else 'layers'}, weights "
        f"sha256 {weights_sha256[:16]}…."
        f"{' Its silu(x) is x times such a sigmoid.' if cell.startswith('diagonal') else ''}"
    )


def theorem(task: Task) -> str:
    """What is proved of any network with a certificate for this task."""
    count = "operands" if task.num_operands > 1 else "operand"
    inputs = f"For a sequence of any length of symbols from 0 to {task.base - 1}, read from the zero state,"
    if task.is_on_numbers:
        inputs = (
            f"For {task.num_operands} {count} of any length in base {task.base}, zero-padded to any common "
            "length greater than each, read least significant digit first from the zero state,"
        )
    return (
        f"{inputs} the network's largest logit at every position is the right "
        f"{'digit' if task.is_on_numbers else 'answer'} of the task {task.name!r} (machine tables "
        f"sha256 {machine_hash(task.machine)[:16]}…). "
        "Assumed: IEEE float32, rounding to nearest, any order of summation, with or without fused "
        "multiply-add, subnormal numbers kept or flushed to zero; tanh and sigmoid within a relative error "
        f"of {ROUNDING.function_relative:.3g} and an absolute one of {ROUNDING.function_absolute:.3g}, as "
        "in ripplecarry's native and torch engines. "
        "Not covered: TF32, bfloat16, exports and anything else that computes elsewhere."
    )
