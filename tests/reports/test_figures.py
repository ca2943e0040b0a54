import pytest

from ripplecarry.lab.study import Study
from ripplecarry.lab.sweep import sweep
from ripplecarry.lab.trial import Trial
from ripplecarry.reports.figures import draw_study
from ripplecarry.reports.report_curves import report_curve, report_curves
from ripplecarry.reports.summary import summarise

STUDY = Study(
    name="tiny",
    question="Do small cells learn?",
    base=Trial(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=60),
    grid={"cell": ("rnn", "gru")},
    report_figure=5,
)


@pytest.fixture
def runs(store):
    requests = STUDY.requests(2, "torch")
    sweep(requests, store, num_workers=1)
    return [store.open(request.id) for request in requests]


def test_a_study_draws_both_formats_with_its_panels_and_the_reports_curves(runs, tmp_path):
    png, svg = draw_study(STUDY, runs, tmp_path)

    assert png.read_bytes().startswith(b"\x89PNG")
    picture = svg.read_text()
    for words in ("Training loss", "Exact match at 9 digits", "median of 2 seeds", "figure 5"):
        assert words in picture


def test_the_same_runs_give_the_same_picture(runs, tmp_path):
    pictures = [draw_study(STUDY, runs, tmp_path)[1].read_bytes() for _ in range(2)]

    assert pictures[0] == pictures[1]


def test_a_summary_has_a_row_a_trial(runs):
    rows = summarise(STUDY, runs)

    assert [(row.case, row.num_seeds) for row in rows] == [("rnn", 2), ("gru", 2)]
    assert all(0 <= row.exact_match_low <= row.exact_match <= 1 for row in rows)


def test_the_reports_curves_cover_its_five_figures():
    assert sorted(report_curves().figure.unique()) == [1, 2, 3, 4, 5]
    lstm = report_curve(5, "lstm", "loss")
    assert lstm.step.is_monotonic_increasing
    assert len(lstm) == 9
    assert len(report_curve(1, "0.001", "exact_match")) == 20
