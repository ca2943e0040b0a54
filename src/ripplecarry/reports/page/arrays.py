"""Arrays as text, for the page's scripts to decode."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np

TYPES = {"float16": "<f2", "float32": "<f4", "uint8": "<u1", "uint16": "<u2", "uint32": "<u4"}

Text = dict[str, object]


def text_of_array(array: np.ndarray, kind: str) -> Text:
    """An array's numbers in row-major order, in base64.

    Args:
        kind: one of `TYPES`, to which the numbers are rounded.
    """
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array.astype(TYPES[kind]))
    return {"kind": kind, "base64": base64.b64encode(numbers.tobytes()).decode()}


def text_of_weights(weights: Mapping[str, np.ndarray], names: Sequence[str], kind: str) -> Text:
    """All parameters concatenated, in the order of `names`."""
    return text_of_array(np.concatenate([weights[name].ravel() for name in names]), kind)
