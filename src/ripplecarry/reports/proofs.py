"""What the store has on the exactness of a study's runs: certificates and wrong answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from ripplecarry.claims.study import Study
from ripplecarry.engines.registry import open_engine
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.proofs import accepted
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store


@dataclass(frozen=True)
class ProvedRun:
    """A run with a certificate that the checker has accepted."""

    id: str
    trial: str
    seed: int
    margin: float
    """The smallest margin of a right digit."""
    theorem: str
    """What is proved about its network, in words."""
    weights_sha256: str
    command: str
    """The command that checks the certificate again."""


@dataclass(frozen=True)
class RefutedRun:
    """A run with a known wrong answer."""

    id: str
    trial: str
    seed: int
    words: str
    """The shortest one known; empty where the store's files show none that the network gives."""


def proofs(study: Study, runs: Sequence[Run], store: Store) -> tuple[list[ProvedRun], list[RefutedRun]]:
    """The certified and the refuted runs of a study, in the order of its trials."""
    proved, refuted = [], []
    for arm in study.drawn(runs):
        for run in arm.runs:
            if store.proof(run) == "refuted":
                known = shortest_known(run, store, open_engine().load(run.trial, run.task, run.weights))
                words = "" if known is None else known.sentence
                refuted.append(RefutedRun(run.id, arm.case.label, run.seed, words))
                continue
            path = store.certificate_path(run.id)
            found = accepted(run, path)
            if found is not None:
                facts = (found.margin, found.theorem, found.weights_sha256)
                command = f"ripplecarry check {path}"
                proved.append(ProvedRun(run.id, arm.case.label, run.seed, *facts, command))
    return proved, refuted
