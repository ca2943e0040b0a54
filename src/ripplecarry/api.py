"""The Python interface: the same verbs as the command line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pandas as pd

from ripplecarry.claims.claim import Verdict
from ripplecarry.claims.study import MOST_SEEDS, Study
from ripplecarry.engines.registry import EngineName, open_engine
from ripplecarry.errors import ConfigurationError, OperandError, StoreError
from ripplecarry.evaluation.exactness import Exactness
from ripplecarry.evaluation.integer_sums import Number, add_numbers
from ripplecarry.runs.evaluating import Evaluation
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.runs.summing import open_sums
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.studies.catalogue import find_studies
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.sweeps.executors import ExecutorName
from ripplecarry.sweeps.shard import Shard
from ripplecarry.sweeps.sweep import Listener, StopRequest, SweepResult, sweep

if TYPE_CHECKING:
    from torch import nn

    from ripplecarry.sweeps.certifying import Unknown
    from ripplecarry.verification.certificate import Certificate
    from ripplecarry.verification.counterexample import Counterexample


def train(
    *,
    seed: int = 0,
    engine: EngineName = "auto",
    store: Path | str = DEFAULT_STORE,
    **settings: Any,
) -> Run:
    """One run; taken from the store where it already is, resumed where it was begun.

    Args:
        settings: a trial's settings, such as cell="gru", layers=2, digits=9, steps=1000.
    Raises:
        ConfigurationError: settings that are unknown, out of range or do not fit together.
        StoreError: the store cannot be written.
    """
    trial = Trial.build(settings)
    request = RunRequest(trial, seed, trial.engine(open_engine(engine).name))
    return execute_run(request, Store(store))


@overload
def add(run: Run, *operands: Number, engine: EngineName = "auto") -> int: ...
@overload
def add(run: Run, *operands: Sequence[Number], engine: EngineName = "auto") -> list[int]: ...
def add(run, *operands, engine="auto"):
    """The sum as this run's network answers it, right or wrong.

    Args:
        operands: as many as the run adds; each an integer of any size or an array of digits in the run's
            base, least significant first. Lists of these give a list of sums, many at a time.
    Raises:
        OperandError: operands that are negative, no integers, outside the base, too many or too few.
        ConfigurationError: a run that learned something else than addition.
    """
    sums = open_sums(_a_run(run), open_engine(engine))
    if len(operands) != sums.num_operands:
        raise OperandError(f"this run adds {sums.num_operands} numbers; {len(operands)} came")
    are_lists = [isinstance(operand, list | tuple) for operand in operands]
    if not any(are_lists):
        return add_numbers(sums, [operands])[0]
    lengths = [
        len(operand) if is_list else None for operand, is_list in zip(operands, are_lists, strict=True)
    ]
    if len(set(lengths)) > 1:
        raise OperandError(
            "operands are numbers, or lists that are all as long; mixed or of other lengths came"
        )
    return add_numbers(sums, list(zip(*operands, strict=True)))


def evaluate(
    adder: "Run | nn.Module | Callable[[int, int], int]",
    *,
    digits: int | None = None,
    longest: int | None = None,
    samples: int | None = None,
    engine: EngineName = "auto",
) -> Exactness:
    """How exact an adder is where adding is hard: by length and longest carry run and idle run, on hard
    cases, and by a search for a wrong sum where there are logits.

    Args:
        adder: a run; a PyTorch module that takes digits, least significant first, as the report's networks
            do; or a function of two integers.
        digits: what a module or function is made for, 10 unless given; a run knows.
        longest: the longest operands; 100 times `digits` for a run, `digits` for others unless given.
        samples: pairs of a cell at most; 1000, and 50 for a function, unless given.
    Raises:
        ConfigurationError: a run of another task, or digits given for a run.
    """
    for name, value in (("digits", digits), ("longest", longest), ("samples", samples)):
        if value is not None and value < 1:
            raise ConfigurationError(f"{name} is {value}; it must be at least 1")
    if isinstance(adder, Run):
        if digits is not None:
            raise ConfigurationError("digits is for modules and functions; a run knows its own")
        return Evaluation.of_run(adder, open_engine(engine), longest, samples).measure()
    return Evaluation.of_other(adder, digits, longest, samples).measure()


def certify(
    run: Run, *, polish: bool = False, store: Path | str = DEFAULT_STORE
) -> "Certificate | Counterexample | Unknown":
    """A proof that a run's network is right at every length, a wrong answer, or neither.

    Args:
        polish: where there is no proof, train a copy until there is one; the copy is a run of its own,
            which the certificate names.
    """
    from ripplecarry.sweeps.certifying import certify as certify_run
    from ripplecarry.sweeps.certifying import polish as polish_run
    from ripplecarry.verification.certificate import Certificate

    found = certify_run(_a_run(run), Store(store))
    if polish and not isinstance(found, Certificate):
        return polish_run(run, Store(store)) or found
    return found


def page(run: Run, path: Path | str | None = None, *, store: Path | str = DEFAULT_STORE) -> Path:
    """One self-contained HTML page to explore a run's network; where it was written.

    Args:
        path: the file; in the store's `pages` unless given.
        store: where a certificate and an evaluation of the run are looked for.
    Raises:
        ConfigurationError: a run that a page cannot show.
        StoreError: the page cannot be written.
    """
    from ripplecarry.reports.page.writer import write_page

    return write_page(_a_run(run), Store(store), None if path is None else Path(path))[0]


def export(
    run: Run,
    folder: Path | str | None = None,
    *,
    form: Literal["onnx", "state_dict"] = "onnx",
    store: Path | str = DEFAULT_STORE,
) -> Path:
    """A run's network as a file for other programs; where it was written.

    Args:
        folder: where to write; the store's `exports` unless given.
        form: an ONNX model of any batch and length, or a PyTorch state dict in safetensors.
    Raises:
        ConfigurationError: an unknown form, or the package onnx is not installed.
        StoreError: the file cannot be written.
    """
    from ripplecarry.runs.exports import write_onnx, write_state_dict

    forms = {"onnx": write_onnx, "state_dict": write_state_dict}
    if form not in forms:
        raise ConfigurationError(f"unknown form {form!r}; choose from {', '.join(forms)}")
    return forms[form](_a_run(run), Store(store).root / "exports" if folder is None else Path(folder))


def compare(*runs: Run) -> pd.DataFrame:
    """Runs side by side: a row a run by its id, with the settings that differ and what came of each.

    Raises:
        ConfigurationError: fewer than two runs, or one that comes twice.
    """
    from ripplecarry.reports.comparison import check_comparable, differing_settings, outcomes

    found = [_a_run(run) for run in runs]
    check_comparable(found)
    ids = pd.Index([run.id for run in found], name="run")
    return pd.DataFrame(differing_settings(found) | outcomes(found), index=ids)


def _a_run(run: Run) -> Run:
    if not isinstance(run, Run):
        raise ConfigurationError(
            f"{run!r} is no run; rc.train(…) gives one, and rc.Store().find(id) one that is there"
        )
    return run


@dataclass(frozen=True)
class StudyResult:
    """A study, its finished runs and what became of the others."""

    study: Study
    runs: Sequence[Run]
    failed: dict[str, str]
    was_interrupted: bool

    def verdicts(self) -> list[Verdict]:
        """What the runs say of each claim of the study."""
        return self.study.judge(self.runs)

    def frame(self) -> pd.DataFrame:
        """All curves: a row a step and run, with the run's id, seed and what the study varies."""
        varied = {case.trial.id: case.settings for case in self.study.cases()}
        return pd.concat(
            [run.curves.assign(run=run.id, seed=run.seed, **varied[run.trial.id]) for run in self.runs],
            ignore_index=True,
        )


def study(
    which: str | Study,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    engine: EngineName = "auto",
    store: Path | str = DEFAULT_STORE,
    executor: ExecutorName = "local",
    address: str | None = None,
) -> StudyResult:
    """A study carried out: one of ours by name, a file by path, or a Study made in place.

    Args:
        seeds: as many as the study declares unless given.
        workers: runs at a time; as many as cores unless given. With the torch engine more than one uses
            processes, so a script that calls this needs `if __name__ == "__main__":` around it.
        executor: where runs are computed: local, inline, threads, processes or ray.
        address: of a Ray cluster; one of its own on this machine unless given.
    """
    found = [which] if isinstance(which, Study) else find_studies([which])
    if len(found) != 1:
        raise ConfigurationError(f"{which!r} means {len(found)} studies; give one")
    return carry_out_studies(
        found, seeds=seeds, workers=workers, engine=engine, store=store, executor=executor, address=address
    )[0][0]


def carry_out_studies(
    studies: Sequence[Study],
    *,
    seeds: int | None = None,
    workers: int | None = None,
    engine: EngineName = "auto",
    store: Path | str = DEFAULT_STORE,
    executor: ExecutorName = "local",
    address: str | None = None,
    shard: Shard | None = None,
    listener: Listener | None = None,
    stop: StopRequest | None = None,
) -> tuple[list[StudyResult], SweepResult]:
    """Several studies in one sweep, so that the cores stay busy to the end.

    Args:
        executor: where runs are computed.
        address: of a Ray cluster; one of its own on this machine unless given.
        shard: the part of the runs to carry out; all unless given.
    """
    if address is not None and executor != "ray":
        raise ConfigurationError(f"an address is for the executor ray; the executor is {executor}")
    for name, value in (("seeds", seeds), ("workers", workers)):
        if value is not None and not 1 <= value <= MOST_SEEDS:
            raise ConfigurationError(f"{name} is {value}; it must be from 1 to {MOST_SEEDS}")
    kept, name = Store(store), open_engine(engine).name
    wanted = {s.name: s.requests(seeds or s.seeds, name) for s in studies}
    requests = [request for mine in wanted.values() for request in mine]
    if shard is not None:
        requests = shard.of(requests)
    result = sweep(
        requests,
        kept,
        num_workers=workers,
        executor=executor,
        address=address,
        listener=listener,
        stop=stop,
    )
    runs: dict[str, Run] = {}
    for run_id in result.finished:
        try:
            runs[run_id] = kept.open(run_id).verify()
        except StoreError as error:
            result.failed[run_id] = str(error)
    return [
        StudyResult(
            s,
            [runs[request.id] for request in wanted[s.name] if request.id in runs],
            {r.id: result.failed[r.id] for r in wanted[s.name] if r.id in result.failed},
            result.was_interrupted,
        )
        for s in studies
    ], result
