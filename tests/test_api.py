"""What of the Python interface leaves files or tables."""

import pandas as pd
import pytest

import ripplecarry as rc
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.runs.store import Store

TINY = {"hidden_size": 6, "embedding_size": 3, "batch_size": 10, "digits": 3, "steps": 60}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_page_goes_into_the_store_or_where_it_is_told(tmp_path):
    run = rc.train(**TINY)

    assert rc.page(run) == Store().page_path(run.id)
    assert rc.page(run, "here/page.html").read_bytes() == Store().page_path(run.id).read_bytes()
    with pytest.raises(StoreError, match="it is a folder"):
        rc.page(run, tmp_path)


def test_an_export_is_an_onnx_model_or_a_state_dict(tmp_path):
    pytest.importorskip("onnx")
    run = rc.train(**TINY)

    assert rc.export(run) == Store().root / "exports" / f"{run.id}.onnx"
    weights = rc.export(run, tmp_path / "there", form="state_dict")
    assert weights.parent == tmp_path / "there"
    assert weights.stat().st_size > 1000
    with pytest.raises(ConfigurationError, match="unknown form 'png'; choose from onnx, state_dict"):
        rc.export(run, form="png")


def test_a_comparison_has_a_row_a_run():
    runs = [rc.train(**TINY), rc.train(**TINY, cell="gru", seed=7)]

    frame = rc.compare(*runs)

    assert frame.index.tolist() == [run.id for run in runs]
    assert frame[["cell", "seed"]].values.tolist() == [["rnn", 0], ["gru", 7]]
    assert frame.loss.tolist() == [run.state["last"]["loss"] for run in runs]
    assert (frame.metrics_read_after_step == 50).all()
    assert isinstance(frame, pd.DataFrame)
    with pytest.raises(ConfigurationError, match="two runs or more; 1 came"):
        rc.compare(runs[0])


@pytest.mark.parametrize("verb", [rc.page, rc.export, rc.certify])
def test_what_is_no_run_is_refused(verb):
    with pytest.raises(ConfigurationError, match="'abc' is no run"):
        verb("abc")
