"""`ripplecarry extract`: the finite-state machine that a network is."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import EngineOption, JsonOption, StoreOption


def extract(
    run: Annotated[str, Parameter(help="A run's id, its beginning, or folder.")],
    /,
    *,
    engine: EngineOption = "auto",
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Learn the finite-state machine that a run's network is, and draw it beside the task's.

    Exit status 0 where it is the task's machine, 1 where it is another. Evidence, not proof: `ripplecarry
    certify` proves.

    Example: ripplecarry extract 44136fa355-native-0
    """
    from ripplecarry.console import output, print_table
    from ripplecarry.engines.registry import open_engine
    from ripplecarry.lab.store import Store
    from ripplecarry.reports.machine_figure import draw_machine
    from ripplecarry.verification.extraction import extract_machine

    kept = Store(store)
    subject = kept.find(run).verify()
    task = subject.task
    computation = open_engine(engine).load(subject.trial, task, subject.weights)
    found = extract_machine(computation, task)
    title = f"{task.name}, run {subject.id}"
    figures = draw_machine(found.machine, task, title, kept.machine_folder(), subject.id)
    result = {
        "run": subject.id,
        "is_right": found.is_right,
        "num_states": found.machine.num_states,
        "num_states_of_reference": len(task.machine.reachable_states()),
        "is_complete": found.is_complete,
        "difference": None if found.difference is None else list(found.difference),
        "num_queries": found.num_queries,
        "next_state": found.machine.next_state.tolist(),
        "output": found.machine.output.tolist(),
        "figures": [str(figure) for figure in figures],
    }
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        shown = {
            "states": found.machine.num_states,
            "states of the task's machine": result["num_states_of_reference"],
            "tests found no difference": found.is_complete,
            "queries": found.num_queries,
        }
        print_table(title, [{"what": name, "value": value} for name, value in shown.items()])
        if found.difference is not None:
            output.print(f"answers differently to the symbols {list(found.difference)}")
        output.print(
            "the network is the task's machine"
            if found.is_right
            else "the network is not the task's machine"
        )
        output.print(f"figures: {', '.join(map(str, figures))}")
    return 0 if found.is_right else 1
