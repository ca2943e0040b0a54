"""Weights from the bytes of any safetensors file."""

import json

import safetensors.numpy
from safetensors import SafetensorError

from ripplecarry.networks.initial_values import Weights


def read_weights(content: bytes) -> Weights:
    """The arrays by name.

    Raises:
        ValueError: the bytes are not a safetensors file, or hold a number type that NumPy lacks.
    """
    try:
        return safetensors.numpy.load(content)
    except KeyError as error:
        raise ValueError(f"numbers of type {error} cannot be read") from None
    except (SafetensorError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(" ".join(str(error).split())) from None


def write_weights(weights: Weights, cell: str) -> bytes:
    """A safetensors file that names the cell among its metadata."""
    return safetensors.numpy.save(weights, {"cell": cell})


def read_cell(content: bytes) -> str | None:
    """The cell that a file names which `read_weights` has read; None where it names none."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header.get("__metadata__", {}).get("cell")


def shown_shape(shape: tuple[int, ...] | None) -> str:
    """A shape in words."""
    return "missing" if shape is None else "x".join(map(str, shape)) or "a single number"
