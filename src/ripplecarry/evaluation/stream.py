"""A network's answers to operands of any length, in constant memory."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, Int64, UInt8
from ripplecarry.engines.engine import Computation
from ripplecarry.errors import InputError
from ripplecarry.networks.architecture import Architecture

PIECE_POSITIONS = 2**16
"""Number of positions read and answered at a time."""

SHORT_POSITIONS = 1024
"""Operands that need at most this many positions are answered in batches."""

BATCH_POSITIONS = 2**17
"""At most this many positions are answered in a batch, padding included."""


@runtime_checkable
class Digits(Protocol):
    """A number from which any stretch of digits can be read, least significant first."""

    @property
    def length(self) -> int: ...

    def digits(self, start: int, stop: int) -> UInt8[np.ndarray, " position"]:
        """The digits at positions `start` up to but not including `stop`; zeros beyond the number."""
        ...


class Piece(NamedTuple):
    """Consecutive positions of one addition."""

    operands: UInt8[np.ndarray, "position operand"]
    answers: UInt8[np.ndarray, " position"]


class NetworkSums:
    """A network's sums, or its answers to another task.

    The network reads the longest operand's digits and as many zeros after them as bring the task's machine
    back to its initial state from any other, so that a sum's last carry has its place: one for two
    operands. There are none where zeros do not bring it back, as for a borrow.
    """

    def __init__(self, network: Computation, architecture: Architecture, task: Task) -> None:
        self.task = task
        self.base = task.base
        self.num_operands = task.num_operands
        self.network = network
        self._extra = _zeros_needed(task.machine)
        # An engine may store a few hundred floats per unit and position. Small pieces stay in cache:
        # with two layers of 64 units, a thousand positions are faster than more or fewer.
        self.positions_per_feed = int(
            np.clip(2**17 // (architecture.layers * architecture.hidden_size), 1, 1024)
        )

    def num_positions(self, lengths: Int64[np.ndarray, "row operand"]) -> Int64[np.ndarray, " row"]:
        """The number of positions that the network reads for operands of these lengths."""
        return lengths.max(axis=1) + self._extra

    def stream(self, operands: Sequence[Digits]) -> Iterator[Piece]:
        """The answers for one number per operand, least significant digit first.

        Raises:
            InputError: the network's logits are not numbers.
        """
        stream = self.network.stream()
        end = max(operand.length for operand in operands) + self._extra
        for start in range(0, end, PIECE_POSITIONS):
            stop = min(start + PIECE_POSITIONS, end)
            digits = np.stack([operand.digits(start, stop) for operand in operands], axis=1)
            answers = [
                _largest(stream.feed(digits[begin : begin + self.positions_per_feed]))
                for begin in range(0, stop - start, self.positions_per_feed)
            ]
            yield Piece(digits, np.concatenate(answers))

    def answer(
        self, operands: UInt8[np.ndarray, "row position operand"], num_positions: Int64[np.ndarray, " row"]
    ) -> UInt8[np.ndarray, "row position"]:
        """The answers of a batch; zero beyond each row's own positions, so no row depends on others.

        Raises:
            InputError: the network's logits are not numbers.
        """
        answers = _largest(self.network.logits(operands))
        answers[np.arange(operands.shape[1]) >= num_positions[:, None]] = 0
        return answers


def batches(num_positions: Int64[np.ndarray, " row"]) -> Iterator[Int64[np.ndarray, " row"]]:
    """Groups of rows of similar length, each of bounded size when padded to its longest row."""
    order = np.argsort(num_positions, kind="stable")
    while order.size:
        longest = num_positions[order[:BATCH_POSITIONS]]
        num_rows = max(1, int((longest * np.arange(1, longest.size + 1) <= BATCH_POSITIONS).sum()))
        yield order[:num_rows]
        order = order[num_rows:]


def _zeros_needed(machine: Machine) -> int:
    states, count = set(machine.reachable_states()), 0
    while states != {0}:
        after = {int(machine.next_state[state, 0]) for state in states}
        if not after < states:
            return 0
        states, count = after, count + 1
    return count


def _largest(logits: Float[np.ndarray, "*batch output"]) -> UInt8[np.ndarray, "*batch"]:
    if np.isnan(logits).any():
        raise InputError("the network's logits are not numbers, so it has no answer; use another run")
    return logits.argmax(axis=-1).astype(np.uint8)
