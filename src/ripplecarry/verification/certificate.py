"""A certificate's content, and its file: JSON that a person can read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from math import floor, log10
from pathlib import Path
from typing import Any

import torch

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.errors import CertificateRefused
from ripplecarry.files import remove_leftovers, write_atomically, writing
from ripplecarry.networks.initial_values import Weights
from ripplecarry.notebook import Shown, bars_picture
from ripplecarry.verification.certificate_file import BOXES, FORMAT
from ripplecarry.verification.check import check
from ripplecarry.verification.enclosures import LayerSet
from ripplecarry.verification.proof import Proof, statement, weights_hash
from ripplecarry.verification.rounding import ROUNDING


@dataclass(frozen=True, repr=False)
class Certificate(Shown):
    """A certificate that the checker has accepted."""

    content: Mapping[str, Any]
    proof: Proof

    @property
    def statement(self) -> str:
        """What is proved, in words."""
        return self.proof.statement

    @property
    def margin(self) -> float:
        """The smallest margin of a right digit, after subtracting rounding."""
        return self.proof.margin

    def _line(self) -> str:
        return (
            f"run {self.content['run']} is proved right at every length, by a margin of {self.margin:.4g}"
        )

    def _picture(self) -> str:
        boxes = {
            f"state {state}": list(
                zip(*(next(iter(layers[0].values()))[end] for end in ("low", "high")), strict=True)
            )
            for state, layers in self.content["invariant"].items()
        }
        caption = "<small>The first layer's boxes, an interval for each number.</small>"
        return f"<p>{escape(self.statement)}</p>{bars_picture(boxes)}<br>{caption}"

    def write(self, path: Path) -> bytes:
        """Writes the certificate's file and returns its bytes; the caller holds the run's lock."""
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        content = (json.dumps(self.content, indent=1, allow_nan=False) + "\n").encode()
        write_atomically(path, content)
        return content


def certify_sets(
    run_id: str, choice: TaskChoice, cell: str, weights: Weights, sets: list[LayerSet]
) -> Certificate | CertificateRefused:
    """The certificate with these sets as its invariant if the checker accepts it, otherwise the refusal."""
    task = choice.build_task()
    machine, digest = task.machine, weights_hash(weights)
    content = {
        "format": FORMAT,
        "statement": statement(task, cell, len(sets), digest),
        "run": run_id,
        "task": TaskChoice.build({n: getattr(choice, n) for n in TaskChoice.model_fields}).model_dump(
            mode="json", exclude_defaults=True, exclude={"machine": {"states", "symbols"}}
        ),
        "cell": cell,
        "weights_sha256": digest,
        "margin": 0.0,
        "rounding": ROUNDING.as_dict(),
        "machine": {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()},
        "invariant": {
            str(state): [_layer(each, cell, state) for each in sets] for state in machine.reachable_states()
        },
    }
    try:
        proof = check(content, weights, task=task, cell=cell)
    except CertificateRefused as refused:
        return refused
    return Certificate(content | {"margin": _rounded_down(proof.margin)}, proof)


def _rounded_down(margin: float) -> float:
    """Six digits, at least a millionth below, so that a checker with other rounding proves it too."""
    scale = 10.0 ** (floor(log10(margin)) - 5)
    return floor(margin * (1 - 1e-6) / scale) * scale


def _layer(layer: LayerSet, cell: str, state: int) -> dict[str, dict[str, list[float]]]:
    return {
        name: {"low": _numbers(box.low[state]), "high": _numbers(box.high[state])}
        for name, box in zip(BOXES[cell], layer.parts, strict=True)
    }


def _numbers(values: torch.Tensor) -> list[float]:
    return [float(value) for value in values]
