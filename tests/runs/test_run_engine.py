"""A run's later commands compute on the engine that it was trained on, unless another is named."""

from dataclasses import replace

import pytest

import ripplecarry as rc
from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.trial import Trial

TINY = {"layers": 1, "hidden_size": 3, "embedding_size": 2, "digits": 2, "steps": 2, "batch_size": 4}


def test_a_cell_that_pytorch_alone_knows_needs_no_engine_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = rc.train(cell="deltanet", **TINY)

    assert run.engine == engine_of(run).name == "torch"
    assert isinstance(rc.add(run, 1, 2), int)
    with pytest.raises(ConfigurationError, match="cell is deltanet; the torch engine"):
        rc.add(run, 1, 2, engine="native")


@pytest.mark.skipif(not is_available(), reason="the native engine is not built")
def test_runs_of_pytorch_stay_there_and_all_others_take_the_fastest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = rc.train(engine="torch", **TINY)

    assert engine_of(run).name == "torch"
    assert engine_of(run, "native").name == "native"
    assert engine_of(replace(run, trial=Trial(**TINY | {"certify": True}))).name == "native"
    for engine in ("native", "imported", "gpu"):
        assert engine_of(replace(run, config=dict(run.config) | {"engine": engine})).name == "native"


def test_a_trial_takes_the_fastest_engine_that_knows_its_cell():
    assert Trial(cell="gru").engine("auto") == open_engine().name
    assert Trial(cell="deltanet").engine("auto") == "torch"
    with pytest.raises(ConfigurationError, match="the torch engine computes it"):
        Trial(cell="deltanet").engine("native")
