"""Making a run of a file of weights."""

from pathlib import Path
from typing import Annotated

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.values import shown
from ripplecarry.verbs.parameters import Option, Say, StoreOption, verb


@verb
def import_run(
    file: Annotated[Path | str, Option("A .safetensors file of weights.")],
    *,
    digits: Annotated[
        int | None,
        Option("Digits that the network was trained on; by default 10, or as the playground says.", 1),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    say: Say = lambda words: None,
) -> Run:
    """The store's run with a file's weights, new if there is none.

    A file of the playground becomes the run that the page trained, with its settings, seed and readings.
    Nothing else is known of how other weights were trained.

    Args:
        say: told which run it is.
    Raises:
        ConfigurationError: digits for a file that tells them.
        StoreError: a file without weights of a network such as the report's, or one that says what cannot
            be of its training; or other weights are in the store as this run.
    """
    from ripplecarry.runs.imported_run import read_state_dict

    if not isinstance(file, Path | str):
        raise ConfigurationError(f"{shown(file)} is no file; give the path of one")
    return read_state_dict(Path(file), digits).stored(Store(store), say)
