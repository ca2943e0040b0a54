"""Proving a network right."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from ripplecarry.networks.architecture import check_known
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.sweeps.events import StopRequest
from ripplecarry.sweeps.execute_run import Progress
from ripplecarry.verbs.find_run import find_own_run, find_run
from ripplecarry.verbs.parameters import EngineOption, Option, Report, RunOption, Say, StoreOption, verb

if TYPE_CHECKING:
    from ripplecarry.arithmetic.counterexample import Counterexample
    from ripplecarry.sweeps.certifying import Unknown
    from ripplecarry.verification.certificate import Certificate
    from ripplecarry.verification.forgetting import Forgetting


@verb
def certify(
    run: RunOption,
    *,
    polish: Annotated[bool, Option("Train a copy until it is certified.")] = False,
    forgetting: Annotated[
        bool, Option("Estimate how strongly the run's network forgets, whatever the answer.")
    ] = False,
    engine: EngineOption = "auto",
    store: StoreOption = DEFAULT_STORE,
    say: Say = lambda words: None,
    answered: "Callable[[Counterexample | Unknown], None]" = lambda answer: None,
    estimated: "Callable[[Forgetting | None], None]" = lambda estimate: None,
    report: Report = lambda num_steps, most: None,
    stop: StopRequest | None = None,
) -> "Certificate | Counterexample | Unknown":
    """A proof that a run's network is right at every length, a wrong answer, or neither.

    The engine is the one that confirms a wrong answer. The copy that `polish` trains is a run of its own,
    which the certificate names; its `change` says how far the weights moved.

    Args:
        say: told what is being done.
        answered: told what was found of the run itself before a copy is polished.
        estimated: told the estimate that `forgetting` asks for, unless the answer is `Unknown`, which has
            it; None for a network that gets none. `Store.forgetting` and `list_runs` have it from then on.
        report: told how many steps the polishing took since the last time, and how many it takes at most.
    Raises:
        StoreError: no such run, a damaged one, or a store that cannot be written.
        Interrupted: `stop` was requested while a copy was polished.
    """
    run_store, stop = Store(store), stop or StopRequest()
    run_store.prepare()
    subject = find_own_run(run, run_store) if polish else find_run(run, store)
    check_known(subject.trial.cell, by="proof")
    from ripplecarry.sweeps import certifying
    from ripplecarry.verification.certificate import Certificate

    found = certifying.certify(subject, run_store, engine_of(subject, engine), say=say)
    if forgetting and not isinstance(found, certifying.Unknown):
        estimated(certifying.forgetting_of(subject, run_store, say))
    if not polish or isinstance(found, Certificate):
        return found
    answered(found)
    steps: dict[str, int] = {}

    def advanced(progress: Progress) -> None:
        """Of the copies that were polished in vain all steps count, before those of the present one."""
        taken, others = steps.get(progress.run_id, 0), sum(steps.values())
        steps[progress.run_id] = progress.step
        report(progress.step - taken, others - taken + progress.num_steps)

    return certifying.polish(subject, run_store, say=say, is_stopped=stop.is_made, report=advanced) or found
