"""What a cell declares of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class CellShape:
    """The parameters of a cell's layer, what it passes on, and what knows the cell."""

    parameters: Callable[[int, int], Mapping[str, Sizes]]
    """Each parameter's shape by name, from the numbers of features and of units."""
    states: Callable[[int], tuple[Sizes, ...]]
    """The shapes of what a row of the batch passes on, from the number of units; the hidden state first."""
    known_by: frozenset[str] = frozenset()

    @property
    def num_gates(self) -> int:
        """Blocks of rows of a cell in PyTorch's layout."""
        return self.parameters(1, 1)["weight_ih"][0]
