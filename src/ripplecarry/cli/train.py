"""`ripplecarry train`: one run."""

import inspect
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from cyclopts import Parameter

from ripplecarry.cli.options import EngineOption, JsonOption, StoreOption, engine_name
from ripplecarry.errors import ConfigurationError
from ripplecarry.files import read_whole
from ripplecarry.runs.trial import RunRequest, Trial

if TYPE_CHECKING:
    from ripplecarry.runs.run import Run

_MOST_CONFIGURATION_BYTES = 2**20
"""Room for a machine's tables."""
_MOST_DOTS_IN_A_LINE = 64
"""Python's reader takes minutes for a key of many thousand parts."""


def train(
    *,
    seed: Annotated[int, Parameter(help="Initial values, operands and readings follow from it.")] = 0,
    config: Annotated[Path | None, Parameter(help="TOML file of settings.")] = None,
    engine: EngineOption = "auto",
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
    **settings: Any,
) -> int:
    """Train one network and keep the run.

    Settings come from `--config FILE.toml` (the names below from `task` on, with underscores) and from
    options, which win. With `--certify` training goes on until there is a proof that every answer at every
    length is right, which `ripplecarry check` verifies; where there is none the exit status is 1.

    Example: ripplecarry train --digits 9 --layers 2 --cell gru --steps 500
    """
    from ripplecarry.arithmetic.philox import MAX_SEED
    from ripplecarry.cli.interruption import say_interrupted, stop_on_signals
    from ripplecarry.console import print_table, sweep_progress
    from ripplecarry.runs.proofs import accepted
    from ripplecarry.runs.store import Store
    from ripplecarry.sweeps.sweep import sweep

    if not 0 <= seed <= MAX_SEED:
        raise ConfigurationError(f"seed is {seed}; it must be from 0 to {MAX_SEED}")
    given = {name: value for name, value in settings.items() if value is not None}
    trial = Trial.build((_read_toml(config) if config else {}) | given)
    if trial.certify and engine not in ("auto", "torch"):
        raise ConfigurationError("certify takes PyTorch; leave --engine out or say --engine torch")
    request = RunRequest(trial, seed, "torch" if trial.certify else engine_name(engine))
    with sweep_progress([request]) as listener, stop_on_signals() as stop:
        result = sweep([request], Store(store), num_workers=1, listener=listener, stop=stop)
    if result.was_interrupted:
        return say_interrupted()
    if result.failed:
        return 1
    run = Store(store).open(request.id)
    summary = run_summary(run)
    proof = None
    if trial.certify:
        proof = accepted(run, run.certificate_path)
        summary |= {"certified": proof is not None, "certificate": proof and str(run.certificate_path)}
    if as_json:
        print(json.dumps(summary, indent=1))
    else:
        rows = [{"what": name, "value": value} for name, value in summary.items()]
        print_table(f"run {run.id}", rows)
        if trial.certify:
            print(_what_is_proved(run, proof))
    return 0 if run.outcome == "finished" and (proof or not trial.certify) else 1


def _what_is_proved(run: "Run", proof: dict[str, Any] | None) -> str:
    from ripplecarry.cli.certify import certified_words

    if proof is not None:
        return certified_words(run.id, proof["margin"], proof["statement"])
    if run.certificate_path.is_file():
        return (
            f"not certified: `ripplecarry check {run.certificate_path}` says why its certificate is refused"
        )
    return (
        f"not certified: no proof was found in {run.state['steps_done']} steps; "
        f"`ripplecarry certify {run.id}` looks for a wrong answer"
    )


def run_summary(run: "Run") -> dict[str, object]:
    from ripplecarry.evaluation.exact_match import share_interval
    from ripplecarry.networks.architecture import num_parameters
    from ripplecarry.runs.readings import NUM_PAIRS

    summary: dict[str, object] = {
        "id": run.id,
        "folder": str(run.folder),
        "outcome": run.outcome,
        "parameters": num_parameters(run.trial, run.task),
        "steps": run.state["steps_done"],
    }
    if run.state["steps_done"]:  # none where the weights came from elsewhere
        summary |= {name: run.state["last"][name] for name in ("loss",) if name in run.state["last"]}
        summary["metrics_read_after_step"] = run.metrics_read_after_step
    summary |= {name: value for name, value in run.state["last"].items() if name != "loss"}
    summary.pop("certified", None)  # what its training found; what is proved, the checker says
    if "exact_match" in run.state["last"]:
        exact = round(run.state["last"]["exact_match"] * NUM_PAIRS)
        low, high = share_interval(exact, NUM_PAIRS)
        summary["exact_match_interval"] = f"{low:.4f} to {high:.4f} (95 %, {NUM_PAIRS} samples)"
    summary |= {"exact_from_step": run.exact_from_step, "exact_from_s": run.exact_from_s}
    if run.state["steps_done"]:
        summary["steps_per_s"] = run.state["steps_done"] / run.state["train_s"]
    return summary


def with_trial_options(command: Any) -> Any:
    """Gives a command an option for each setting of a trial in the place of its `**settings`."""
    signature = inspect.signature(command)
    kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    for name, setting in Trial.model_fields.items():
        if name in ("machine", "polished_from"):  # tables, and what `certify --polish` fills in
            continue
        words = [] if setting.default is None else [f"default: {setting.default}"]
        if get_origin(setting.annotation) is Literal:
            words.insert(0, f"choices: {', '.join(get_args(setting.annotation))}")
        suffix = f" [{'; '.join(words)}]" if words else ""
        option = Parameter(help=f"{setting.description}{suffix}", show_default=False)
        flag = Parameter(help=setting.description, negative="")
        # Words, which the trial reads: it tells all problems together.
        annotation = (
            Annotated[bool | None, flag] if setting.annotation is bool else Annotated[str | None, option]
        )
        kept.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        )
        command.__annotations__[name] = annotation
    command.__signature__ = signature.replace(parameters=kept)
    return command


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = read_whole(path, _MOST_CONFIGURATION_BYTES).decode()
        if max(line.count(".") for line in [*text.splitlines(), ""]) > _MOST_DOTS_IN_A_LINE:
            raise ConfigurationError(f"{path} has a line of over {_MOST_DOTS_IN_A_LINE} dots")
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # of TOML, of its encoding, of its numbers
        raise ConfigurationError(f"{path} is not a TOML file: {error}") from None
