"""Studies with other values than their own."""

import json
from pathlib import Path

import pytest

import ripplecarry as rc
from ripplecarry.claims.study import Study
from ripplecarry.claims.variation import vary
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError
from ripplecarry.reports.agreement import agreement
from ripplecarry.runs.trial import Trial
from ripplecarry.studies.learning_rate import STUDY

TINY = ("hidden_size=6", "embedding_size=3", "batch_size=10", "digits=3", "steps=10")


def test_values_replace_the_studys_own_and_several_of_another_setting_are_varied_too():
    varied = vary(STUDY, ["learning_rate=0.0005,0.01", "steps=60", "layers=1,2"])

    assert varied.grid == {"learning_rate": (0.0005, 0.01), "layers": (1, 2)}
    assert {case.trial.steps for case in varied.cases()} == {60}
    assert [case.trial.learning_rate for case in varied.cases()] == [0.0005, 0.0005, 0.01, 0.01]
    assert varied.question.startswith("Which learning rates work? Here with learning_rate=0.0005,0.01 and ")
    assert (varied.claims, varied.controls, varied.report_figure) == ((), (), 4)
    assert varied.name != STUDY.name
    assert vary(STUDY, []) is STUDY


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("speed=3", "set='speed=3' is not of the form layers=1,3, with a setting from certify"),
        ("layres=2", "unknown setting 'layres'; did you mean layers?"),
        ("layers", "layers is ''; "),
        ("layers=1.5", "layers is '1.5'; "),
        ("cell=rnn,mgu", "unknown cell 'mgu'; choose from rnn, gru, lstm"),
        ("learning_rate=0", "learning_rate is '0'; it must be above 0"),
        ("machine=x", "not of the form"),
    ],
)
def test_what_cannot_be_set_is_refused(change, words):
    with pytest.raises(ConfigurationError) as refused:
        vary(STUDY, [change])
    assert words in str(refused.value)


def test_a_setting_is_set_once():
    with pytest.raises(ConfigurationError, match="steps is set more than once; give its values together"):
        vary(STUDY, ["steps=20", "steps=30"])


def test_settings_that_change_together_are_not_set_alone():
    study = Study(name="pairs", question="?", grid={("digits", "steps"): ((1, 2), (3, 4))}, base=Trial())

    with pytest.raises(
        ConfigurationError, match="varies digits, steps together; steps cannot be set alone"
    ):
        vary(study, ["steps=5"])


def test_the_command_draws_it_beside_the_reports_curves_and_says_how_to_repeat_it(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    sets = [word for change in ("learning_rate=0.0005,0.01", *TINY) for word in ("--set", change)]

    assert call(["study", "learning_rate", "--seeds=1", "--workers=1", *sets]) == 0

    (report,) = (tmp_path / "results").glob("report_learning_rate_with_*.html")
    assert "ripplecarry study learning_rate --seeds 1 --set learning_rate=0.0005,0.01" in report.read_text()
    capsys.readouterr()
    assert call(["study", "learning_rate", "--learning-rate", "0.1"]) == 2
    assert "write --set learning_rate=VALUE,VALUE" in capsys.readouterr().err
    found = rc.study("learning_rate", set_=["learning_rate=0.0005,0.01", *TINY], seeds=1, workers=1)
    assert [run.trial.learning_rate for run in found.runs] == [0.0005, 0.01]
    beside = {each.trial for each in agreement(found.studies[0], found.runs)}
    assert beside == {"learning rate 0.01"}  # the report did not try the other


def test_a_figure_and_a_report_without_the_reports_values_do_not_speak_of_its_curves(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for change, has_curves in (("layers=5,6", False), ("layers=2,6", True), ("digits=2,3", False)):
        sets = [word for each in (change, *TINY) if each[:6] != change[:6] for word in ("--set", each)]

        assert call(["study", "layers", "--seeds=1", "--workers=1", "--set", change, *sets, "--json"]) == 0

        (study,) = (found := json.loads(capsys.readouterr().out))["studies"]
        picture = Path(next(path for path in study["figures"] if path.endswith(".svg"))).read_text()
        assert ("the report's run" in picture) == ("Dashed: " in picture) == has_curves
        report = Path(found["report"]).read_text()
        assert ("Where the report and we differ" in report) == has_curves
        seeds = next(path for path in study["figures"] if path.endswith("_seeds.svg"))
        assert "there is one seed" in Path(seeds).read_text()


@pytest.mark.parametrize("given", [{"steps": 50}, [("steps", 50)]])
def test_values_for_a_study_are_texts(given):
    with pytest.raises(ConfigurationError, match=r"it takes texts, such as \['layers=1,3'\]"):
        rc.study("layers", set_=given)
