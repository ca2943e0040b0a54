import json
import re
import shlex
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from made_up_runs import make_run

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import fastest
from ripplecarry.claims.measures import area
from ripplecarry.claims.study import Study
from ripplecarry.cli import call
from ripplecarry.engines.registry import open_engine
from ripplecarry.evaluation.simplification import first_wrong
from ripplecarry.reports import document, proofs
from ripplecarry.reports.agreement import agreement
from ripplecarry.reports.commands import run_command, study_command
from ripplecarry.reports.curve_figures import draw_curves
from ripplecarry.reports.document import report_study, write_document
from ripplecarry.reports.report_curves import report_curve, report_curves
from ripplecarry.reports.seed_figures import draw_seeds
from ripplecarry.reports.summary import CAPTION, summarise
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial
from ripplecarry.studies.catalogue import STUDIES, find_studies
from ripplecarry.sweeps.sweep import sweep
from ripplecarry.verification.certificate_file import FORMAT

STUDY = Study(
    name="tiny",
    question="Do small cells learn?",
    base=Trial(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=60),
    grid={"cell": ("rnn", "gru")},
    report_figure=5,
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A store with the study's runs, to copy."""
    swept = Store(tmp_path_factory.mktemp("swept"))
    sweep(STUDY.requests(2, "torch"), swept, num_workers=1)
    return swept


@pytest.fixture
def runs(swept, store):
    shutil.copytree(swept.root, store.root)
    return [store.open(request.id) for request in STUDY.requests(2, "torch")]


def test_a_study_draws_both_formats_with_its_panels_and_the_reports_curves(runs, tmp_path):
    png, svg = draw_curves(STUDY, runs, tmp_path)

    assert png.read_bytes().startswith(b"\x89PNG")
    picture = svg.read_text()
    for words in ("training loss", "exact match at 9 digits", "median of 2 seeds", "figure 5"):
        assert words in picture


def test_a_study_of_very_many_trials_has_tables_alone(runs, store, monkeypatch):
    assert report_study(STUDY, runs, store).figures
    monkeypatch.setattr(document, "MOST_DRAWN", 1)
    report = report_study(STUDY, runs, store)

    assert not report.figures
    assert all(table.is_file() for table in report.tables)


def test_trials_with_and_without_a_search_for_proofs_share_a_report(store, tmp_path, capsys):
    (tmp_path / "mixed.py").write_text(
        "from ripplecarry import Study, Trial\n"
        "small = Trial(layers=1, hidden_size=4, embedding_size=1, base=2, digits=3, steps=60)\n"
        "STUDY = Study(name='mixed', question='?', base=small, grid={'certify': (False, True)})\n"
    )

    status = call(["study", str(tmp_path / "mixed.py"), "--seeds", "1", "--store", str(store.root)])

    assert status == 0
    assert "0 of 1" in capsys.readouterr().out
    picture = next(store.root.rglob("mixed.svg")).read_text()
    for words in ("training loss", "exact match at 3 digits", "smallest margin over all boxes"):
        assert words in picture
    page = next(store.root.glob("report*.html")).read_text()
    head, body = re.search(
        r"<thead><tr>([^\n]*<th>certified</th>.*?)</thead>(.*?)</tbody>", page, re.S
    ).groups()
    assert [row.count("<td>") for row in body.split("</tr>")[:-1]] == [head.count("<th>")] * 2


def test_trials_that_the_report_lacks_are_not_said_to_be_beside_it(runs, store, tmp_path):
    study = replace(STUDY, labels=("simple", "gated"))
    picture = draw_curves(study, runs, tmp_path)[1].read_text()
    write_document([report_study(study, runs, store)], {}, tmp_path / "report.html")

    assert "simple" in picture
    assert "report's run" not in picture
    assert "Where the report and we differ" not in (tmp_path / "report.html").read_text()


def test_the_same_runs_give_the_same_picture(runs, tmp_path):
    pictures = [draw_curves(STUDY, runs, tmp_path)[1].read_bytes() for _ in range(2)]

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


def test_seed_figures_show_a_dot_a_seed(runs, tmp_path):
    png, svg = draw_seeds(STUDY, runs, tmp_path)

    assert png.is_file()
    picture = svg.read_text()
    for words in ("mean loss", "mean of 1 − exact match", "steps to exact match 0.99", "never reached"):
        assert words in picture


def test_a_grid_of_two_entries_has_a_row_of_panels_each(store, tmp_path):
    study = Study(
        name="rows",
        question="Rows?",
        base=STUDY.base,
        grid={"layers": (1, 2), "cell": ("rnn", "gru")},
    )
    requests = study.requests(1, "torch")
    sweep(requests, store, num_workers=1)

    _, svg = draw_curves(study, [store.open(request.id) for request in requests], tmp_path)

    assert "1: training loss" in svg.read_text()
    assert "2: training loss" in svg.read_text()


def test_a_study_of_sequences_is_drawn_without_the_reports_reading(store, tmp_path):
    base = Trial(task="parity", hidden_size=3, embedding_size=2, digits=3, steps=60, layers=1, batch_size=9)
    study = Study(name="sequences", question="?", base=base, grid={"cell": ("rnn", "gru")})
    sweep(study.requests(1, "torch"), store, num_workers=1)
    runs = [store.open(run_id) for run_id in store.ids()]

    picture = draw_curves(study, runs, tmp_path)[1].read_text()
    write_document([report_study(study, runs, store)], {}, tmp_path / "report.html")

    assert "exact match at 3 digits" in picture
    assert "at 9 digits" not in picture


def test_agreement_counts_points_inside_the_band():
    trial = Trial(steps=500, cell="lstm")
    theirs = report_curve(5, "lstm", "loss")
    exact = report_curve(5, "lstm", "exact_match")

    def runs_at(offset):
        losses = np.interp(np.arange(500), theirs.step, theirs.value) + offset
        matches = np.interp(np.arange(0, 500, 50), exact.step, exact.value)
        return [make_run(trial, seed, losses, matches) for seed in range(3)]

    study = Study(name="cells", question="?", base=Trial(steps=500), grid={"cell": ("lstm",)},
                  report_figure=5)  # fmt: skip

    loss, match = agreement(study, runs_at(0.0))
    assert loss.num_inside == loss.num_points == 9
    assert loss.largest_gap < 0.02
    assert match.num_inside == match.num_points == 10
    loss, _ = agreement(study, runs_at(0.5))
    assert loss.num_inside == 0
    assert loss.largest_gap == pytest.approx(0.5, abs=0.02)


def test_the_document_needs_no_other_file_and_tells_all(runs, store, tmp_path):
    study = replace(
        STUDY,
        claims=(Claim("X1", "GRU <is> faster", fastest(area("loss"), cell="gru")),),
    )
    report = report_study(study, runs, store)
    path = tmp_path / "report.html"

    write_document([report], {"abc-torch-9": "out of luck"}, path)

    page = path.read_text()
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "http" not in re.sub(r"base64,[^\"]*", "", page)
    assert page.count("data:image/svg+xml;base64,") == 2
    for words in ("X1", "GRU &lt;is&gt; faster", "decided from 5 seeds on", "out of luck",
                  f"ripplecarry study tiny --seeds 2 --engine torch --store {store.root}", "9-digit pairs",
                  "numerics_version", runs[0].id):  # fmt: skip
        assert words in page


def test_the_document_has_a_section_on_certificates(runs, store, monkeypatch, tmp_path):
    """Of the one that the checker is known to have accepted; a file alone proves nothing."""
    proved = SimpleNamespace(theorem="For <all> numbers", margin=0.25, weights_sha256="ab" * 32)
    for run in runs[:2]:
        store.keep_certificate(run.id, json.dumps({"format": FORMAT}).encode())
    monkeypatch.setattr(proofs, "accepted", lambda run, path: proved if run.id == runs[0].id else None)
    store.keep_counterexample(runs[2].id, {})
    path = tmp_path / "report.html"

    write_document([report_study(STUDY, runs, store)], {}, path)

    page = path.read_text()
    for words in ("1 of 4 runs have a certificate", "For &lt;all&gt; numbers", "<td>0.25</td>",
                  f"ripplecarry check {store.certificate_path(runs[0].id)}",
                  "A wrong answer is known of 1 of 4 runs", "<td>cell gru</td>", CAPTION):  # fmt: skip
        assert words in page, words
    assert f"ripplecarry check {store.certificate_path(runs[1].id)}" not in page
    monkeypatch.undo()
    store.counterexample_path(runs[2].id).unlink()
    write_document([report_study(STUDY, runs, store)], {}, path)
    assert "<h3>Certificates</h3>" not in path.read_text()


def test_the_commands_of_the_document_make_its_runs_again(runs, store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    elsewhere = Store(tmp_path / "elsewhere")
    arms = STUDY.drawn(runs)

    for arm in arms:
        _, *words = shlex.split(run_command(arm, elsewhere))
        assert call(words) == 0

    assert elsewhere.ids() == sorted(arm.runs[0].id for arm in arms)
    curves = [each.open(arms[0].runs[0].id).curves for each in (store, elsewhere)]
    assert curves[0].equals(curves[1])
    words = shlex.split(study_command(STUDY, runs, store))
    assert words[:5] == ["ripplecarry", "study", "tiny", "--seeds", "2"]
    machine = Trial(
        task="machine", num_operands=1, base=2, machine={"next_state": [[0, 0]], "output": [[0, 1]]}
    )
    case = replace(arms[0].case, trial=machine)
    assert run_command(replace(arms[0], case=case), store) is None


def test_the_document_has_the_answer_and_figures_first_and_says_once_that_seeds_are_few(
    runs, store, tmp_path
):
    claims = tuple(
        Claim(f"X{n} of <it>", "GRU is faster", fastest(area("loss"), cell="gru")) for n in range(3)
    )
    path = tmp_path / "report.html"

    write_document([report_study(replace(STUDY, claims=claims), runs, store)], {}, path)

    page = path.read_text()
    assert page.count("A first look.") == 1
    assert page.count("fewer than 5") == 1  # in the rules
    order = ["<nav", "X0 of &lt;it&gt; open.", "<figure", "<h3>Numbers", "Comparisons", "ripplecarry study",
             'id="verdicts"', 'id="definitions"', 'id="environment"']  # fmt: skip
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    links = re.findall(r'href="#([^"]*)"', page)
    assert len(links) > 8
    assert set(links) <= set(re.findall(r'id="([^"]*)"', page))
    assert "<dt>exact match</dt>" in page


def test_the_document_shows_the_shortest_wrong_sum_known_as_every_command_does(runs, store, tmp_path):
    network = open_engine("torch").load(runs[0].trial, runs[0].task, runs[0].weights)
    digits = np.array([[9, 9], [9, 9], [0, 0], [0, 0], [0, 0]], dtype=np.uint8)
    found = shortest_known(runs[0], store, network, first_wrong(network, runs[0].task, digits[None]))
    path = tmp_path / "report.html"

    write_document([report_study(STUDY, runs, store)], {}, path)

    assert found is not None
    assert f"<dd>{found}</dd>" in path.read_text()


def test_the_document_says_where_networks_go_wrong(store, tmp_path):
    study = replace(STUDY, base=STUDY.base.model_copy(update={"exactness_to": 4}), report_figure=None)
    requests = study.requests(1, "torch")
    sweep(requests, store, num_workers=1)
    path = tmp_path / "report.html"

    write_document([report_study(study, [store.open(r.id) for r in requests], store)], {}, path)

    assert re.search(r"<dt>gru</dt><dd>Sums by length: .*95 % interval", path.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1200])
def test_the_document_can_be_read_on_narrow_screens(runs, store, tmp_path, chromium, width):
    path = tmp_path / "report.html"
    claim = Claim("X1", "GRU is faster", fastest(area("loss"), cell="gru"))
    write_document([report_study(replace(STUDY, claims=(claim,)), runs, store)], {}, path)

    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert min(page.locator("figure img").evaluate_all("all => all.map((each) => each.width)")) > 600
    widths = page.locator("td").evaluate_all("all => all.map((each) => each.clientWidth)")
    assert min(widths) > 20


@pytest.mark.slow
def test_the_document_prints_on_pages_with_nothing_cut_off(runs, store, tmp_path, chromium):
    path = tmp_path / "report.html"
    write_document([report_study(STUDY, runs, store)], {}, path)

    page = chromium.new_page(viewport={"width": 1017, "height": 700})  # A4 landscape without margins
    page.goto(path.as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.get_by_text("ripplecarry train").first.is_visible()
    pictures = page.locator("figure img")
    widths = pictures.evaluate_all("all => all.map((each) => [each.width, each.naturalWidth])")
    assert pictures.count() == 2
    assert all(width <= natural for width, natural in widths)
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_every_study_of_ours_can_be_judged_without_runs():
    for study in find_studies(list(STUDIES)):
        verdicts = study.judge([])

        assert len(verdicts) == len(study.claims) > 0
        assert {verdict.status for verdict in verdicts} == {"open"}
        assert all(verdict.sentence and verdict.as_dict() for verdict in verdicts)


def test_every_claim_of_the_protocol_is_written_in_a_study():
    ids = {claim.id.split()[0] for study in find_studies(["all"]) for claim in study.claims}

    assert ids == {"B1", "L1", "L2", "D1", "D2", "R1", "R2", "R3", "R4", "R5", "C1", "C2", "C3"}
