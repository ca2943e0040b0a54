"""Weights from the bytes of any safetensors file."""

import json

import safetensors.numpy
from safetensors import SafetensorError

from ripplecarry.networks.initial_values import Weights

_OF_TORCH = (b"PK\x03\x04", b"\x80\x02")
"""How the files of torch.save begin: as an archive, or as a pickle in versions before 1.6."""


def read_weights(content: bytes) -> Weights:
    """The arrays by name.

    Raises:
        ValueError: the bytes are not a safetensors file, or hold a number type that NumPy lacks.
    """
    if content.startswith(_OF_TORCH):
        raise ValueError(
            "torch.save wrote it, and reading such a file may run code; write one that can be read with "
            "`safetensors.torch.save_file(model.state_dict(), 'net.safetensors')`"
        )
    try:
        return safetensors.numpy.load(content)
    except KeyError as error:
        raise ValueError(f"numbers of type {error} cannot be read") from None
    except (SafetensorError, OverflowError, TypeError, ValueError):
        raise ValueError("it is no safetensors file, or a damaged one") from None


def write_weights(weights: Weights, cell: str) -> bytes:
    """A safetensors file that names the cell among its metadata."""
    return safetensors.numpy.save(weights, {"cell": cell})


def read_metadata(content: bytes) -> dict[str, str]:
    """The texts by name beside the arrays of a file which `read_weights` has read."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header.get("__metadata__") or {}


def read_cell(content: bytes) -> str | None:
    """The cell that a file names which `read_weights` has read; None where it names none."""
    return read_metadata(content).get("cell")


def shown_shape(shape: tuple[int, ...] | None) -> str:
    """A shape in words."""
    return "missing" if shape is None else "x".join(map(str, shape)) or "a single number"
