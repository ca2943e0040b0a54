"""How strongly a network forgets: how a small difference between its states shrinks over positions."""

from dataclasses import dataclass

NUM_POSITIONS = 8
"""The length of the longest words searched."""


@dataclass(frozen=True)
class Forgetting:
    """An estimate by search; `ratios[k - 1]` is the largest over k positions."""

    ratios: tuple[float, ...]

    @property
    def factor(self) -> float:
        """The largest over the longest words searched."""
        return self.ratios[-1]

    @property
    def rate(self) -> float:
        """The mean factor of one position over the longest words searched."""
        return self.factor ** (1 / len(self.ratios))

    @property
    def forgets(self) -> bool:
        """Whether differences shrink over the longest words searched, whichever the word."""
        return self.factor < 1

    @property
    def sentence(self) -> str:
        """The estimate in words."""
        verdict = "it forgets" if self.forgets else "it may not forget"
        return (
            f"{verdict}: a small difference between states grows at most {self.factor:.2g}-fold over "
            f"{len(self.ratios)} positions, in the worst of the words tried (an estimate, no proof)"
        )
