"""Every state-tracking task from training to the page."""

import pytest

import ripplecarry as rc
from ripplecarry.errors import ConfigurationError

TASKS = [
    {"task": "parity"}, {"task": "cycle_navigation"}, {"task": "group", "group": "s3"},
    {"task": "dyck", "depth": 2, "kinds": 2}, {"task": "flip_flop"},
    {"task": "remainder", "modulus": 3, "digit_order": "most-first"},
    {"task": "machine", "machine": {"next_state": [[1], [0], [2]], "output": [[0], [1], [2]]}},
]  # fmt: skip
"""The last has one symbol and a state that nothing leads to."""
SMALL = {"layers": 1, "hidden_size": 4, "embedding_size": 2, "digits": 2, "steps": 2, "batch_size": 4}


@pytest.mark.parametrize("settings", TASKS, ids=lambda settings: settings["task"])
def test_a_run_goes_from_training_to_page_and_model(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    run = rc.train(**settings, **SMALL)

    found = rc.certify(run.id)
    assert found.sentence.startswith(f"{run.task.name} of [")
    assert rc.certify(run.id).sentence == found.sentence  # read back from the store
    assert rc.export(run.id, onnx=True)[0].is_file()
    assert "counterexample" in rc.page(run.id, out="page.html").path.read_text()
    assert not rc.evaluate(run.id, lengths=3, samples=10).is_exact
    with pytest.raises(ConfigurationError, match="reads a sequence and no numbers"):
        rc.add(run.id, "1")
