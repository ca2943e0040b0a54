"""Testing a network where its task is hard."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from ripplecarry.errors import ConfigurationError
from ripplecarry.evaluation.exactness import Exactness
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import EngineOption, Option, Report, Say, StoreOption, verb

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, repr=False)
class Evaluated(Exactness):
    """What was tried, and where it is kept."""

    name: str | None
    """A run's id, or what a file is called; None for a module or function, which is kept nowhere."""
    folder: Path | None
    is_kept: bool
    """Whether it was written there; a shallower evaluation does not replace a deeper one."""
    first_error: str | None
    """Why an adder first gave no answer, if it ever did."""

    def _line(self) -> str:
        failed = f"; the adder gave no answer: {self.first_error}" if self.first_error else ""
        return super()._line() + failed


@verb
def evaluate(
    run: Annotated[
        "Run | nn.Module | Callable[[int, int], int] | Path | str | None",
        Option("A run, or a .safetensors file of weights."),
    ] = None,
    *,
    adder: Annotated[Path | str | None, Option("Python file with build_model and add.")] = None,
    lengths: Annotated[
        int | None,
        Option("Longest operands; by default 100 times the trained ones, or those of max_digits.", 1),
    ] = None,
    samples: Annotated[
        int | None, Option("Pairs per cell at most; by default 1000, or 50 for a file.", 1)
    ] = None,
    max_digits: Annotated[
        int | None, Option("Digits that a file or weights are made for; by default 10.", 1)
    ] = None,
    time_limit: Annotated[
        int | None, Option("Seconds for the code of a file, module or function; by default 600.", 1, 10**6)
    ] = None,
    nonlinearity: Annotated[
        Literal["tanh", "relu"], Option("Of a file's RNN, which does not say; relu takes PyTorch.")
    ] = "tanh",
    engine: EngineOption = "auto",
    store: StoreOption = DEFAULT_STORE,
    say: Say = lambda words: None,
    report: Report = lambda num_digits, total: None,
) -> Evaluated:
    """How exact a network is where its task is hard: by length and longest run, on hard cases, and by a
    search for a wrong answer where there are logits.

    The result is kept in the store, but for that of a module or function.

    Args:
        run: from Python also a PyTorch module that takes digits, least significant first, as the report's
            networks do; or a function of two integers.
        say: told what is done with a file.
        report: told how many digits were answered since the last time, and how many there are.
    Raises:
        ConfigurationError: options that do not fit together.
        StoreError: no such run, a damaged one, or a file without weights.
    """
    from ripplecarry.evaluation.adder_file import load_adder
    from ripplecarry.runs.evaluating import TIME_LIMIT_S, Evaluation, keep
    from ripplecarry.runs.imported_run import read_state_dict
    from ripplecarry.user_code import TimeLimit

    if (run is None) == (adder is None):
        raise ConfigurationError("give a run, or adder=FILE.py; one of them")
    run_store, name, is_of_run = Store(store), None, False
    is_file = isinstance(run, Path | str) and (Path(run).suffix == ".safetensors" or os.path.isfile(run))
    if is_file and Path(str(run)).suffix == ".py":
        raise ConfigurationError(f"{run} is a Python file, not a run; adder={run} tests it")
    if nonlinearity != "tanh" and not is_file:
        raise ConfigurationError(f"nonlinearity is {nonlinearity}; it is for files of weights")
    limit, is_run = TimeLimit(time_limit or TIME_LIMIT_S), isinstance(run, Run | Path | str)
    if is_run and time_limit is not None:
        raise ConfigurationError("time_limit is for the code of others; a run has none")
    if adder is not None:
        path = Path(adder)
        content = _content(path)
        if content:
            say(f"running the code of {path}; none of its claims is believed")
        plan = Evaluation.of_other(load_adder(path, limit), max_digits, lengths, samples, limit)
        # Many a file is called adder.py.
        name = f"{path.stem}-{hashlib.sha256(content).hexdigest()[:8]}"
    elif is_file and nonlinearity == "relu":
        path = Path(str(run))
        plan = Evaluation.of_relu(read_state_dict(path, max_digits), lengths, samples)
        say(f"{path} is read as an RNN with ReLU")
        name = f"{path.stem}-relu-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
    elif isinstance(run, Run | Path | str):
        if is_file:
            subject = read_state_dict(Path(str(run)), max_digits).stored(run_store, say)
        elif max_digits is not None:
            raise ConfigurationError("max_digits is for files; a run knows what it was trained on")
        else:
            subject = find_run(run, store)
        name, is_of_run = subject.id, True
        plan = Evaluation.of_run(subject, engine_of(subject, engine), run_store, lengths, samples)
    else:
        assert run is not None
        plan = Evaluation.of_other(run, max_digits, lengths, samples, limit)
    total = plan.num_digits
    found = plan.measure(lambda num_digits: report(num_digits, total))
    folder = None if name is None else run_store.evaluation_folder(name)
    is_kept = folder is not None and keep(
        found, folder, {"adder": name, "lengths": plan.lengths}, is_of_run=is_of_run
    )
    if folder is not None and not is_kept:
        say("the store keeps an earlier evaluation, which tested longer numbers, or more of them")
    return Evaluated(
        **vars(found),
        name=name,
        folder=folder,
        is_kept=is_kept,
        first_error=getattr(plan.adder, "first_error", None),
    )


def _content(path: Path) -> bytes:
    """A file of code; empty where there is none, which loading it tells."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
