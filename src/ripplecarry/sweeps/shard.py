"""A part of a sweep, for schedulers that start the same command many times."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import RunRequest


@dataclass(frozen=True)
class Shard:
    """One of `count` disjoint parts, counted from 1, that together make the whole sweep."""

    number: int
    count: int

    @classmethod
    def read(cls, text: str) -> "Shard":
        """The shard written as, for example, 3/16.

        Raises:
            ConfigurationError: it is malformed, or there is no such part.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ConfigurationError(
                f"shard is {text!r}; it must be like 3/16, with the first number from 1 to the second"
            )
        return cls(int(found[1]), int(found[2]))

    def of(self, requests: Sequence[RunRequest]) -> list[RunRequest]:
        """The shard's runs: every shard gets about the same cost, whatever their order."""
        ordered = sorted(set(requests), key=lambda request: (-request.trial.cost, request.id))
        return ordered[self.number - 1 :: self.count]
