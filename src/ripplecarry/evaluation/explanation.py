"""Where an adder goes wrong, in a sentence made from counts of right answers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from ripplecarry.evaluation.exact_match import share_interval
from ripplecarry.evaluation.grid import GridCell


@dataclass(frozen=True)
class HardCount:
    """How many hard cases of one name and length are answered right."""

    name: str
    length: int
    num_pairs: int
    num_exact: int


@dataclass(frozen=True)
class _Count:
    """Answers at one size: a length, or a longest run."""

    size: int
    num_pairs: int
    num_exact: int
    is_exhaustive: bool

    @property
    def is_right(self) -> bool:
        return self.num_exact == self.num_pairs

    @property
    def words(self) -> str:
        """The count, with the share's interval."""
        share = f"{self.num_exact:,} of {self.num_pairs:,} right"
        if self.is_exhaustive:
            return f"{share}, all there are"
        low, high = share_interval(self.num_exact, self.num_pairs)
        return f"{share}, 95 % interval {low:.3f} to {high:.3f}"


def explain(cells: Sequence[GridCell], hard: Sequence[HardCount] = (), digit_word: str = "digit") -> str:
    """Up to which length and longest run of each kind everything tested is right, and from where on it is
    wrong, with the share and its interval at the first size that fails.

    Args:
        cells: the grid; of several networks together, cells may repeat.
        hard: the hard cases, whose names say what else fails.
        digit_word: what a length counts.
    """
    if not cells:
        return ""
    kinds = dict.fromkeys(cell.kind for cell in cells)
    by_kind = {kind: [cell for cell in cells if cell.kind == kind] for kind in kinds}
    by_length = [_counts(mine, lambda cell: cell.length) for mine in by_kind.values()]
    parts = [f"by length: {_along(_worst(by_length), digit_word)}"]
    parts += [
        f"by longest {kind} run: {_along(_counts(mine, lambda cell: cell.run), 'position')}"
        for kind, mine in by_kind.items()
    ]
    names = {each.name: True for each in hard}
    names |= {each.name: False for each in hard if each.num_exact < each.num_pairs}
    wrong = [name for name, is_right in names.items() if not is_right]
    if names:
        parts.append(f"hard cases: {f'wrong on {_listed(wrong)}' if wrong else 'all right'}")
    return f"{'Answers' if 'reset-free' in kinds else 'Sums'} {'; '.join(parts)}."


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _counts(cells: Iterable[GridCell], size: Callable[[GridCell], int]) -> list[_Count]:
    by_size: dict[int, list[GridCell]] = {}
    for cell in cells:
        by_size.setdefault(size(cell), []).append(cell)
    return [
        _Count(
            each,
            sum(cell.num_pairs for cell in mine),
            sum(cell.num_exact for cell in mine),
            all(cell.is_exhaustive for cell in mine),
        )
        for each, mine in sorted(by_size.items())
    ]


def _worst(counts: Iterable[Sequence[_Count]]) -> list[_Count]:
    """Of each size the count with the smallest share; kinds of runs sort the same pairs anew."""
    by_size: dict[int, list[_Count]] = {}
    for count in chain(*counts):
        by_size.setdefault(count.size, []).append(count)
    return [min(each, key=lambda one: one.num_exact / one.num_pairs) for _, each in sorted(by_size.items())]


def _along(counts: Sequence[_Count], unit: str) -> str:
    failing = [count for count in counts if not count.is_right]
    if not failing:
        return f"right up to {_size(counts[-1], unit)}, the most tested"
    first = failing[0]
    place = counts.index(first)
    longer, others = len(counts) - place - 1, len(failing) - 1
    at = f"at {first.size:,}" if place else f"at {_size(first, unit)}" if first.size else "even without one"
    if not others:
        where = f"wrong {at}" + (" alone" if longer else "")
    elif others == longer:
        where = f"wrong from {at.removeprefix('at ')} on" if first.size else "wrong at every size"
    else:
        where = f"wrong {at}{'' if first.size else ','} and at {others} of the {longer} longer ones tested"
    up_to = f"right up to {_size(counts[place - 1], unit)}, " if place else ""
    return f"{up_to}{where} (there {first.words})"


def _size(count: _Count, unit: str) -> str:
    return f"{count.size:,} {unit}{'' if count.size == 1 else 's'}"
