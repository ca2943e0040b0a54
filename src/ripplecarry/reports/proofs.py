"""What the store has on the exactness of a study's runs: certificates and wrong answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from ripplecarry.claims.study import Study
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.proofs import accepted
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import Store
from ripplecarry.verification.proof import Proof


@dataclass(frozen=True)
class KnownRun:
    """A run whose certificate the checker has accepted, or of which a wrong answer is known."""

    trial: str
    run: Run
    proof: Proof | None = None
    words: str = ""
    """The shortest wrong answer; empty where the store's files show none that the network gives."""


def proofs(study: Study, runs: Sequence[Run], store: Store) -> tuple[list[KnownRun], list[KnownRun]]:
    """The certified and the refuted runs of a study, in the order of its trials."""
    proved, refuted = [], []
    for arm in study.drawn(runs):
        for run in arm.runs:
            if store.proof(run) == "refuted":
                known = shortest_known(run, store, engine_of(run).load(run.trial, run.task, run.weights))
                words = "" if known is None else known.sentence
                refuted.append(KnownRun(arm.case.label, run, words=words))
            elif (proof := accepted(run, run.certificate_path)) is not None:
                proved.append(KnownRun(arm.case.label, run, proof))
    return proved, refuted


def shares(
    study: Study, runs: Sequence[Run], certified: Sequence[KnownRun], refuted: Sequence[KnownRun]
) -> list[dict[str, str | int]]:
    """How many runs are certified and how many refuted, in all and by each varied setting's value."""
    arms = study.drawn(runs)
    settings = dict.fromkeys(name for arm in arms for name in arm.case.settings)
    groups = {"all": [run.id for arm in arms for run in arm.runs]}
    for name in settings:
        values = dict.fromkeys(arm.case.settings[name] for arm in arms)
        for value in values if len(values) > 1 else ():
            groups[f"{name.replace('_', ' ')} {value}"] = [
                run.id for arm in arms for run in arm.runs if arm.case.settings[name] == value
            ]
    of = {"certified": {each.run.id for each in certified}, "refuted": {each.run.id for each in refuted}}
    of["unknown"] = set(groups["all"]) - of["certified"] - of["refuted"]
    return [
        {"trials": words, "runs": len(ids), **{answer: len(of[answer].intersection(ids)) for answer in of}}
        for words, ids in groups.items()
    ]
