"""Certifying a finished run, or a copy of it that is trained until certified."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Engine
from ripplecarry.engines.reference import one_thread
from ripplecarry.errors import CertificateError, CertificateRefused, ConfigurationError, StoreError
from ripplecarry.networks.architecture import Architecture, check_known
from ripplecarry.networks.initial_values import Weights
from ripplecarry.notebook import Shown
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.proofs import check_certificate, record_acceptance
from ripplecarry.runs.readings import NUM_PAIRS
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import TRAINING, RunRequest, Trial
from ripplecarry.sweeps.execute_run import Progress, execute_run
from ripplecarry.verification.certificate import Certificate, certify_boxes, certify_sloped_boxes
from ripplecarry.verification.certify import Attempt
from ripplecarry.verification.counterexample import find_counterexample
from ripplecarry.verification.enclosures import Transitions
from ripplecarry.verification.estimate_forgetting import estimate_forgetting
from ripplecarry.verification.find_sloped_boxes import Round, find_sloped_boxes, is_small_enough
from ripplecarry.verification.forgetting import Forgetting
from ripplecarry.verification.recipes import NEAR_STEPS, POLISHING_STEPS
from ripplecarry.verification.sloped_boxes import PositionBounds
from ripplecarry.verification.trainer import look_for_invariant


@dataclass(frozen=True, repr=False)
class Unknown(Shown):
    """Neither a proof nor a counterexample was found."""

    margin: float
    num_rounds: int
    forgetting: Forgetting | None
    """None for a network that gets no estimate, such as one that is too large."""
    last_round: Round | None = None
    """Where the search for sloped boxes ended; None for networks that it is not for."""

    def _line(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """What was tried, in words."""
        estimate = f"{self.forgetting.sentence}; " if self.forgetting else ""
        along = f"; of sloped boxes {self.last_round.words}" if self.last_round else ""
        return (
            f"no invariant was found in {self.num_rounds} rounds (last margin {self.margin:.3g}), and no "
            f"wrong answer{along}; {estimate}polishing trains a copy until it is certified"
        )


def certify(
    run: Run, store: Store, engine: Engine, *, say: Callable[[str], None] = lambda words: None
) -> Certificate | Counterexample | Unknown:
    """A certificate that the checker accepts, a wrong answer, or neither.

    Args:
        engine: confirms a wrong answer.
        say: told what is being done.
    Raises:
        ConfigurationError: a cell that proofs do not cover.
    """
    check_known(run.trial.cell, by="proof")
    if store.has(run.id) and not store.owns(run):
        raise StoreError(
            f"{run.folder} lies in another store, and this one has a run of the same id; "
            "--store names the other"
        )
    path = store.certificate_path(run.id)
    if path.is_file():
        say("checking the existing certificate")
        try:
            return _stored(path, run)
        except (CertificateError, CertificateRefused) as refused:
            say(f"it is refused: {refused}")
    trial, task = run.trial, run.task
    say("searching for an invariant")
    attempt = attempt_on(trial, trial, run.weights, run.seed)
    if attempt.is_certified:
        say("checking")
        found = certify_boxes(run.id, trial, trial.cell, run.weights, attempt.sets)
        if isinstance(found, Certificate):
            return _kept(found, run, store)
    say("no invariant of boxes; searching for a wrong answer")
    with one_thread():
        network = engine.load(trial, task, run.weights)
        wrong = shortest_known(run, store, network, find_counterexample(network, trial.cell, task))
    if wrong is not None:
        return wrong
    sloped = _sloped_boxes(run, say)
    if isinstance(sloped, Certificate):
        return _kept(sloped, run, store)
    return Unknown(attempt.margin, attempt.num_rounds, forgetting_of(run, store, say), sloped)


def forgetting_of(run: Run, store: Store, say: Callable[[str], None]) -> Forgetting | None:
    """How strongly a run's network forgets, as the store has it; or estimated now, and kept in the store
    where it can be written. None for a network that gets no estimate.

    Args:
        say: told what is being done, or why there is none.
    """
    known = store.forgetting(run)
    if known is not None:
        return known
    say("estimating how strongly the network forgets")
    try:
        with one_thread():
            found = estimate_forgetting(run.trial, run.task, run.weights, run.seed)
    except ConfigurationError as refused:
        say(str(refused))
        return None
    with suppress(StoreError):
        store.keep_forgetting(run, found)
    return found


def _kept(found: Certificate, run: Run, store: Store) -> Certificate:
    with store.claim(run.id):
        record_acceptance(run.id, found.write(store.certificate_path(run.id)), found.proof)
    return found


def _sloped_boxes(run: Run, say: Callable[[str], None]) -> Certificate | Round | None:
    """The certificate of sloped boxes, or how far the search for them came.

    None where there is no such search: of other cells, of several layers, of what is too large for it.
    """
    trial, machine = run.trial, run.task.machine
    if not _may_have_sloped_boxes(run):
        return None
    say("no wrong answer found; searching for sloped boxes")
    bounds = PositionBounds(run.weights, machine, run.task.base, run.task.num_operands)
    rounds: list[Round] = []

    def told(last: Round) -> None:
        if not rounds or rounds[-1].num_sets != last.num_sets:
            say(f"trying {last.num_sets} sets")
        rounds.append(last)

    closed = find_sloped_boxes(bounds, run.seed, report=told)
    if closed is not None:
        say(f"checking {rounds[-1].num_pieces} pieces of sets, which may take minutes")
        found = certify_sloped_boxes(run.id, trial, run.weights, closed)
        if isinstance(found, Certificate):
            return found
        say(f"it is refused: {found}")
    return rounds[-1] if rounds else None


def _may_have_sloped_boxes(run: Run) -> bool:
    trial = run.trial
    is_covered = trial.cell == "rnn" and trial.layers == 1
    return is_covered and is_small_enough(run.task.machine, trial.hidden_size)


def attempt_on(trial: Trial, architecture: Architecture, weights: Weights, seed: int) -> Attempt:
    """The result of searching for an invariant of these weights."""
    parameters = {name: torch.tensor(array) for name, array in weights.items()}
    task = trial.build_task()
    batch = trial.batches(seed, Stream.EVALUATION, NUM_PAIRS).draw(0)
    with one_thread():
        return look_for_invariant(architecture.cell, parameters, batch, Transitions.of(task.machine), task)


def polishings(run: Run) -> list[RunRequest]:
    """The runs that train a copy of this one's network until it is certified, in the order to try: near it,
    where sloped boxes may prove that, then as far away as it takes.
    """
    settings = run.trial.model_dump(exclude_defaults=True, exclude=set(TRAINING))
    settings |= {"certify": True, "polished_from": run.id}
    ways = [{"steps": NEAR_STEPS, "stay_near": True}] if _may_have_sloped_boxes(run) else []
    ways.append({"steps": POLISHING_STEPS, "stay_near": False})
    return [RunRequest(Trial.build(settings | way), run.seed, "torch") for way in ways]


def polish(
    run: Run,
    store: Store,
    *,
    say: Callable[[str], None] = lambda words: None,
    is_stopped: Callable[[], bool] = lambda: False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Certificate | None:
    """The certificate of a copy of this run's network, trained until certified; None if it never was.

    Args:
        say: told what is being done.

    Raises:
        CertificateError, CertificateRefused: the store's certificate of the copy is invalid.
    """
    for request in polishings(run):
        say("polishing a copy near it" if request.trial.stay_near else "polishing a copy")
        copy = execute_run(request, store, is_stopped=is_stopped, report=report)
        path = store.certificate_path(copy.id)
        if path.is_file():
            return replace(_stored(path, copy), change=relative_change(run.weights, copy.weights))
    return None


def relative_change(before: Weights, after: Weights) -> float:
    """The norm of the difference of all weights, as a share of the norm before."""
    old, new = (
        np.concatenate([each[n].ravel() for n in before], dtype=np.float64) for each in (before, after)
    )
    return float(np.linalg.norm(new - old) / np.linalg.norm(old))


def _stored(path: Path, run: Run) -> Certificate:
    proof, content = check_certificate(run, path)
    return Certificate(content, proof)
