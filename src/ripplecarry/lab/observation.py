"""What is read off a network while it trains."""

from collections.abc import Callable
from dataclasses import replace

from ripplecarry.arithmetic.batches import EXTRA_POSITIONS
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Computation
from ripplecarry.evaluation.exact_match import score
from ripplecarry.lab.trial import Trial

NUM_PAIRS = 1000
"""Fresh operand tuples per reading, as in the report."""

REPORT_DIGITS = 9
"""The report read its accuracy on numbers of so many digits whatever the training length."""


def observer(trial: Trial, seed: int) -> Callable[[Computation, int], dict[str, float]]:
    """Reads exact match and digit accuracy at the training length and on 9-digit operands."""
    at_training_length = trial.batches(seed, Stream.EVALUATION, NUM_PAIRS)
    at_nine = replace(
        at_training_length,
        digits=REPORT_DIGITS,
        positions=REPORT_DIGITS + EXTRA_POSITIONS,
        stream=Stream.EVALUATION_AT_NINE_DIGITS,
    )
    is_same = replace(at_nine, stream=Stream.EVALUATION) == at_training_length

    def observe(network: Computation, step: int) -> dict[str, float]:
        here = score(network, at_training_length.draw(step))
        nine = here if is_same else score(network, at_nine.draw(step))
        return {
            "exact_match": here.exact_match,
            "digit_accuracy": here.digit_accuracy,
            "exact_match_at_9": nine.exact_match,
            "digit_accuracy_at_9": nine.digit_accuracy,
        }

    return observe
