"""What came of a run, in a dozen values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ripplecarry.runs.run import Run

_SHOWN = ("exact_match", "digit_accuracy", "box_")
"""Readings that a summary shows; what is proved no reading says."""


def run_summary(run: "Run") -> dict[str, object]:
    from ripplecarry.evaluation.exact_match import share_interval
    from ripplecarry.runs.readings import NUM_PAIRS

    summary: dict[str, object] = {
        "id": run.id,
        "folder": str(run.folder),
        "outcome": run.outcome,
        "parameters": run.num_parameters,
        "steps": run.state["steps_done"],
    }
    if run.state["steps_done"]:  # none where the weights came from elsewhere
        summary |= {name: run.state["last"][name] for name in ("loss",) if name in run.state["last"]}
        summary["metrics_read_after_step"] = run.metrics_read_after_step
    last = run.state["last"].items()
    summary |= {name: value for name, value in last if name.startswith(_SHOWN)}
    if "exact_match" in run.state["last"]:
        exact = round(run.state["last"]["exact_match"] * NUM_PAIRS)
        low, high = share_interval(exact, NUM_PAIRS)
        summary["exact_match_interval"] = f"{low:.4f} to {high:.4f} (95 %, {NUM_PAIRS} samples)"
    summary |= {"exact_from_step": run.exact_from_step, "exact_from_s": run.exact_from_s}
    if "exactness.parquet" in run.state["files"]:
        from ripplecarry.evaluation.explanation import explain
        from ripplecarry.evaluation.grid import cells_of

        summary["exactness"] = explain(
            cells_of(run.exactness.to_dict(orient="records")), digit_word=run.task.digit_word
        )
    if run.state["train_s"]:
        summary["steps_per_s"] = run.state["steps_done"] / run.state["train_s"]
    return summary


def summary_rows(summary: Mapping[str, object]) -> list[dict[str, object]]:
    """The summary as a table's rows."""
    words = {"metrics_read_after_step": "{} (the first step is 0)"}
    return [
        {"what": name, "value": words[name].format(value) if name in words else value}
        for name, value in summary.items()
    ]
