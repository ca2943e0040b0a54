"""A certificate's file as the checker reads it: its format, its task, its boxes as balls."""

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import numpy as np
from flint import arb

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import CertificateError, CertificateRefused
from ripplecarry.values import shown
from ripplecarry.verification.balls import Balls
from ripplecarry.verification.rounding import ROUNDING

FORMAT = "ripplecarry certificate 2"
SLOPED_BOXES = "ripplecarry certificate 3"
"""The format of certificates whose sets are sloped boxes."""
_FORMAT_1 = "ripplecarry certificate 1"
_FORMATS = (FORMAT, SLOPED_BOXES, _FORMAT_1)
_ROUNDING_1 = ROUNDING.as_dict() | {"function_absolute": 2.0**-125}
_CELLS_BY_GATES = {1: ("rnn",), 3: ("gru",), 4: ("lstm",)}
_LINEAR_CELLS_BY_GATES = {2: ("mingru",), 3: ("diagonal", "diagonal_signed")}
"""Those whose gates see the input alone. Two have the same parameters: a proof is of the one it names."""

_WORDS = ("task", "digit_order", "group")
"""The settings of a task that are no numbers."""

PREACTIVATION = "preactivation"
BOXES = {
    "rnn": (PREACTIVATION,),
    "gru": (PREACTIVATION, "hidden"),
    "lstm": (PREACTIVATION, "memory"),
    "mingru": ("hidden",),
    "diagonal": ("memory",),
    "diagonal_signed": ("memory",),
}
"""The boxes of a layer's set: of what passes through weights, and of what passes beside them."""
_BOX_NAMES_1 = {PREACTIVATION: "drive", "hidden": "kept", "memory": "kept"}


def read_certificate(content: bytes) -> dict[str, Any]:
    """The certificate in these bytes, not yet checked.

    Raises:
        CertificateError: this is not a certificate, or one that is cut short.
    """

    def refuse(constant: str) -> None:
        raise CertificateError(f"the certificate holds {constant}; every number must be finite")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = dict(pairs)
        if len(names) < len(pairs):
            raise CertificateError("the certificate names a part twice")
        return names

    try:
        read = json.loads(content.decode(), parse_constant=refuse, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        words = "it is empty" if not content else f"it is not JSON ({type(error).__name__})"
        raise CertificateError(f"this is not a certificate, or it is cut short: {words}") from None
    if not isinstance(read, dict) or read.get("format") not in _FORMATS:
        raise CertificateError(f"this is not a certificate: its format is none of {', '.join(_FORMATS)}")
    return read


def preactivation_boxes(
    certificate: Mapping[str, Any],
) -> dict[str, list[Mapping[str, list[float]]]] | None:
    """Boxes of preactivations around a checked certificate's sets, by machine state and layer; to be drawn.

    None for cells whose gates see no hidden state.
    """
    if certificate["format"] == SLOPED_BOXES:
        return _boxes_around(certificate)
    if PREACTIVATION not in BOXES.get(certificate.get("cell", "rnn"), ()):
        return None
    name = PREACTIVATION if certificate["format"] == FORMAT else _BOX_NAMES_1[PREACTIVATION]
    return {state: [layer[name] for layer in layers] for state, layers in certificate["invariant"].items()}


def _boxes_around(certificate: Mapping[str, Any]) -> dict[str, list[Mapping[str, list[float]]]]:
    """The same of sloped boxes, in float64; what exceeds its range is infinite."""
    ends: dict[str, list[np.ndarray]] = {}
    for history in certificate["histories"]:
        low, high, slopes = (np.array(history[name]) for name in ("low", "high", "slopes"))
        with np.errstate(over="ignore"):
            along = slopes[:, None] * np.array(history["along"])
            own = np.stack([low + along.min(1), high + along.max(1)])
        ends.setdefault(str(history["state"]), []).append(own)
    boxes = {state: np.stack(each) for state, each in sorted(ends.items())}
    return {
        state: [{"low": each[:, 0].min(0).tolist(), "high": each[:, 1].max(0).tolist()}]
        for state, each in boxes.items()
    }


def margin_tolerance(certificate: Mapping[str, Any]) -> float:
    """By what share the stated margin may exceed the proved one: format 1 states it to the last bit."""
    return 1e-6 if certificate["format"] == _FORMAT_1 else 0.0


def read_task(certificate: Mapping[str, Any]) -> Task:
    """The task; its machine must be the one in the certificate.

    Raises:
        CertificateRefused: it contains another machine, or assumes other rounding.
    """
    numbers = [value for name, value in certificate["task"].items() if name not in _WORDS]
    if not all(type(leaf) is int for leaf in _leaves([numbers, certificate["machine"]])):
        raise CertificateRefused("its task or its machine holds what is no whole number")
    choice = TaskChoice.build(certificate["task"])
    claimed = certificate["machine"]
    num_symbols = choice.fewest_symbols
    rows = [row for table in ("next_state", "output") for row in claimed[table]]
    if not rows or any(len(row) < num_symbols for row in rows):
        # Checked before building the machine, which a false file could make far larger than itself.
        raise CertificateRefused(f"its machine has fewer than {num_symbols} symbols")
    task = choice.build_task()
    machine = task.machine
    if claimed != {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()}:
        raise CertificateRefused(f"its machine is not that of the task {task.name}")
    rounding = _ROUNDING_1 if certificate["format"] == _FORMAT_1 else ROUNDING.as_dict()
    if certificate["rounding"] != rounding:
        raise CertificateRefused("its rounding bounds are not this checker's")
    return task


def _leaves(part: Any) -> Iterator[Any]:
    """What lists and objects hold in the end, however deep."""
    found = [part]
    for each in found:
        if isinstance(each, list | dict):
            found += each.values() if isinstance(each, dict) else each
        else:
            yield each


def read_cell(certificate: Mapping[str, Any], num_gates: int, *, is_linear: bool) -> str:
    """The cell that the certificate names; in format 1 the number of gates tells it.

    Args:
        is_linear: whether the weights are of a cell whose gates see the input alone.
    Raises:
        CertificateRefused: an unknown cell, or one with other parameters.
    """
    is_old = certificate["format"] == _FORMAT_1
    tables = {False: _CELLS_BY_GATES, True: {} if is_old else _LINEAR_CELLS_BY_GATES}
    cells = tables[is_linear].get(num_gates, ())
    for cell in cells:
        if is_old or cell == certificate["cell"]:
            return cell
    named = "without a name" if is_old else f"{certificate['cell']!r:.40}"
    raise CertificateRefused(f"it is about the cell {named}; the weights have {num_gates} gates")


def read_sets(
    certificate: Mapping[str, Any], cell: str, layers: int, hidden: int, gates: int, states: list[int]
) -> dict[int, list[list[Balls]]]:
    """For each machine state and layer the cell's boxes.

    Raises:
        CertificateRefused: boxes of other sizes, or whose ends are not finite intervals.
    """
    sizes = {name: gates * hidden if name == PREACTIVATION else hidden for name in BOXES[cell]}
    if certificate["format"] == _FORMAT_1:
        sizes = {_BOX_NAMES_1[name]: size for name, size in sizes.items()}
    if set(certificate["invariant"]) != {str(state) for state in states}:
        raise CertificateRefused("its sets are not those of the states that the machine reaches")
    sets = {}
    for state in states:
        given = certificate["invariant"][str(state)]
        if len(given) != layers:
            raise CertificateRefused(f"the set of machine state {state} has {len(given)} layers")
        for boxes in given:
            if set(boxes) != set(sizes):
                raise CertificateRefused(f"a set has the parts {shown(sorted(boxes))}, not {sorted(sizes)}")
        sets[state] = [[_read_box(boxes[part], size) for part, size in sizes.items()] for boxes in given]
    return sets


def _read_box(box: Mapping[str, list[float]], size: int) -> Balls:
    if set(box) != {"low", "high"}:
        raise CertificateRefused(f"a box has the parts {sorted(box)!r:.60}, not high and low")
    low, high = box["low"], box["high"]
    if len(low) != size or len(high) != size:
        raise CertificateRefused(f"a box has {len(low)} and {len(high)} ends where {size} belong")
    for a, b in zip(low, high, strict=True):
        if type(a) is not float or type(b) is not float or not (isfinite(a) and isfinite(b) and a <= b):
            raise CertificateRefused(f"a box has the ends {a!r:.40} and {b!r:.40}")
    return [arb(a).union(arb(b)) for a, b in zip(low, high, strict=True)]
