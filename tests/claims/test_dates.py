"""Claims on record from before their runs, and those that are not."""

import json

import pytest

import ripplecarry as rc
from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AllOf, fastest, slowest
from ripplecarry.claims.dates import claim_hash
from ripplecarry.claims.measures import Measure, area, miss_at
from ripplecarry.claims.study import Study
from ripplecarry.cli import call
from ripplecarry.errors import StoreError
from ripplecarry.runs.trial import Trial

TINY = Trial(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=10)
FIRST = Claim("A", "1 layer is the fastest", fastest(area("loss"), layers=1))
LATER = Claim("B", "2 layers are the slowest", slowest(area("loss"), layers=2))


def study(*claims):
    return Study(name="dated", question="?", base=TINY, grid={"layers": (1, 2)}, claims=claims, seeds=1)


def late(store, *claims):
    found = rc.study(study(*claims), store=store)
    return [verdict.claim.id for verdict in found.verdicts() if verdict.is_stated_late]


def test_a_claim_added_or_reworded_after_its_runs_is_marked_for_good(tmp_path):
    assert late(tmp_path, FIRST) == []
    assert late(tmp_path, FIRST, LATER) == ["B"]
    reworded = Claim("A", "1 layer is the fastest by far", FIRST.decided_by)
    retested = Claim("A", FIRST.statement, fastest(area("exact_match"), layers=1))
    assert late(tmp_path, reworded) == late(tmp_path, retested) == ["A"]
    assert late(tmp_path, FIRST, LATER) == ["B"]

    record = json.loads((tmp_path / "studies" / "dated" / "claims.json").read_text())
    assert record[claim_hash(FIRST)]["after_runs"] is False
    verdicts = rc.study(study(FIRST, LATER), store=tmp_path).verdicts()
    assert [verdict.sentence.endswith(" Stated after the runs.") for verdict in verdicts] == [False, True]
    assert verdicts[1].as_dict()["stated_after_the_runs"] is True


def test_runs_of_some_trials_date_nothing(tmp_path):
    rc.train(store=tmp_path, **TINY.model_dump(exclude_unset=True), layers=1)
    assert late(tmp_path, FIRST) == []

    rc.train(store=tmp_path / "other", **TINY.model_dump(exclude_unset=True), layers=1)
    rc.train(store=tmp_path / "other", **TINY.model_dump(exclude_unset=True), layers=2)
    assert late(tmp_path / "other", FIRST) == ["A"]


def test_a_merged_store_keeps_the_earlier_date(tmp_path):
    shards = [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(shards, 1):
        rc.study(study(FIRST), shard=f"{number}/2", store=folder)
    rc.merge(*shards, store=tmp_path / "joined")

    assert late(tmp_path / "joined", FIRST) == []


def test_a_hash_is_of_the_words_and_the_test():
    same = Claim("C", FIRST.statement, fastest(area("loss"), layers=1))
    assert claim_hash(same) == claim_hash(FIRST)
    for test in (slowest(area("loss"), layers=1), fastest(area("loss"), layers=2), AllOf(FIRST.decided_by)):
        assert claim_hash(Claim("A", FIRST.statement, test)) != claim_hash(FIRST)


def test_a_measure_that_only_reads_better_now_keeps_its_hash():
    older = Measure("share of wrong sums at 50 digits", miss_at(50).of)
    named = [Claim("A", "A", fastest(measure, layers=1)) for measure in (older, miss_at(50))]
    assert claim_hash(named[0]) == claim_hash(named[1])


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"x": {}}', '{"x": {"stated_at": "now", "after_runs": 0}}']
)
def test_a_damaged_record_is_named(tmp_path, capsys, damage):
    rc.study(study(FIRST), store=tmp_path)
    (tmp_path / "studies" / "dated" / "claims.json").write_text(damage)

    with pytest.raises(StoreError, match=r"claims.json is damaged: .*; delete it"):
        rc.study(study(FIRST), store=tmp_path)


def test_the_command_says_it_in_its_table_and_its_report(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (
        "from ripplecarry import Claim, Study, Trial, area, fastest\n"
        f"STUDY = Study(name='mine', question='?', base=Trial(**{TINY.model_dump(exclude_unset=True)}),\n"
        "    grid={'layers': (1, 2)}, seeds=1, claims=(CLAIMS))"
    )
    claim = "Claim('A', 'A', fastest(area('loss'), layers=1)),"
    for claims in ("", claim):
        (tmp_path / "mine.py").write_text(source.replace("CLAIMS", claims))
        assert call(["study", "mine.py", "--workers=1", "--seeds=5"]) == 0

    assert "Stated after the runs" in " ".join(capsys.readouterr().out.split())
    assert "Stated after the runs" in (tmp_path / "results" / "report_mine.html").read_text()
