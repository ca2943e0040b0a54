"""Walks the verbs over a run of one's own cell, mgu: prints their statuses, standard errors and numbers."""

import contextlib
import io
import json

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.runs.store import Store

SMALL = [
    "--cell",
    "mgu",
    "--digits",
    "2",
    "--layers",
    "1",
    "--hidden-size",
    "16",
    "--steps",
    "200",
    "--learning-rate",
    "0.02",
]


def told(*arguments):
    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = call(list(arguments))
    return status, err.getvalue().splitlines()


results = {"train": told("train", *SMALL)}
(run,) = Store().ids()
results |= {
    "add": told("add", run, "12", "34", "--verify"),
    "evaluate": told("evaluate", run, "--lengths", "4", "--samples", "10"),
    "extract": told("extract", run),
    "export to PyTorch": told("export", run, "--state-dict"),
    "import": told("evaluate", f"results/exports/{run}.safetensors", "--lengths=2"),
    "runs": told("runs", run),
    "train natively": told("train", *SMALL, "--engine", "native"),
    "train on a GPU": told("train", *SMALL, "--engine", "gpu"),
    "add natively": told("add", run, "12", "34", "--engine", "native"),
    "evaluate natively": told("evaluate", run, "--engine", "native"),
    "extract natively": told("extract", run, "--engine", "native"),
    "train until certified": told("train", *SMALL[:-2], "--certify"),
    "certify": told("certify", run),
    "polish": told("certify", run, "--polish"),
    "export to ONNX": told("export", run, "--onnx"),
    "page": told("page", run),
}
found = rc.evaluate(run, lengths=4, samples=10)
numbers = {
    "loss": Store().open(run).state["last"]["loss"],
    "sum": rc.add(run, 12, 34),
    "num_pairs": found.num_pairs,
}
print(json.dumps([results, numbers]))
