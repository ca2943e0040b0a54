"""Deciding many runs: what is found stays in the store, and a request to stop ends the search."""

import pytest

import ripplecarry as rc
from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import MostOf
from ripplecarry.claims.measures import is_certified, is_decided, is_refuted
from ripplecarry.claims.study import Study
from ripplecarry.errors import ConfigurationError
from ripplecarry.reports.proofs import proofs, shares
from ripplecarry.runs.trial import Trial
from ripplecarry.sweeps.events import Listener, StopRequest

CELLS = ("rnn", "minlstm")
STUDY = Study(
    name="mine",
    question="Which are decided?",
    base=Trial(layers=1, hidden_size=8, embedding_size=4, batch_size=20, base=2, digits=3, steps=20),
    grid={"cell": CELLS},
    claims=(
        Claim("A", "all are refuted", MostOf(is_refuted(), {"cell": "rnn"})),
        Claim("B", "most are decided", MostOf(is_decided())),
        Claim("C", "most are proved", MostOf(is_certified())),
    ),
)


class Heard(Listener):
    def __init__(self, stop=None):
        self.wanted, self.answers, self.stop = [], {}, stop

    def decides(self, runs):
        self.wanted.append([run.id for run in runs])

    def decided(self, run, words):
        self.answers[run.id] = words
        if self.stop is not None:
            self.stop.make()


def test_runs_are_decided_once_and_claims_and_tables_know(store):
    heard = Heard()
    found = rc.study(STUDY, seeds=8, workers=2, decide=True, store=store.root, listener=heard)
    by_cell = {cell: [run for run in found.runs if run.trial.cell == cell] for cell in CELLS}

    for run in by_cell["rnn"]:  # twenty steps teach nothing
        assert heard.answers[run.id].startswith("refuted: ")
    for run in by_cell["minlstm"]:
        assert heard.answers[run.id].startswith("not tried: ")
    assert [verdict.deciding.effect for verdict in found.verdicts()] == [1, 0.5, 0]
    assert [verdict.status for verdict in found.verdicts()] == ["confirmed", "open", "refuted"]
    assert shares(STUDY, found.runs, *proofs(STUDY, found.runs, store)) == [
        {"trials": "all", "runs": 16, "certified": 0, "refuted": 8, "unknown": 8},
        {"trials": "cell rnn", "runs": 8, "certified": 0, "refuted": 8, "unknown": 0},
        {"trials": "cell minlstm", "runs": 8, "certified": 0, "refuted": 0, "unknown": 8},
    ]

    again = Heard()
    rc.study(STUDY, seeds=8, workers=2, decide=True, store=store.root, listener=again)
    assert again.wanted == [[run.id for run in by_cell["minlstm"]]]


def test_a_request_to_stop_ends_the_search_and_keeps_what_was_found(store):
    stop = StopRequest()
    heard = Heard(stop)
    found = rc.study(STUDY, seeds=8, workers=1, decide=True, store=store.root, listener=heard, stop=stop)

    assert found.was_interrupted
    assert 1 <= len(heard.answers) < 16
    refuted = [run for run, words in heard.answers.items() if words.startswith("refuted: ")]
    assert all(store.proof(store.open(run)) == "refuted" for run in refuted)


def test_a_wrong_answer_that_the_network_does_not_give_refutes_nothing(store):
    run = rc.train(certify=True, layers=1, hidden_size=16, base=2, digits=4, steps=300, store=store.root)
    store.keep_counterexample(run.id, {"base": 2, "operands": ["1", "1"], "first_wrong_position": 0})

    assert store.proof(run) == "refuted"
    assert is_certified().holds(run)
    assert not is_refuted().holds(run)


def test_a_claim_about_no_trial_is_refused_when_it_is_stated():
    with pytest.raises(ConfigurationError, match="no trials have cell=gru; a claim needs some"):
        Study(
            name="mine",
            question="So?",
            grid={"cell": CELLS},
            claims=(Claim("A", "so", MostOf(is_refuted(), {"cell": "gru"})),),
        )
