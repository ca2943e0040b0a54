"""What is read off a network while it trains."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from ripplecarry.arithmetic.batches import EXTRA_POSITIONS, BatchSource
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.configuration import Configuration
from ripplecarry.engines.engine import Computation
from ripplecarry.evaluation.exact_match import Score, score

NUM_PAIRS = 1000
"""Fresh operand tuples per reading, as in the report."""

REPORT_DIGITS = 9
"""The report read its accuracy on numbers of so many digits whatever the training length."""

Observe = Callable[[Computation, int], dict[str, float]]


class Readings(Configuration):
    """What is read off besides the training length and the report's 9 digits."""

    read_at: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Read exact match on operands of up to so many digits as well."""


def observer(at_training_length: BatchSource, readings: Readings) -> Observe:
    """Reads exact match and digit accuracy at the training length, and as `_at_N` at N digits.

    Args:
        at_training_length: operands as in training, of the stream and number for readings.
    """
    sources = {"": at_training_length} | {
        f"_at_{digits}": replace(
            at_training_length,
            digits=digits,
            positions=digits + EXTRA_POSITIONS,
            stream=Stream.EVALUATION_AT_OTHER_LENGTHS,
        )
        for digits in (REPORT_DIGITS, readings.read_at)
        if digits is not None
    }

    def observe(network: Computation, step: int) -> dict[str, float]:
        scores: dict[tuple[int, int], Score] = {}
        metrics: dict[str, float] = {}
        for suffix, source in sources.items():
            shape = (source.digits, source.positions)
            if shape not in scores:  # the training length may be one of the others
                scores[shape] = score(network, source.draw(step))
            metrics["exact_match" + suffix] = scores[shape].exact_match
            metrics["digit_accuracy" + suffix] = scores[shape].digit_accuracy
        return metrics

    return observe
