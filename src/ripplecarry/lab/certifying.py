"""Certifying a run: while it trains, or when it is finished."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Computation
from ripplecarry.engines.reference import one_thread
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import CertificateError, CertificateRefused
from ripplecarry.lab.carry_out import Progress, carry_out
from ripplecarry.lab.observation import NUM_PAIRS, Observe
from ripplecarry.lab.proofs import check_certificate, record_acceptance
from ripplecarry.lab.run import Run
from ripplecarry.lab.store import Store
from ripplecarry.lab.trial import RunRequest, Trial
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.verification.certificate import Certificate, certify_sets
from ripplecarry.verification.certify import Attempt
from ripplecarry.verification.counterexample import Counterexample, find_counterexample
from ripplecarry.verification.enclosures import Transitions
from ripplecarry.verification.recipes import POLISHING_STEPS, portfolio
from ripplecarry.verification.trainer import CertifyingTrainer, look_for_invariant


@dataclass(frozen=True)
class Unknown:
    """No proof was found, and no counterexample."""

    margin: float
    num_rounds: int

    @property
    def sentence(self) -> str:
        """What was tried, in words."""
        return (
            f"no invariant was found in {self.num_rounds} rounds (last margin {self.margin:.3g}), and no "
            "wrong answer; `--polish` trains a copy until it is certified"
        )


class CertifyingWork:
    """Training by one recipe after the other until the checker accepts a certificate."""

    def __init__(self, request: RunRequest, store: Store, observe: Observe) -> None:
        trial, seed = request.trial, request.seed
        recipes = portfolio(trial.cell)
        if trial.polished_from is None:
            weights = initial_weights(trial, trial.build_task(), seed)
        else:
            weights = store.open(trial.polished_from).verify().weights
            recipes = tuple(recipe.for_polishing() for recipe in recipes)
        self.trainer = CertifyingTrainer(trial, trial.training_batches(seed), weights, recipes, trial.steps)
        self.num_steps = self.trainer.num_steps
        self._request, self._store, self._observe = request, store, observe
        self._certificate: Certificate | None = None

    def observe(self, network: Computation, step: int) -> dict[str, float]:
        """The metrics of this step, and what looking for an invariant came to."""
        with one_thread():
            attempt = self.trainer.attempt()
            request = self._request
            self._certificate = self.trainer.certificate(request.id, request.trial, attempt)
        found = {
            "certified": float(self._certificate is not None),
            "box_margin": _finite(attempt.margin),
            "box_width": _finite(attempt.width),
        }
        return self._observe(network, step) | found

    def is_done(self) -> bool:
        """Whether there is a certificate."""
        return self._certificate is not None

    def finish(self) -> None:
        """Keeps the certificate."""
        if self._certificate is not None:
            run_id, found = self._request.id, self._certificate
            record_acceptance(run_id, found.write(self._store.certificate_path(run_id)), found.proof)


def certify(
    run: Run, store: Store, *, say: Callable[[str], None] = lambda words: None
) -> Certificate | Counterexample | Unknown:
    """A certificate that the checker accepts, a wrong answer, or neither.

    Args:
        say: told what is being done.
    """
    path = store.certificate_path(run.id)
    if path.is_file():
        say("checking the certificate that there is")
        try:
            return _kept(path, run)
        except (CertificateError, CertificateRefused) as refused:
            say(f"it proves nothing: {refused}")
    trial, task = run.trial, run.task
    say("looking for an invariant")
    attempt = attempt_on(trial, trial, run.weights, run.seed)
    if attempt.is_certified:
        say("checking")
        found = certify_sets(run.id, trial, trial.cell, run.weights, attempt.sets)
        if isinstance(found, Certificate):
            with store.claim(run.id):
                record_acceptance(run.id, found.write(path), found.proof)
            return found
    say("no invariant found; looking for a wrong answer")
    with one_thread():
        wrong = find_counterexample(open_engine().load(trial, task, run.weights), trial.cell, task)
    if wrong is not None:
        store.keep_counterexample(run.id, wrong.as_dict())
    return wrong or Unknown(attempt.margin, attempt.num_rounds)


def attempt_on(trial: Trial, architecture: Architecture, weights: Weights, seed: int) -> Attempt:
    """What looking for an invariant of these weights comes to."""
    parameters = {name: torch.tensor(array) for name, array in weights.items()}
    task = trial.build_task()
    batch = trial.batches(seed, Stream.EVALUATION, NUM_PAIRS).draw(0)
    with one_thread():
        return look_for_invariant(architecture.cell, parameters, batch, Transitions.of(task.machine), task)


def polishing(run: Run) -> RunRequest:
    """The run that trains a copy of this one's network until it is certified."""
    kept = run.trial.model_dump(exclude_defaults=True)
    for name in ("optimiser", "learning_rate", "lower_rate", "lower_rate_after"):
        kept.pop(name, None)
    trial = Trial.build(kept | {"certify": True, "polished_from": run.id, "steps": POLISHING_STEPS})
    return RunRequest(trial, run.seed, "torch")


def polish(
    run: Run,
    store: Store,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Certificate | None:
    """The certificate of a copy of this run's network, trained until certified; None where it never was.

    Raises:
        CertificateError, CertificateRefused: the store holds a certificate of the copy that proves nothing.
    """
    copy = carry_out(polishing(run), store, is_stopped=is_stopped, report=report)
    path = store.certificate_path(copy.id)
    if not path.is_file():
        return None
    return _kept(path, copy)


def _kept(path: Path, run: Run) -> Certificate:
    proof, content = check_certificate(run, path)
    return Certificate(content, proof)


def _finite(value: float) -> float:
    return max(min(value, 1e30), -1e30) if value == value else -1e30
