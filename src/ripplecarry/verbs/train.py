"""Training one network."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from ripplecarry.arithmetic.philox import MAX_SEED
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError, DamageError, Interrupted
from ripplecarry.files import read_whole
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.events import Listener, StopRequest
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.sweeps.training import starting_run
from ripplecarry.verbs.find_run import find_own_run
from ripplecarry.verbs.parameters import EngineOption, Option, StoreOption, verb

_MOST_CONFIGURATION_BYTES = 2**20
"""Room for a machine's tables."""
_MOST_DOTS_IN_A_LINE = 64
"""Python's reader takes minutes for a key of many thousand parts."""


@verb
def train(
    *,
    seed: Annotated[int, Option("Initial values, operands and readings follow from it.", 0, MAX_SEED)] = 0,
    config: Annotated[Path | str | None, Option("TOML file of settings.")] = None,
    engine: EngineOption = "auto",
    store: StoreOption = DEFAULT_STORE,
    listener: Listener | None = None,
    stop: StopRequest | None = None,
    **settings: Any,
) -> Run:
    """One run; taken from the store where it already is, resumed where it was begun.

    Args:
        settings: a trial's settings, such as cell="gru", layers=2, digits=9, steps=1000; they override
            those of the file.
    Raises:
        ConfigurationError: settings that are unknown, out of range or do not fit together.
        StoreError: the store cannot be written.
        Interrupted: `stop` was requested.
    """
    wanted = (_read_toml(Path(config)) if config else {}) | settings
    run_store = Store(store)
    if wanted.get("start_from") is not None:
        wanted["start_from"] = find_own_run(wanted["start_from"], run_store).id
    trial = Trial.build(wanted)
    if problems := trial.without_effect(wanted):
        raise ConfigurationError("; ".join(problems))
    if trial.certify and engine not in ("auto", "torch"):
        raise ConfigurationError("certify takes PyTorch; say engine=torch, or leave it out")
    asked = engine if engine == "auto" else open_engine(engine).name
    request = RunRequest(trial, seed, trial.engine(asked))
    listener, stop = listener or Listener(), stop or StopRequest()
    run_store.prepare()
    if trial.cell_code is not None and not run_store.has(request.id):
        _try_cell(request)
    if not run_store.has(request.id):
        starting_run(trial, run_store)
    listener.planned([request])
    try:
        run = execute_run(request, run_store, is_stopped=stop.is_made, report=listener.progressed)
    except (DamageError, Interrupted):
        raise
    except Exception as error:
        listener.failed(request, error)
        raise
    listener.finished(request)
    return run


def _try_cell(request: RunRequest) -> None:
    """Builds the network of a cell from a file: what is wrong with its code is bad input.

    Raises:
        ConfigurationError: a parameter that no training would change, too.
    """
    from ripplecarry.networks.adder import Adder

    trial, task = request.trial, request.trial.build_task()
    network = Adder.build(trial, task, initial_weights(trial, task, request.seed))
    if unreached := network.parameters_without_gradient():
        raise ConfigurationError(
            f"no gradient reaches {', '.join(unreached)}; `step` of the cell must compute with PyTorch's "
            "operations from the weights, the input and the state, without detach or numpy"
        )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = read_whole(path, _MOST_CONFIGURATION_BYTES).decode("utf-8-sig")
        if max(line.count(".") for line in [*text.splitlines(), ""]) > _MOST_DOTS_IN_A_LINE:
            raise ConfigurationError(f"{path} has a line of over {_MOST_DOTS_IN_A_LINE} dots")
        settings = tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # of TOML, of its encoding, of its numbers
        raise ConfigurationError(f"{path} is not a TOML file: {error}") from None
    for name in ("seed", "engine", "store"):
        if name in settings:
            raise ConfigurationError(f"{path} has {name}, which is given beside the file, as --{name}")
    return settings
