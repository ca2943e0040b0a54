"""Merging stores: shards write their runs to folders of their own."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from ripplecarry.errors import StoreError
from ripplecarry.files import read_whole
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.verification.proof import weights_hash


@dataclass
class Merged:
    """The outcome of a merge: ids of runs from the other stores."""

    added: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """Already there with the same results."""
    differing: list[str] = field(default_factory=list)
    """Already there with other curves or weights, which remain."""
    damaged: dict[str, str] = field(default_factory=dict)
    """Why runs were left out, one line each."""


def merge(sources: list[Path], target: Store) -> Merged:
    """Copies the runs that the target lacks, after verifying each, and what is known of runs that are equal
    in both. Certificates are not checked here: every reader has the checker accept them first.

    Raises:
        StoreError: a source has no runs, or the target cannot be written.
    """
    for source in sources:
        if not (source / "runs").is_dir():
            raise StoreError(f"{source} is not a store: it has no folder runs")
    target.prepare()
    merged = Merged()
    for source in map(Store, sources):
        for run_id in source.ids():
            try:
                _take(source, run_id, target, merged)
            except StoreError as error:
                merged.damaged[run_id] = str(error)
    return merged


def _take(source: Store, run_id: str, target: Store, merged: Merged) -> None:
    run = source.open(run_id).verify()
    target.check_start(run)
    with target.claim(run_id):
        if not target.has(run_id):
            names = [*run.state["files"], "state.json"]
            target.keep_files(run_id, {name: (run.folder / name).read_bytes() for name in names})
            merged.added.append(run_id)
        elif _are_equal(target.open(run_id), run):
            merged.known.append(run_id)
        else:
            merged.differing.append(run_id)
            return  # what is known about the source's weights says nothing about the target's
    certificate = source.certificate_path(run_id)
    if certificate.is_file() and not target.certificate_path(run_id).exists():
        target.keep_certificate(run_id, certificate.read_bytes())
    wrong = source.counterexample_path(run_id)
    if wrong.is_file() and not target.counterexample_path(run_id).exists():
        try:
            target.keep_counterexample(run_id, json.loads(read_whole(wrong)))
        except (OSError, ValueError, RecursionError):
            raise StoreError(f"{wrong} is damaged; its run was merged without it") from None
    estimate = source.forgetting(run)
    if estimate is not None and target.forgetting(run) is None:
        target.keep_forgetting(run, estimate)


def _are_equal(ours: Run, theirs: Run) -> bool:
    """Whether what depends on configuration, seed and engine alone is the same, however it is written."""
    name = "curves.parquet"
    is_same_file = ours.state["files"][name] == theirs.state["files"][name]
    return weights_hash(ours.weights) == weights_hash(theirs.weights) and (
        is_same_file or ours.curves.equals(theirs.curves)
    )
