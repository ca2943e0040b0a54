"""`ripplecarry train`: one run."""

import inspect
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from cyclopts import Parameter

from ripplecarry.cli.command import command
from ripplecarry.cli.run_summary import run_summary, summary_rows
from ripplecarry.errors import Interrupted
from ripplecarry.networks.architecture import is_known
from ripplecarry.runs.trial import NO_COLUMNS, Trial
from ripplecarry.verbs import train as verb

if TYPE_CHECKING:
    from ripplecarry.runs.run import Run
    from ripplecarry.verification.proof import Proof

TABLES_AND_ORIGIN = (*NO_COLUMNS, "polished_from", "stay_near")
"""Settings that are no options: tables, code, and what `certify --polish` fills in."""


def trial_options() -> list[inspect.Parameter]:
    """An option for each setting of a trial."""
    options = []
    for name, setting in Trial.model_fields.items():
        if name in TABLES_AND_ORIGIN:
            continue
        words = [] if setting.default is None else [f"default: {setting.default}"]
        if get_origin(setting.annotation) is Literal:
            words.insert(0, f"choices: {', '.join(get_args(setting.annotation))}")
        suffix = f" [{'; '.join(words)}]" if words else ""
        metavar = " or ".join(dict.fromkeys(_kinds(setting.annotation)))
        option = Parameter(help=f"{setting.description}{suffix}", metavar=metavar, show_default=False)
        flag = Parameter(help=setting.description, negative="")
        # Words, which the trial reads: it tells all problems together.
        annotation = (
            Annotated[bool | None, flag] if setting.annotation is bool else Annotated[str | None, option]
        )
        options.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        )
    return options


def _kinds(annotation: Any) -> Iterator[str]:
    """What the words of a setting of this type stand for."""
    if get_origin(annotation) is Literal:
        yield "CHOICE"
    elif parts := get_args(annotation):
        for part in parts[:1] if get_origin(annotation) is Annotated else parts:
            yield from _kinds(part)
    elif annotation is not type(None):
        yield annotation.__name__.upper()


@command(verb.train, trial_options())
def train(*, as_json: bool, **options: Any) -> int:
    """Train one network and keep the run.

    Settings come from `--config FILE.toml` (the names below from `task` on, with underscores) and from
    options, which win. With `--certify` training goes on until there is a proof that every answer at every
    length is right, which `ripplecarry check` verifies; where there is none the exit status is 1.

    Example: ripplecarry train --digits 9 --layers 2 --cell gru --steps 500
    """
    from ripplecarry.cli.interruption import say_interrupted, stop_on_signals
    from ripplecarry.console import print_table
    from ripplecarry.progress.sweep_display import sweep_progress

    given = {name: value for name, value in options.items() if value is not None}
    with sweep_progress() as display, stop_on_signals() as stop:
        try:
            run = verb.train(listener=display, stop=stop, **given)
        except Interrupted:
            return say_interrupted()
        except Exception:
            if display.has_failures:  # which the display has told
                return 1
            raise
    summary = run_summary(run)
    proof = None
    if run.trial.certify:
        from ripplecarry.runs.proofs import accepted

        proof = accepted(run, run.certificate_path)
        summary |= {"certified": proof is not None, "certificate": proof and str(run.certificate_path)}
    if as_json:
        print(json.dumps(summary, indent=1))
    else:
        if display.first_step is None:
            print("the store has this run already; nothing was trained")
        elif display.first_step:
            print(f"resumed from step {display.first_step}")
        print_table(f"run {run.id}", summary_rows(summary))
        if run.trial.certify:
            print(_what_is_proved(run, proof))
        print(_what_next(run))
    return 0 if run.outcome == "finished" and (proof or not run.trial.certify) else 1


def _what_next(run: "Run") -> str:
    """The commands that a new run is for."""
    watch = "watch it carry" if run.task.has_carry_runs else "watch it"
    commands = {"evaluate": "is it right where it is hard?", "page": watch}
    if not is_known(run.trial.cell, "page"):
        del commands["page"]
    width = max(map(len, commands)) + len(run.id) + 15
    lines = [f"{f'  ripplecarry {verb} {run.id}':{width}} # {words}" for verb, words in commands.items()]
    return "\n".join(["next:", *lines])


def _what_is_proved(run: "Run", proof: "Proof | None") -> str:
    from ripplecarry.cli.certify import certified_words

    if proof is not None:
        return certified_words(run.id, proof.margin, proof.statement)
    if run.certificate_path.is_file():
        return (
            f"not certified: `ripplecarry check {run.certificate_path}` says why its certificate is refused"
        )
    return (
        f"not certified: no proof was found in {run.state['steps_done']} steps; "
        f"`ripplecarry certify {run.id}` looks for a wrong answer"
    )
