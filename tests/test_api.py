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

    assert rc.page(run.id[:6]).path == Store().page_path(run.id)
    (tmp_path / "here").mkdir()
    copy = rc.page(run, out="here/page.html", engine="torch").path
    assert copy.stat().st_size > 0.9 * Store().page_path(run.id).stat().st_size
    with pytest.raises(StoreError, match="it is a folder"):
        rc.page(run, out=tmp_path)


def test_an_export_is_an_onnx_model_or_a_state_dict(tmp_path):
    pytest.importorskip("onnx")
    run = rc.train(**TINY)

    assert rc.export(run, onnx=True) == [Store().root / "exports" / f"{run.id}.onnx"]
    (weights,) = rc.export(run, folder=tmp_path / "there", state_dict=True)
    assert weights.parent == tmp_path / "there"
    assert weights.stat().st_size > 1000
    with pytest.raises(ConfigurationError, match="say onnx=True, state_dict=True or both"):
        rc.export(run)


def test_a_comparison_has_a_row_a_run():
    runs = [rc.train(**TINY), rc.train(**TINY, cell="gru", seed=7)]

    frame = rc.compare(*runs).frame()

    assert frame.index.tolist() == [run.id for run in runs]
    assert frame[["cell", "seed"]].values.tolist() == [["rnn", 0], ["gru", 7]]
    assert frame.loss.tolist() == [run.state["last"]["loss"] for run in runs]
    assert (frame.metrics_read_after_step == 50).all()
    assert isinstance(frame, pd.DataFrame)
    with pytest.raises(ConfigurationError, match="at least two runs, not 1"):
        rc.compare(runs[0])


@pytest.mark.parametrize("verb", [rc.page, rc.certify, rc.extract, rc.add, rc.list_runs])
def test_what_is_no_run_is_refused(verb):
    with pytest.raises(ConfigurationError, match="3 is no run"):
        verb(3)
    with pytest.raises(StoreError, match="no run 'abc'"):
        verb("abc")


def test_a_run_is_meant_by_itself_its_id_a_beginning_or_its_folder():
    run = rc.train(**TINY)

    for named in (run, run.id, run.id[:4], run.folder, str(run.folder)):
        (path,) = rc.export(named, state_dict=True)
        assert path.stem == run.id
        assert rc.list_runs(named).id.tolist() == [run.id]


def test_a_listing_is_a_frame_that_leaves_damaged_runs_out_with_a_warning():
    kept, other = rc.train(**TINY), rc.train(**TINY, seed=1)

    assert rc.list_runs(sort="seed desc").id.tolist() == [other.id, kept.id]
    (other.folder / "state.json").write_text("{")
    with pytest.warns(UserWarning, match="state.json"):
        assert rc.list_runs(where="steps = 60").id.tolist() == [kept.id]


def test_sums_as_text_from_files_or_verified_are_written(tmp_path):
    run = rc.train(**TINY)
    (tmp_path / "pairs").write_text("1 2\n30 4\n")
    answers = [rc.add(run, 1, 2), rc.add(run, 30, 4)]

    assert [int(line) for line in rc.add(run, from_=["pairs"])] == answers
    assert [int(line) for line in rc.add(run, "1", "2")] == answers[:1]
    verified = rc.add(run, [1, 30], [2, 4], verify=True)
    assert [int(line) for line in verified] == answers
    num_wrong = sum(answer != right for answer, right in zip(answers, (3, 34), strict=True))
    assert (verified.compared.num_sums, verified.compared.num_wrong) == (2, num_wrong)


def test_stores_merge_and_machines_are_extracted():
    settings = {"base": 2, "layers": 1, "hidden_size": 16, "digits": 4, "learning_rate": 0.01}
    run = rc.train(**settings, steps=300, store="elsewhere")

    assert rc.merge("elsewhere").added == [run.id]
    assert rc.merge("elsewhere").known == [run.id]
    found = rc.extract(run.id[:6], engine="torch")
    assert (found.is_right, found.machine.num_states) == (True, 2)
