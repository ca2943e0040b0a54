"""What figures show at a glance, and what they call it."""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from made_up_runs import make_run
from matplotlib.figure import Figure

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import addition
from ripplecarry.claims.study import Study
from ripplecarry.reports import (
    curve_figures,
    exactness_figures,
    heat_maps,
    machine_figure,
    seed_figures,
    style,
)
from ripplecarry.reports.document import report_study
from ripplecarry.runs.trial import Trial
from ripplecarry.sweeps.sweep import sweep

STUDY = Study(
    name="tails",
    question="How low?",
    base=Trial(steps=200),
    grid={"layers": (1, 2, 3, 4)},
)
FALLING = np.geomspace(2.3, 0.001, 200)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    figures: list[Figure] = []
    monkeypatch.setattr(
        Figure,
        "savefig",
        lambda figure, path, **_: figures.append(figure) if path.suffix == ".png" else None,
    )
    return figures


def runs_of(study, num_seeds, loss=FALLING, exact_match=(0.0, 0.5, 0.996, 1.0)):
    state = {"exact_from_step": None, "train_s": 1.0, "steps_done": 200}
    return [
        make_run(case.trial, seed, loss, exact_match, state=state)
        for case in study.cases()
        for seed in range(num_seeds)
    ]


def caption(figure):
    return " ".join(figure.get_supxlabel().split())


def test_a_loss_whose_tail_a_linear_axis_would_flatten_is_logarithmic(drawn, tmp_path):
    curve_figures.draw_curves(STUDY, runs_of(STUDY, 2), tmp_path)
    curve_figures.draw_curves(STUDY, runs_of(STUDY, 2, loss=2.0), tmp_path)
    curve_figures.draw_curves(replace(STUDY, report_figure=2), runs_of(STUDY, 2), tmp_path)

    falling, flat, beside_the_report = (figure.axes[0] for figure in drawn)
    assert falling.get_yscale() == "log"
    assert falling.get_ylabel().endswith("logarithmic")
    assert falling.get_ylim()[0] < 0.001
    assert (flat.get_yscale(), flat.get_ylim()[0]) == ("linear", 0)
    assert beside_the_report.get_yscale() == "linear"


def test_a_band_over_few_seeds_is_their_range_and_is_called_so():
    few, many = (np.arange(count)[:, None] for count in (12, 101))

    assert curve_figures.band_of(few).ravel().tolist() == [0, 5.5, 11]
    assert curve_figures.band_of(many).ravel().tolist() == [2.5, 50, 97.5]
    words = [curve_figures.band_words(STUDY.drawn(runs_of(STUDY, count))) for count in (1, 12, 101)]
    assert "one seed" in words[0]
    assert "range from the lowest to the highest" in words[1]
    assert "middle 95 %" in words[2]


@pytest.mark.parametrize(
    ("grid", "scale"),
    [
        ({"layers": (1, 2, 3, 4)}, "linear"),
        ({"learning_rate": (0.0001, 0.001, 0.01, 0.05)}, "log"),
        ({"hidden_size": (2, 4, 8, 16)}, "log"),
        ({"digits": (3, 6, 9, 12)}, "linear"),
        ({"cell": ("rnn", "gru"), "layers": (1, 2, 3)}, "linear"),
    ],
)
def test_shares_of_seeds_stand_evenly_and_nothing_joins_them(grid, scale, drawn, tmp_path):
    study = replace(STUDY, grid=grid)

    exactness_figures.draw_success(study, runs_of(study, 3), tmp_path)

    (axes,) = drawn[0].axes
    assert axes.get_xscale() == scale
    assert {line.get_linestyle() for line in axes.lines} == {"None"}


def test_all_right_differs_from_nearly_all_at_a_glance(drawn, tmp_path):
    rows = [
        {"kind": kind, "length": 2, "run": run, "num_pairs": 1000, "num_exact": 1000 - 4 * run}
        for kind in ("carry", "idle")
        for run in (0, 1)
    ]

    heat_maps.draw_evaluation(pd.DataFrame(rows), "one", tmp_path)
    curve_figures.draw_curves(STUDY, runs_of(STUDY, 1), tmp_path)

    (cells,) = drawn[0].axes[0].collections
    all_right, nearly = cells.to_rgba(cells.get_array().ravel())
    assert np.linalg.norm(all_right - nearly) > 0.5
    assert "Green: all right" in caption(drawn[0])
    open_line, filled = drawn[1].axes[1].lines[:2]
    assert open_line.get_markerfacecolor() == "white"
    assert filled.get_ydata().tolist() == [1.0]


def test_neighbouring_shades_differ():
    for count in (2, 4, 6):
        shades = np.array(style.colours(range(count)))
        assert np.linalg.norm(np.diff(shades, axis=0), axis=1).min() > 0.25, count
        lightness = shades @ (0.299, 0.587, 0.114)
        assert (np.diff(lightness) > 0).all()  # grey prints keep the order


def test_twelve_states_are_told_apart(drawn, tmp_path):
    machine = Machine(
        next_state=np.arange(1300).reshape(13, 100) % 13,
        output=np.zeros((13, 100), np.uint8),
    )

    machine_figure.draw_machine(machine, addition(), "one", tmp_path, "one")

    tints = [line.get_color() for line in drawn[0].axes[0].lines]
    assert len(tints) == 12
    gaps = [np.linalg.norm(np.subtract(a, b)) for i, a in enumerate(tints) for b in tints[:i]]
    assert min(gaps) > 0.1
    words = [text.get_text() for text in drawn[0].axes[0].texts]
    assert words[1:6:2] == ["0", "1", "2"]
    assert "…" in words


def test_captions_say_how_often_exact_match_is_read(drawn, tmp_path):
    runs = runs_of(STUDY, 2)
    seed_figures.draw_seeds(STUDY, runs, tmp_path)
    curve_figures.draw_curves(STUDY, runs, tmp_path)

    assert "steps are multiples of 50" in caption(drawn[0])
    assert "read every 50 steps" in caption(drawn[1])


def save_with_title(title, folder):
    figure = Figure()
    style.save(figure, folder, "one", title, "")
    return figure.texts[0].get_fontfamily()


def test_a_character_that_the_usual_font_lacks_comes_from_an_installed_one(monkeypatch, tmp_path):
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    monkeypatch.setattr(style, "findSystemFonts", lambda: [str(fonts / "STIXGeneral.ttf")])
    style.font_with.cache_clear()

    assert save_with_title("\u1d81", tmp_path)[-1] == "STIXGeneral"


def test_without_such_a_font_there_is_one_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(style, "findSystemFonts", list)
    style.font_with.cache_clear()
    style.warn_of_boxes.cache_clear()

    with pytest.warns(UserWarning, match="no installed font has all characters"):
        save_with_title("深度有帮助吗", tmp_path)
    save_with_title("宽度有帮助吗", tmp_path)  # another warning would fail this test

    style.font_with.cache_clear()


def test_fewer_seeds_leave_the_figures_and_tables_of_more(store):
    base = Trial(hidden_size=4, embedding_size=2, batch_size=4, digits=2, steps=20)
    study = replace(STUDY, base=base, grid={"cell": ("rnn", "gru")})
    requests = study.requests(2, "torch")
    sweep(requests, store, num_workers=1)
    runs = [store.open(request.id) for request in requests]

    more = report_study(study, runs, store)
    before = {path: path.read_bytes() for path in (*more.figures, *more.tables)}
    fewer = report_study(study, [run for run in runs if run.seed == 0], store)
    again = report_study(study, runs, store)

    assert (more.has_fewer_seeds, fewer.has_fewer_seeds, again.has_fewer_seeds) == (False, True, False)
    assert {path: path.read_bytes() for path in before} == before
    assert {path.parent.name for path in fewer.figures} == {"fewer_seeds"}
    table = pd.read_csv(more.tables[0])
    assert table.num_seeds.tolist() == [2, 2]
    assert table.success_share_high.between(0, 1).all()
    assert "\\begin{tabular}" in more.tables[1].read_text()
    names = [store.report_path(studies).name for studies in (["a"], ["b", "a"], ["b", "c"], [])]
    assert names == ["report_a.html", "report_a_b.html", "report_b_c.html", "report.html"]
    long = [store.report_path([f"{letter * 90}", "x" * 90]).name for letter in "ab"]
    assert len(set(long)) == 2
    assert max(map(len, long)) < 40
    assert store.report_path(["a"], has_fewer_seeds=True).name == "report_a_fewer_seeds.html"


def test_copies_that_stay_near_are_drawn_without_what_they_do_not_read(drawn, tmp_path):
    near = Trial(steps=200, layers=1, certify=True, polished_from="0", stay_near=True)
    study = replace(STUDY, base=near, grid={"hidden_size": (32, 64)})

    curve_figures.draw_curves(study, runs_of(study, 2), tmp_path)

    (panel,) = drawn[0].axes
    assert panel.get_title() == "training loss"
