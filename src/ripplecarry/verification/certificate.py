"""What a certificate holds, and its file: JSON that a person can read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ripplecarry.arithmetic.tasks import TaskChoice
from ripplecarry.errors import CertificateRefused
from ripplecarry.files import remove_leftovers, write_atomically, writing
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.check import FORMAT, Proof, check, statement, weights_hash
from ripplecarry.verification.enclosures import Box, LayerSet
from ripplecarry.verification.rounding import ROUNDING


@dataclass(frozen=True)
class Certificate:
    """A certificate that the checker has accepted."""

    content: Mapping[str, Any]
    proof: Proof

    @property
    def statement(self) -> str:
        """What is proved, in words."""
        return self.content["statement"]

    @property
    def margin(self) -> float:
        """The smallest margin of a right digit, rounding taken off."""
        return self.proof.margin

    def write(self, path: Path) -> None:
        """Writes the certificate's file; whoever calls holds the run."""
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        write_atomically(path, (json.dumps(self.content, indent=1, allow_nan=False) + "\n").encode())


def certify_sets(
    run_id: str, choice: TaskChoice, weights: Weights, sets: list[LayerSet]
) -> Certificate | CertificateRefused:
    """The certificate with these sets as its invariant, if the checker accepts it; else its refusal."""
    task = choice.build_task()
    machine = task.machine
    content = {
        "format": FORMAT,
        "statement": statement(task),
        "run": run_id,
        "task": TaskChoice.build({n: getattr(choice, n) for n in TaskChoice.model_fields}).model_dump(
            mode="json", exclude_defaults=True
        ),
        "weights_sha256": weights_hash(weights),
        "margin": 0.0,
        "rounding": ROUNDING.as_dict(),
        "machine": {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()},
        "invariant": {
            str(state): [_layer(each, state) for each in sets] for state in machine.reachable_states()
        },
    }
    try:
        proof = check(content, weights)
    except CertificateRefused as refused:
        return refused
    return Certificate(content | {"margin": proof.margin}, proof)


def _layer(layer: LayerSet, state: int) -> dict[str, dict[str, list[float]]]:
    named: dict[str, Box | None] = {"drive": layer.drive, "kept": layer.kept}
    return {
        name: {"low": _numbers(box.low[state]), "high": _numbers(box.high[state])}
        for name, box in named.items()
        if box is not None
    }


def _numbers(values: torch.Tensor) -> list[float]:
    return [float(value) for value in values]
