"""A run's data in the page, as JSON."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError
from ripplecarry.evaluation.probe import fit_probe, hidden_states
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import check_known, parameter_shapes
from ripplecarry.networks.initial_values import Weights
from ripplecarry.reports.page.examples import Example
from ripplecarry.reports.page.standing import Standing
from ripplecarry.runs.run import Run
from ripplecarry.verification.certificate_file import preactivation_boxes

LONGEST_OPERAND = 10_000
MOST_TRANSITIONS = 200_000
MOST_STATES = 1000
MOST_UNITS = 4096
NUM_PROBE_PAIRS = 500
NUM_SAMPLE_PAIRS = 40
MOST_POINTS = 1000
TYPES = {"float16": "<f2", "float32": "<f4", "uint8": "<u1", "uint16": "<u2", "uint32": "<u4"}

_IN_EVERY_LANGUAGE = ("addition", "subtraction", "times", "comparison", "counter")
"""Tasks for whose states the page has words of its own."""

Text = dict[str, object]
"""An array's numbers as text, for the page's scripts to decode."""

# Steps of the evaluation stream that no reading uses: the largest ones.
_FIT_STEP, _TEST_STEP = 2**32 - 2, 2**32 - 1


def check_fits(run: Run) -> None:
    """Raises ConfigurationError where a page cannot show the run."""
    check_known(run.trial.cell, by="page")
    machine = run.task.machine
    transitions = machine.num_states * machine.num_symbols
    if transitions > MOST_TRANSITIONS:
        raise ConfigurationError(
            f"run {run.id}'s machine has {transitions} transitions; a page holds at most {MOST_TRANSITIONS}"
        )
    if machine.num_states > MOST_STATES:
        raise ConfigurationError(
            f"run {run.id}'s machine has {machine.num_states} states; a page holds at most {MOST_STATES}"
        )
    units = run.trial.layers * run.trial.hidden_size
    if units > MOST_UNITS:
        raise ConfigurationError(
            f"run {run.id} has {units} hidden units; a page holds at most {MOST_UNITS}"
        )
    if not all(np.isfinite(array).all() for array in run.weights.values()):
        raise ConfigurationError(f"run {run.id} {run.outcome} with weights that are not finite numbers")


def page_content(run: Run, wrong: list[Example], near: list[Example], standing: Standing) -> dict[str, Any]:
    """All data for the page's scripts.

    Args:
        wrong, near: examples that are answered wrongly, or almost.
    """
    task, trial = run.task, run.trial
    shapes = parameter_shapes(trial, task)
    snapshots = run.snapshots
    last = max(snapshots)
    return {
        "run": {"id": run.id, "seed": run.seed, "engine": run.engine, "outcome": run.outcome},
        "settings": trial.model_dump(mode="json", exclude_none=True, exclude={"machine"}),
        "network": {
            "cell": trial.cell,
            "layers": trial.layers,
            "hidden": trial.hidden_size,
            "embedding": trial.embedding_size,
            "shapes": [[name, list(shape)] for name, shape in shapes.items()],
        },
        "task": task_content(task, trial.task, trial.factor),
        "digits": trial.digits,
        "longest": LONGEST_OPERAND,
        "snapshots": [
            {
                "step": step,
                "weights": text_of_array(
                    np.concatenate([weights[name].ravel() for name in shapes]), _kind(step == last)
                ),
                "probe": _probe(run, weights, is_last=step == last),
            }
            for step, weights in snapshots.items()
        ],
        "curves": _curves(run),
        "sample": _sample(run),
        "examples": {
            "hardest": [example.as_dict(task) for example in near],
            "failing": [example.as_dict(task) for example in wrong],
        },
        "verdict": standing.as_dict(),
        "boxes": None if standing.certificate is None else _boxes(standing.certificate),
    }


def text_of_array(array: np.ndarray, kind: str) -> Text:
    """An array's numbers in row-major order, in base64.

    Args:
        kind: one of `TYPES`, to which the numbers are rounded.
    """
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array.astype(TYPES[kind]))
    return {"kind": kind, "base64": base64.b64encode(numbers.tobytes()).decode()}


def _kind(is_last: bool) -> str:
    return "float32" if is_last else "float16"


def task_content(task: Task, kind: str, factor: int | None) -> dict[str, Any]:
    """A task with its machine's tables."""
    machine = task.machine
    return {
        "kind": kind,
        "name": task.name,
        "factor": factor,
        "base": task.base,
        "operands": task.num_operands,
        "isOnNumbers": task.is_on_numbers,
        "extraPositions": task.extra_positions,
        "outputs": task.num_outputs,
        "states": machine.num_states,
        "reachable": machine.reachable_states(),
        "stateNames": None if kind in _IN_EVERY_LANGUAGE else task.state_names,
        "symbolNames": task.symbol_names,
        "nextState": text_of_array(machine.next_state, "uint16"),
        "output": text_of_array(machine.output, "uint8"),
    }


def _probe(run: Run, weights: Weights, *, is_last: bool) -> dict[str, Any]:
    """A probe of these weights, fitted on some pairs and tested on others."""
    task = run.task
    network = Adder.build(run.trial, task, weights)
    source = run.trial.batches(run.seed, Stream.EVALUATION, NUM_PROBE_PAIRS)
    seen = []
    for step in (_FIT_STEP, _TEST_STEP):
        operands = source.draw(step).operands
        hidden = hidden_states(network, operands)
        states = task.solve(operands)[1][:, 1:]
        seen.append((hidden.reshape(-1, hidden.shape[-1]), states.ravel()))
    probe = fit_probe(*seen[0], task.machine.num_states)
    numbers = np.concatenate([probe.weight.ravel(), probe.bias])
    return {
        "numbers": text_of_array(numbers, _kind(is_last)),
        "accuracy": probe.accuracy(*seen[1]),
        "samples": len(seen[1][1]),
        "commonest": float(np.bincount(seen[1][1]).max() / len(seen[1][1])),
    }


def _curves(run: Run) -> dict[str, dict[str, Text]]:
    """Loss and exact match by step, at no more points than a screen can show."""
    curves = {}
    for metric in ("loss", "exact_match"):
        if metric not in run.curves:
            continue
        read = run.curves[["step", metric]].dropna()
        # As for snapshots, x is the number of updates done: a loss is taken before its step's update.
        steps = read["step"].to_numpy() + (metric != "loss")
        places = np.unique(np.linspace(0, len(read) - 1, min(len(read), MOST_POINTS)).astype(int))
        curves[metric] = {
            "steps": text_of_array(steps[places], "uint32"),
            "values": text_of_array(read[metric].to_numpy()[places], "float32"),
        }
    return curves


def _sample(run: Run) -> dict[str, Any]:
    """Operands whose states the page draws as a cloud of points."""
    batch = run.trial.batches(run.seed, Stream.EVALUATION, NUM_SAMPLE_PAIRS).draw(_TEST_STEP)
    return {"shape": list(batch.operands.shape), "digits": text_of_array(batch.operands, "uint8")}


def _boxes(certificate: Mapping[str, Any]) -> dict[str, list[dict[str, Text]]] | None:
    """The ends of the preactivation boxes of the certificate's sets, by machine state and layer."""
    found = preactivation_boxes(certificate)
    if found is None:
        return None
    return {
        state: [
            {end: text_of_array(np.array(box[end]), "float32") for end in ("low", "high")} for box in boxes
        ]
        for state, boxes in found.items()
    }
