import json
import re
from hashlib import sha256

import pytest

from ripplecarry.errors import ConfigurationError
from ripplecarry.studies.catalogue import REPORT_STUDIES, STUDIES, find_studies

OWN = """
from ripplecarry import Study, Trial
STUDY = Study(name="mine", question="Mine?", base=Trial(steps=5), grid={"layers": (1, 2)}, seeds=2)
"""


def with_claim(decided_by: str) -> str:
    return OWN.replace("import Study, Trial", "import Claim, Study, Trial, area, fastest").replace(
        "seeds=2", f"claims=(Claim('X', 'so', {decided_by}),)"
    )


TWICE = """
from dataclasses import replace
STUDY = replace(STUDY, claims=STUDY.claims * 2)
"""


def test_every_study_loads_under_its_own_name():
    assert [study.name for study in find_studies(list(STUDIES))] == list(STUDIES)
    assert [study.name for study in find_studies(["all"])] == list(REPORT_STUDIES)


def test_the_reports_studies_are_the_protocols_twenty_trials():
    # rows of the protocol's table: steps, digits, layers, learning rate, cell
    expected = {
        "baseline": {(1000, 9, 2, rate, "rnn") for rate in (0.01, 0.001)},
        "layers": {(500, 14, layers, 0.001, "rnn") for layers in (1, 2, 3, 4)},
        "digits": {(1000, digits, 2, 0.001, "rnn") for digits in (10, 20, 50, 100, 200)},
        "learning_rate": {(500, 9, 2, rate, "rnn") for rate in (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1)},
        "cell": {(500, 9, 2, 0.001, cell) for cell in ("rnn", "lstm", "gru")},
    }
    for study in find_studies(list(expected)):
        trials = [case.trial for case in study.cases()]
        found = {(t.steps, t.digits, t.layers, t.learning_rate, t.cell) for t in trials}
        assert found == expected[study.name]
        for trial in trials:
            assert trial.batch_size == 200
            assert trial.sequence_length == trial.digits + 2


def test_the_mixed_networks_are_those_that_were_drawn_first():
    (study,) = find_studies(["mixed_adders"])
    drawn = json.dumps([case.settings for case in study.cases()])

    assert (
        sha256(drawn.encode()).hexdigest()
        == "26d3d7f42084e925d4e0be0d142f8e1ee1c86b49392f4951f3b3b8b61df3478f"
    )


def test_equal_work_shows_equally_many_positions_a_step():
    (study,) = find_studies(["digits_at_equal_work"])
    grid = [case.trial for case in study.cases() if not case.is_control]
    positions = [trial.batch_size * trial.sequence_length for trial in grid]

    assert len(positions) == 5
    assert all(abs(count / 2400 - 1) <= 0.0201 for count in positions)


def test_a_study_file_is_a_study(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)

    (study,) = find_studies([str(path)])

    assert [case.label for case in study.cases()] == ["1", "2"]
    assert len(study.requests(3, "torch")) == 6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("x = 1", "defines no STUDY"),
        ("STUDY = 3", "defines no STUDY"),
        ("1 / 0", "ZeroDivisionError"),
        ("this is no Python", "SyntaxError"),
        (OWN.replace('"layers"', '"leyers"'), "unknown option 'leyers'; did you mean layers"),
        (OWN.replace("(1, 2)", "(1, 1)"), "two trials are called '1'"),
        (OWN.replace("seeds=2", "seeds=0"), "seeds is 0"),
        (OWN.replace('"mine"', '"../mine"'), "must be a Python identifier"),
        (OWN.replace('"mine"', '"cell"'), "the name 'cell' is taken"),
        (OWN.replace("(1, 2)", "2"), "the grid's layers is 2; give a tuple"),
        (OWN.replace("seeds=2", "seeds='five'"), "seeds is 'five'"),
        (with_claim('fastest(area("exactmatch"), layers=1)'), "unknown metric 'exactmatch'"),
        (with_claim('fastest("exact_match", layers=1)'), "must be a measure"),
        (with_claim("None"), "decides nothing"),
        (with_claim('fastest(area("loss"), layers=7)'), "no trials have"),
        (with_claim('fastest(area("loss"), leyers=1)'), "did you mean layers"),
        (with_claim('fastest(area("loss"), layers=1)') + TWICE, "two claims are called 'X'"),
    ],
)
def test_a_file_without_a_usable_study_is_refused(tmp_path, content, words):
    path = tmp_path / "bad.py"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match=words):
        find_studies([str(path)])


def test_a_group_stands_for_its_studies():
    names = [study.name for study in find_studies(["thousand_seeds", "cell"])]

    assert names == ["thousand_seeds_of_rates", "thousand_seeds_of_cells", "cell"]


def test_unknown_studies_are_refused_with_the_choice():
    with pytest.raises(ConfigurationError, match="unknown study 'lairs'; did you mean layers"):
        find_studies(["lairs"])
    with pytest.raises(ConfigurationError, match="no study file"):
        find_studies(["nowhere.py"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("STUDY = exit(0)", "SystemExit"),
        ("from ripplecarry import Trial\nTrial(digits=-4)", "digits is -4; it must be at least 1"),
        ("from ripplecarry import Trial\nTrial(stepz=4)", "unknown option 'stepz'; did you mean steps?"),
    ],
)
def test_a_file_that_fails_is_told_in_a_line(content, words, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match=re.escape(words)):
        find_studies([str(path)])


def test_a_misspelt_study_gets_a_hint():
    with pytest.raises(ConfigurationError, match="did you mean layers"):
        find_studies(["layer"])
