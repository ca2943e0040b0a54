"""`ripplecarry extract`: the finite-state machine that a network is."""

import json
from pathlib import Path
from typing import Any

from ripplecarry.cli.command import command
from ripplecarry.verbs import extract as verb


@command(verb.extract)
def extract(run: str, *, store: Path, as_json: bool, **options: Any) -> int:
    """Learn the finite-state machine that a run's network is, and draw it beside the task's.

    A network that is not exact has states that should not be there, often without end: learning stops at
    more than 40. The picture has a panel a state, with the answer in the cell of each symbol; the colour
    says which state comes next. Exit status 0 where no difference from the task's machine was
    found, 1 where one was. Evidence, not proof: `ripplecarry certify` proves.

    Example: ripplecarry extract 44136fa355-native-0
    """
    from ripplecarry.runs.store import Store
    from ripplecarry.verbs.find_run import find_run

    run_store, subject = Store(store), find_run(run, store)
    import numpy as np

    from ripplecarry.arithmetic.digit_text import text_of
    from ripplecarry.console import output, print_table
    from ripplecarry.reports.machine_figure import draw_machine

    found, task = verb.extract(subject, store=store, **options), subject.task
    title = f"{task.name}, run {subject.id}"
    figures = draw_machine(
        found.machine, task, title, run_store.machine_folder(), subject.id, is_complete=found.is_complete
    )
    operands = None if found.difference is None else task.digits_of(np.array(found.difference)).T
    wrong = found.counterexample
    result = {
        "run": subject.id,
        "is_right": found.is_right,
        "num_states": found.machine.num_states,
        "num_states_of_reference": len(task.machine.reachable_states()),
        "num_states_at_least": found.num_states_at_least,
        "is_complete": found.is_complete,
        "difference": None if found.difference is None else list(found.difference),
        "operands_of_difference": None
        if operands is None
        else [text_of(each).decode() for each in operands],
        "counterexample": None if wrong is None else wrong.as_dict(),
        "num_queries": found.num_queries,
        "next_state": found.machine.next_state.tolist(),
        "output": found.machine.output.tolist(),
        "figures": [str(figure) for figure in figures],
    }
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        shown = {
            "states": found.machine.num_states
            if found.is_complete
            else f"at least {found.num_states_at_least}; {found.machine.num_states} of them learned",
            "states of the task's machine": result["num_states_of_reference"],
            "answers as the network does": "in all tests" if found.is_complete else "not in all tests",
            "queries": found.num_queries,
        }
        print_table(title, [{"what": name, "value": value} for name, value in shown.items()])
        if wrong is not None:
            output.print(f"the shortest wrong answer known: {wrong}", markup=False)
        output.print(_verdict(found.is_right, run_store.proof(subject)))
        output.print(
            f"figures: {', '.join(map(str, figures))}\n"
            f"in the cell of each {subject.task.symbol_words}: the answer; colour: the next state",
            markup=False,
        )
    return 0 if found.is_right else 1


def _verdict(is_right: bool, proof: str | None) -> str:
    """What was found, beside what the store holds on the run."""
    if not is_right:
        return "the network is not the task's machine"
    words = "no difference from the task's machine was found"
    if proof == "refuted":
        return f"{words}, but the store holds a wrong answer of this run: tests on random words missed it"
    if proof == "certified":
        return f"{words}; the store holds a certificate that the checker has accepted"
    if proof == "unchecked":
        return f"{words}; the store holds a certificate that `ripplecarry check` has yet to verify"
    return f"{words}; `ripplecarry certify` looks for a proof"
