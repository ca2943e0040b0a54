"""Learning the finite-state machine that a network is."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import EngineOption, RunOption, Say, StoreOption, verb

if TYPE_CHECKING:
    from ripplecarry.verification.extraction import Extraction


@verb
def extract(
    run: RunOption,
    *,
    engine: EngineOption = "auto",
    store: StoreOption = DEFAULT_STORE,
    say: Say = lambda words: None,
) -> "Extraction":
    """The finite-state machine of a run's network, learned from its answers: evidence, not proof.

    Args:
        say: told how many states were learned.
    Raises:
        StoreError: no such run, or a damaged one.
    """
    subject = find_run(run, store)
    from ripplecarry.verification.extraction import extract_machine

    computation = engine_of(subject, engine).load(subject.trial, subject.task, subject.weights)
    found = extract_machine(computation, subject.task, say=say)
    known = shortest_known(subject, Store(store), computation, found.counterexample)
    return replace(found, counterexample=known)
