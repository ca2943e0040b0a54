"""Finding a run in a store by what a person types."""

import os
from contextlib import suppress
from pathlib import Path

from ripplecarry.errors import StoreError
from ripplecarry.runs.listing import ids_with
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import is_run_id
from ripplecarry.runs.store import Store


def find(store: Store, name: str) -> Run:
    """A run by its folder, its id, any beginning of the id that no other run shares, or its settings.

    Args:
        name: `last` is the run that finished last; `cell=gru,seed=3` the only one with these values in
            the listing's columns.
    Raises:
        ConfigurationError: a setting that runs do not have.
        StoreError: no run matches, several do, or it is damaged.
    """
    if name == "last":
        matches = _last(store)
    elif os.path.isdir(name):  # False for names that no folder can have
        return Run.open(Path(name))
    elif is_run_id(name) and store.has(name):
        return store.open(name)
    elif "=" in name:
        matches = ids_with(name, store.rows()[0])
    else:
        matches = [known for known in store.ids() if known.startswith(name)]
    if len(matches) == 1:
        return store.open(matches[0])
    if matches:
        shown = ", ".join(matches[:4]) + (", …" if len(matches) > 4 else "")
        raise StoreError(
            f"{name!r} fits {len(matches)} runs: {shown}; give a whole id, or settings that only "
            "one of them has, as in cell=gru,seed=3"
        )
    if not (store.root / "runs").is_dir():
        raise StoreError(
            f"no run {name!r}: there is no store at {store.root}; `ripplecarry study` and `train` make one"
        )
    raise StoreError(
        f"no run {name!r} in {store.root}, nor a folder of that name; "
        f"`ripplecarry runs` lists what there is (runs: {len(store.ids())})"
    )


def _last(store: Store) -> list[str]:
    """The run whose description was written last, if there is any."""
    written = []
    for run_id in store.ids():
        with suppress(OSError):
            status = os.stat(store.run_folder(run_id) / "state.json")
            written.append((status.st_mtime_ns, run_id))
    return [max(written)[1]] if written else []
