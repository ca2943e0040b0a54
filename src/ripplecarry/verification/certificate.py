"""A certificate's content, and its file: JSON that a person can read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.errors import CertificateRefused
from ripplecarry.files import remove_leftovers, write_atomically, writing
from ripplecarry.networks.initial_values import Weights
from ripplecarry.notebook import Shown, bars_picture
from ripplecarry.verification.certificate_file import (
    BOXES,
    FORMAT,
    SLOPED_BOXES,
    preactivation_boxes,
)
from ripplecarry.verification.check import check
from ripplecarry.verification.enclosures import LayerSet
from ripplecarry.verification.find_sloped_boxes import ClosedSets
from ripplecarry.verification.proof import Proof, statement, weights_hash
from ripplecarry.verification.rounding import ROUNDING


@dataclass(frozen=True, repr=False)
class Certificate(Shown):
    """A certificate that the checker has accepted."""

    content: Mapping[str, Any]
    proof: Proof
    change: float | None = None
    """How far polishing moved the weights, as a share of their norm; None where nothing was polished."""

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
            f"state {state}": list(zip(ends["low"], ends["high"], strict=True))
            for state, ends in self._boxes_to_draw()
        }
        caption = "<small>The first layer's boxes, an interval for each number.</small>"
        return f"<p>{escape(self.statement)}</p>{bars_picture(boxes)}<br>{caption}"

    def _boxes_to_draw(self) -> Iterator[tuple[str, Mapping[str, list[float]]]]:
        boxes = preactivation_boxes(self.content)
        if boxes is not None:
            yield from ((state, layers[0]) for state, layers in boxes.items())
        else:
            yield from (
                (state, next(iter(layers[0].values())))
                for state, layers in self.content["invariant"].items()
            )

    def write(self, path: Path) -> bytes:
        """Writes the certificate's file and returns its bytes; the caller holds the run's lock."""
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        content = _text(self.content).encode()
        write_atomically(path, content)
        return content


def certify_boxes(
    run_id: str, choice: TaskChoice, cell: str, weights: Weights, sets: list[LayerSet]
) -> Certificate | CertificateRefused:
    """The certificate with these boxes as its sets if the checker accepts it, otherwise the refusal."""
    states = choice.build_task().machine.reachable_states()
    invariant = {str(state): [_layer(each, cell, state) for each in sets] for state in states}
    stated = {"format": FORMAT, "invariant": invariant}
    return _certified(stated, run_id, choice, cell, len(sets), weights)


def certify_sloped_boxes(
    run_id: str, choice: TaskChoice, weights: Weights, closed: ClosedSets
) -> Certificate | CertificateRefused:
    """The same with sloped boxes, of one layer of rnn."""
    sets, histories = closed.sets, closed.histories
    stated = {
        "format": SLOPED_BOXES,
        "direction": _short(closed.direction),
        "histories": [
            {
                "state": int(histories.state[k]),
                "next": histories.following[k].tolist(),
                "along": _short(np.array([sets.low[k, 0], sets.high[k, 0]])),
                "slopes": _short(sets.slopes[k]),
                "low": _short(sets.low[k, 1:]),
                "high": _short(sets.high[k, 1:]),
                "pieces": int(sets.num_pieces[k]),
            }
            for k in range(histories.num)
        ],
    }
    return _certified(stated, run_id, choice, "rnn", 1, weights)


def _certified(
    stated: dict[str, Any], run_id: str, choice: TaskChoice, cell: str, layers: int, weights: Weights
) -> Certificate | CertificateRefused:
    task = choice.build_task()
    machine, digest = task.machine, weights_hash(weights)
    content: dict[str, Any] = {
        "format": stated["format"],
        "statement": statement(task, cell, layers, digest),
        "run": run_id,
        "task": TaskChoice.build({n: getattr(choice, n) for n in TaskChoice.model_fields}).model_dump(
            mode="json", exclude_defaults=True, exclude={"machine": {"states", "symbols"}}
        ),
        "cell": cell,
        "weights_sha256": digest,
        "margin": 0.0,
        "rounding": ROUNDING.as_dict(),
        "machine": {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()},
    } | stated
    try:
        proof = check(content, weights, task=task, cell=cell)
    except CertificateRefused as refused:
        return refused
    return Certificate(content | {"margin": _rounded_down(proof.margin)}, proof)


def _text(content: Mapping[str, Any]) -> str:
    """JSON: a number a line; of many histories, a history a line."""
    histories = content.get("histories")
    if histories is None:
        return json.dumps(content, indent=1, allow_nan=False) + "\n"
    head = json.dumps({**content, "histories": []}, allow_nan=False).removesuffix("[]}")
    lines = ",\n".join(json.dumps(each, allow_nan=False) for each in histories)
    return f"{head}[\n{lines}\n]}}\n"


def _short(values: np.ndarray) -> list[float]:
    """Nine digits: the search leaves more room than that between images and sets."""
    return [float(f"{value:.9g}") for value in values]


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
