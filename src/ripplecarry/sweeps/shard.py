"""A part of a sweep, for schedulers that start the same command many times."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import RunRequest


@dataclass(frozen=True)
class Shard:
    """One of `count` parts, counted from 1; together they are the whole, and none shares a run."""

    number: int
    count: int

    @classmethod
    def read(cls, text: str) -> "Shard":
        """From words such as 3/16.

        Raises:
            ConfigurationError: other words, or a part that there is not.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ConfigurationError(f"shard is {text!r}; it must be like 3/16, the first number from 1 up")
        return cls(int(found[1]), int(found[2]))

    def of(self, requests: Sequence[RunRequest]) -> list[RunRequest]:
        """Its runs: every shard gets about as much work, whatever the order that they are given in."""
        ordered = sorted(set(requests), key=lambda request: (-request.trial.cost, request.id))
        return ordered[self.number - 1 :: self.count]
