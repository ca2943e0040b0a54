"""The parts of a certificate changed by chance: its structure, and the ends of its boxes."""

import copy
from random import Random
from typing import Any

import numpy as np

ODD_VALUES = (
    None, True, False, 0, 1, -1, 2, 10**30, -(2**63), 0.0, -0.0, 0.5, 1.0, 1e-300, 5e-324, -1.7e308, 1e999,
    float("nan"), float("-inf"), "", "0", "1.0", "NaN", "nan", "ripplecarry certificate 3",
    [], {}, [0.0], [[]], {"low": [], "high": []},
)  # fmt: skip
ODD_KEYS = (
    "", "0", "00", "2", "-1", "low", "high", "drive", "kept", "hidden", "memory", "x", "task", "\ud800",
)  # fmt: skip


def _path(random: Random, tree: Any) -> tuple[Any, Any]:
    """A container somewhere in the tree and one of its keys."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key = random.choice(keys)
        if not isinstance(tree[key], dict | list) or not tree[key] or random.random() < 0.15:
            return tree, key
        tree = tree[key]


def change_structure(random: Random, content: Any) -> None:
    """One part replaced, removed, put inside another, doubled, renamed, exchanged or of another type."""
    if not isinstance(content, dict) or not content:
        return
    parent, key = _path(random, content)
    value = parent[key]
    how = random.choice(("replace", "remove", "nest", "double", "add", "rename", "exchange", "type"))
    if how == "replace":
        parent[key] = copy.deepcopy(random.choice(ODD_VALUES))
    elif how == "remove":
        del parent[key]
    elif how == "nest":
        parent[key] = random.choice(([value], {"low": value}, {str(key): value}))
    elif how == "type":
        parent[key] = random.choice((str(value), [value], bool(value), repr(value)))
        if isinstance(value, int | float) and abs(value) < 1e300:
            parent[key] = random.choice((int(value), float(value), str(value)))
    elif how == "exchange":
        other, place = _path(random, content)
        if other is not value and parent is not other[place]:
            parent[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(value)
    elif isinstance(parent, list):
        parent.insert(key, copy.deepcopy(value if how == "double" else random.choice(ODD_VALUES)))
    else:
        parent[random.choice(ODD_KEYS)] = copy.deepcopy(
            value if how == "double" else random.choice(ODD_VALUES)
        )
        if how == "rename":
            del parent[key]


def _boxes(content: Any) -> list[dict[str, list[float]]]:
    """Those that earlier changes have left in the certificate."""
    found = [content]
    for value in found:
        if isinstance(value, dict | list):
            found += value.values() if isinstance(value, dict) else value
    return [box for box in found if isinstance(box, dict) and _is_a_box(box)]


def _is_a_box(box: dict[str, Any]) -> bool:
    ends = [box.get(end) for end in ("low", "high")]
    return all(isinstance(end, list) and end and all(type(x) is float for x in end) for end in ends)


def change_number(random: Random, content: Any) -> None:
    """One end of one interval."""
    boxes = _boxes(content)
    if not boxes:
        return
    box = random.choice(boxes)
    unit = random.randrange(min(len(box["low"]), len(box["high"])))
    end = random.choice(("low", "high"))
    value = box[end][unit]
    away, inwards = (-np.inf, np.inf) if end == "low" else (np.inf, -np.inf)
    gap = box["high"][unit] - box["low"][unit]
    other = box["high" if end == "low" else "low"][unit]
    box[end][unit] = random.choice(
        (
            -value, other, 0.0, 1.7e308, -1.7e308, 1e999, float("nan"), 5e-324,
            value * random.choice((0.5, 0.99, 2)),
            float(np.nextafter(value, away)), float(np.nextafter(value, inwards)), round(value, 3),
            value + random.uniform(-1, 1) * gap, value + np.sign(away) * random.uniform(0, 0.05) * gap,
        )
    )  # fmt: skip
    if random.random() < 0.1:
        box["low"][unit], box["high"][unit] = box["high"][unit], box["low"][unit]


def change_all_numbers(random: Random, content: Any) -> None:
    """Every interval of one box, or of all."""
    boxes = _boxes(content)
    by = random.choice((0.0, 0.3, 0.9, 0.99, 1 - 2.0**-40, 1 + 2.0**-40, 1.01, 1.05, 1.2, 3.0, 1e300))
    shift = random.choice((0.0, 0.0, random.uniform(-0.01, 0.01)))
    for box in boxes if random.random() < 0.5 else boxes[:1]:
        for unit, (low, high) in enumerate(zip(box["low"], box["high"], strict=False)):
            middle = low / 2 + high / 2
            box["low"][unit], box["high"][unit] = (
                middle + shift + by * (end - middle) for end in (low, high)
            )
