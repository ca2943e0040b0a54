"""Certificates and weights with one to three things changed, by chance."""

import copy
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from changed_trees import ODD_VALUES, change_all_numbers, change_number, change_structure
from checkers import weights_bytes

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.proof import weights_hash

ODD_SETTINGS = (
    {"base": 1}, {"base": 3}, {"base": 4}, {"base": 36}, {"base": 2.0}, {"base": "2"}, {"base": True},
    {"num_operands": 1}, {"num_operands": 2}, {"num_operands": 3}, {"num_operands": 9}, {"factor": 1},
    {"task": "addition"}, {"task": "subtraction"}, {"task": "comparison"}, {"task": "machine"}, {"else": 1},
    {"task": "times", "factor": 3}, {"task": "times", "factor": 1, "base": 4},
    {"task": "counter", "modulus": 2}, {"task": "counter", "modulus": 4, "base": 4},
)  # fmt: skip


ODD_ENTRIES = (0, 0, 1, 1, 2, 3, -1, 255, 256, True, 0.0, 1.0, "1", None, [])


@dataclass
class Material:
    """A certificate and weights on the way to be changed; either may become mere bytes at the end."""

    content: Any
    weights: Weights
    is_signed: bool = True
    """Whether the certificate gets the hash of the weights as they are in the end."""


Change = Callable[[Random, Material], None]


def changed(random: Random, content: dict[str, Any], weights: Weights) -> tuple[bytes, bytes]:
    """The files of the weights and of the certificate after one to three changes."""
    made = Material(copy.deepcopy(content), dict(weights))
    with np.errstate(all="ignore"):  # what overflows is a change like any other
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            random.choices(list(CHANGES), list(CHANGES.values()))[0](random, made)
    if made.is_signed and isinstance(made.content, dict):
        arrays = {name: array for name, array in made.weights.items() if array.dtype == np.float32}
        made.content["weights_sha256"] = weights_hash(arrays)
    text = json.dumps(made.content)
    if random.random() < 0.03:
        name = random.choice(list(content))
        text = text.replace(f'"{name}": ', f'"{name}": {random.choice(("0", "{}", "null"))}, "{name}": ', 1)
    files = [weights_bytes(made.weights), text.encode()]
    if random.random() < 0.1:
        which = random.randrange(2)
        files[which] = _changed_bytes(random, files[which])
    return files[0], files[1]


def _weight(random: Random, made: Material) -> None:
    """One parameter's bits, or something worse."""
    name = random.choice(list(made.weights) or [""])
    if not name:
        return
    array = made.weights[name].copy()
    rarer = ("low bits", "value", "scaled", "row", "shape", "type", "missing", "doubled", "unsigned")
    how = random.choice(("bit",) * 6 + rarer)
    if array.dtype == np.float32 and array.size and how in ("bit", "low bits", "value"):
        bits, place = array.reshape(-1).view(np.uint32), random.randrange(array.size)
        if how == "value":
            array.reshape(-1)[place] = random.choice((0, -0.0, np.nan, np.inf, 1e-40, 2.0**-126, 3e38, 1.0))
        else:
            bits[place] ^= np.uint32(1 << random.randrange(32 if how == "bit" else 12))
    elif how == "scaled":
        array = array * np.float32(2.0 ** random.randint(-30, 30))
    elif how == "row" and array.ndim == 2:
        array = array[np.roll(np.arange(len(array)), 1)].copy()
    elif how == "shape":
        array = random.choice((array.reshape(1, -1), array.reshape(-1), array[:-1], array.T)).copy()
    elif how == "type":
        array = array.astype(random.choice((np.float64, np.float16, np.int32)))
    made.weights[name] = array
    if how == "missing":
        del made.weights[name]
    if how == "doubled":
        made.weights[random.choice((name + "x", "rnn.weight_hh_l1", "dense.bias"))] = array
    made.is_signed = how != "unsigned" and made.is_signed


def _loud(random: Random, made: Material) -> None:
    """Logits near the largest float32, by weights, by biases or by both."""
    if {"dense.weight", "dense.bias"} <= set(made.weights):
        factor = np.float32(2.0 ** random.randint(100, 124))
        made.weights["dense.weight"] = made.weights["dense.weight"] * factor
        bias = random.choice((0, 0.1, 0.9, 0.99999)) * np.finfo(np.float32).max
        made.weights["dense.bias"] = np.full_like(made.weights["dense.bias"], bias)


def _task(random: Random, made: Material) -> None:
    """Another task, with the machine that belongs to it or not."""
    if not isinstance(made.content, dict):
        return
    settings: dict[str, Any] = {"base": 2} | dict(random.choice(ODD_SETTINGS))
    made.content["task"] = settings
    if random.random() < 0.3:
        return
    try:
        machine = TaskChoice.build(settings).build_task().machine
    except ConfigurationError:
        return
    made.content["machine"] = {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()}
    sets = made.content.get("invariant")
    if isinstance(sets, dict) and "1" in sets:
        sets |= {str(state): sets["1"] for state in range(2, machine.num_states)}


def _machine(random: Random, made: Material) -> None:
    """One entry of a machine's tables, as the task's own or against it."""
    try:
        tables = copy.deepcopy(made.content["machine"])
        row = random.choice([row for table in tables.values() for row in table])
        row[random.randrange(len(row))] = random.choice(ODD_ENTRIES)
    except (LookupError, TypeError, AttributeError, ValueError):
        return  # where earlier changes have left no tables
    made.content["machine"] = tables
    if random.random() < 0.6:
        made.content["task"] = {"task": "machine", "base": 2, "machine": copy.deepcopy(tables)}


def _margin(random: Random, made: Material) -> None:
    """Another margin: a little above or below, or something odd."""
    if isinstance(made.content, dict):
        margin = made.content.get("margin")
        values = [*ODD_VALUES, 1e308, -1e308, 1e-9]
        if isinstance(margin, float):
            values += [margin * 1.001, margin * 0.999, float(np.nextafter(margin, np.inf)), -margin] * 4
        made.content["margin"] = random.choice(values)


def _changed_bytes(random: Random, content: bytes) -> bytes:
    start = random.randrange(len(content) + 1)
    length = random.choice((0, 1, 4, 8, 100))
    how = random.choice(("cut", "end", "flip", "put", "again", "header"))
    if how == "header":
        return struct.pack("<Q", random.choice((0, 1, 2**32, 2**63, 2**64 - 1))) + content[8:]
    middle = {
        "cut": b"",
        "end": b"",
        "flip": bytes(byte ^ (1 << random.randrange(8)) for byte in content[start : start + length]),
        "put": random.randbytes(length) + content[start : start + length],
        "again": 2 * content[start : start + length],
    }[how]
    return content[:start] + middle + (b"" if how == "end" else content[start + length :])


CHANGES: dict[Change, int] = {
    lambda random, made: change_structure(random, made.content): 4,
    lambda random, made: change_number(random, made.content): 5,
    lambda random, made: change_all_numbers(random, made.content): 3,
    _weight: 5,
    _task: 1,
    _machine: 2,
    _margin: 1,
    _loud: 1,
}
"""With how often each is chosen."""
