"""Accuracy at lengths beyond the training length, as the literature on state tracking scores it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ripplecarry.arithmetic.batches import BatchSource
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.evaluation.adders import Answers

SHORTEST, LONGEST = 41, 500
"""The tested lengths of Delétang et al. 2023, who train on lengths up to 40."""

_LENGTHS = 24
_SEQUENCES = 100


@dataclass(frozen=True)
class LengthScore:
    """Answers to random operands of one length."""

    length: int
    num_operands: int
    exact_match: float
    """The share of operands whose answers are all right."""
    accuracy: float
    """The share of all answers that are right."""
    last_accuracy: float
    """The share of operands whose last answer is right."""


@dataclass(frozen=True)
class LengthGeneralisation:
    """Scores by length, and their means over the lengths, each of which counts the same."""

    by_length: tuple[LengthScore, ...]

    @property
    def sentence(self) -> str:
        """The means in words."""
        first, last = self.by_length[0].length, self.by_length[-1].length
        return (
            f"random inputs of {first} to {last} symbols, mean over {len(self.by_length)} lengths: "
            f"exact match {self.exact_match:.3f}, accuracy {self.accuracy:.3f}, "
            f"accuracy of the last answer {self.last_accuracy:.3f}"
        )

    def as_dict(self) -> dict[str, object]:
        """For programs: the means, and the scores by length."""
        return {
            "exact_match": self.exact_match,
            "accuracy": self.accuracy,
            "last_accuracy": self.last_accuracy,
            "by_length": [asdict(score) for score in self.by_length],
        }

    @property
    def exact_match(self) -> float:
        return self._mean("exact_match")

    @property
    def accuracy(self) -> float:
        return self._mean("accuracy")

    @property
    def last_accuracy(self) -> float:
        """The score of Delétang et al. 2023 for tasks whose answer is one symbol."""
        return self._mean("last_accuracy")

    def _mean(self, name: str) -> float:
        return float(np.mean([getattr(score, name) for score in self.by_length]))


def spread_lengths(shortest: int = SHORTEST, longest: int = LONGEST, count: int = _LENGTHS) -> list[int]:
    """Lengths at equal distances, the ends included."""
    return np.unique(np.linspace(shortest, longest, count).round().astype(int)).tolist()


def length_generalisation(
    network: Answers,
    task: Task,
    seed: int,
    lengths: Sequence[int] | None = None,
    num_operands: int = _SEQUENCES,
    report: Callable[[int], None] = lambda num_positions: None,
) -> LengthGeneralisation:
    """A network's accuracy on uniform operands of each length.

    Args:
        lengths: by default some from 41 to 500, where the source has all of them.
        report: called after each length with its number of positions.

    Source: Delétang et al. 2023, "Neural networks and the Chomsky hierarchy": the accuracy at a length is
    averaged over the symbols of the answer; the score is its mean over the lengths from 41 to 500.
    """
    scores = []
    for number, length in enumerate(spread_lengths() if lengths is None else lengths):
        positions = length + task.extra_positions
        stream = Stream.EVALUATION_AT_OTHER_LENGTHS
        batch = BatchSource(task, length, positions, num_operands, seed, stream).draw(number)
        is_right = network.answers(batch.operands) == batch.answers
        shares = is_right.all(axis=1).mean(), is_right.mean(), is_right[:, -1].mean()
        scores.append(LengthScore(length, num_operands, *map(float, shares)))
        report(num_operands * positions)
    return LengthGeneralisation(tuple(scores))
