"""The pictures of sets of states, here of networks small enough to be searched in a second."""

import json

import numpy as np
import pytest
from sloped_certificates import BY_LAST_SYMBOL, BY_TWO_SYMBOLS, SETTINGS, proved

import ripplecarry as rc
from docs.proof_pictures import draw_drift, draw_forgetting, draw_singular_values, draw_states, draw_widths
from docs.sets_of_states import WatchedBounds, plane, repeated_widths, shadow, visit
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.verification.find_sloped_boxes import find_sloped_boxes
from ripplecarry.verification.forgetting import NUM_POSITIONS, Forgetting

SEEDS = BY_LAST_SYMBOL, BY_TWO_SYMBOLS
PASSES_ON = 1, 0


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def trained_run(seed: int, store: Store) -> Run:
    return rc.train(**SETTINGS, seed=seed, store=store.root)


def reach(box: np.ndarray, axes: np.ndarray) -> float:
    """The highest value of the second axis in a box, where the first gives 0: by the dual programme."""
    along, up = axes
    others = up - (up / along)[:, None] * along
    return float((others @ box.mean(0) + np.abs(others) @ np.ptp(box, axis=0) / 2).min())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_shadow_is_as_small_as_its_set_and_holds_its_states(seed, store):
    bounds, content = WatchedBounds(trained_run(seed, store)), proved(seed)[2]
    axes = plane(bounds, np.array(content["direction"]))
    visited = visit(bounds, np.array([each["next"] for each in content["histories"]]))

    for number in np.unique(visited.history):
        stated = content["histories"][number]
        (first, low), (last, low_last), (_, high_last), (_, high) = shadow(stated, axes)
        box = np.array([stated["low"], stated["high"]])
        assert (first, last) == tuple(stated["along"])
        assert high - low == pytest.approx(reach(box, axes) + reach(-box, axes), abs=1e-6)
        assert high_last - low_last == pytest.approx(high - low)
        y, above = axes @ visited.preactivations[visited.history == number].T
        above -= (low_last - low) / (last - first) * (y - first)
        assert (y.min() >= first, y.max() <= last, above.min() >= low, above.max() <= high) == (True,) * 4


def test_images_of_boxes_are_no_narrower_than_those_of_their_states(store):
    run = trained_run(BY_LAST_SYMBOL, store)
    bounds = WatchedBounds(run)
    find_sloped_boxes(bounds, run.seed)
    symbol = int(run.task.symbols_of(np.array(PASSES_ON)))

    plain, sloped, states = repeated_widths(run, bounds, *bounds.tried[0], symbol, 5)

    rounding = 1 - 1e-9
    assert (plain >= states * rounding).all()
    assert (sloped >= states * rounding).all()
    assert states[-1] < states[0] / 2


@pytest.mark.slow
def test_every_picture_is_drawn(store, tmp_path):
    runs = {str(seed): trained_run(seed, store) for seed in SEEDS}
    for run in runs.values():
        store.keep_forgetting(run, Forgetting((0.5,) * NUM_POSITIONS))
        store.keep_certificate(run.id, json.dumps(proved(run.seed)[2]).encode())
    one, both = runs[str(BY_LAST_SYMBOL)], {name: [run] for name, run in runs.items()}
    pictures = [
        *draw_states(one, proved(BY_LAST_SYMBOL)[2], tmp_path),
        *draw_widths(one, PASSES_ON, tmp_path),
        *draw_singular_values(both, tmp_path),
        *draw_drift(runs, tmp_path),
        *draw_forgetting(both, store, tmp_path),
    ]

    words = {path.stem: path.read_text() for path in pictures if path.suffix == ".svg"}
    assert len(words) == 5
    assert "no carry: 4 sets" in words["proof_states"]
    assert "each of 9 histories" in words["proof_widths"]
    assert words["proof_forgetting"].count("proved, ") == 2
