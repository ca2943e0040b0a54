"""The run that a caller means."""

from pathlib import Path

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store


def find_run(run: Run | Path | str, store: Path | str) -> Run:
    """A run as it is given, or the one that this names in the store.

    Raises:
        ConfigurationError: what can be none of these.
        StoreError: no such run, several, or a damaged one.
    """
    if isinstance(run, Run):
        return run
    if not isinstance(run, Path | str):
        raise ConfigurationError(f"{run!r} is no run; give a run, its id or its folder")
    return Store(store).find(str(run)).verify()
