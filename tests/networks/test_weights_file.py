"""Weights files say which cell they hold; where they do not, the shapes tell."""

import pytest
import safetensors.numpy
from hand_made_adders import exact_trial, exact_weights, keep, random_weights
from made_certificates import certified

from ripplecarry.errors import CertificateRefused, StoreError
from ripplecarry.networks.architecture import CELL_SHAPES, gated
from ripplecarry.networks.weights_file import read_cell, read_weights, write_weights
from ripplecarry.runs.certificates import CertificateSubject
from ripplecarry.runs.imported_run import import_run
from ripplecarry.runs.trial import Trial
from ripplecarry.verbs.export import export


def test_the_cell_is_named_and_the_tensors_are_the_same_bytes(store):
    weights = random_weights(Trial(cell="gru", hidden_size=5))
    named, plain = write_weights(weights, "gru"), safetensors.numpy.save(weights)

    assert (read_cell(named), read_cell(plain)) == ("gru", None)
    assert all((read_weights(named)[name] == array).all() for name, array in weights.items())
    size = sum(array.nbytes for array in weights.values())
    assert named[-size:] == plain[-size:]


def test_runs_and_exports_name_their_cell(store, tmp_path):
    run = keep(store, exact_trial(10), exact_weights(10))

    for path in (run.folder / "weights.safetensors", *export(run, state_dict=True, folder=tmp_path)):
        assert read_cell(path.read_bytes()) == "rnn"


def test_imported_weights_are_of_the_cell_that_their_file_names(store, tmp_path, monkeypatch):
    """Also where a second cell has as many gates, which the shapes cannot tell apart."""
    monkeypatch.setitem(CELL_SHAPES, "own", gated(3))
    weights = random_weights(Trial(cell="gru", hidden_size=5))
    path = tmp_path / "weights.safetensors"

    path.write_bytes(safetensors.numpy.save(weights))
    assert import_run(path, 4, store).trial.cell == "gru"
    path.write_bytes(write_weights(weights, "gru"))
    assert import_run(path, 4, store).trial.cell == "gru"
    path.write_bytes(write_weights(weights, "own"))
    with pytest.raises(StoreError, match="unknown cell 'own'; choose from rnn, gru, lstm"):
        import_run(path, 4, store)
    path.write_bytes(write_weights(weights, "lstm"))
    with pytest.raises(StoreError, match="an LSTM of 2 layers and 5 units has 20"):
        import_run(path, 4, store)


def test_a_certificate_is_refused_for_weights_of_another_cell(store, tmp_path):
    trial, weights, certificate = certified("gru")
    paths = tmp_path / "certificate.json", tmp_path / "weights.safetensors"
    certificate.write(paths[0])

    for cell in ("gru", "own"):
        paths[1].write_bytes(write_weights(weights, cell))
        subject = CertificateSubject.of(*paths)
        if cell == trial.cell:
            assert subject.proof().cell == "gru"
        else:
            for check in (subject.proof, subject.second_margin):
                with pytest.raises(CertificateRefused, match="cell"):
                    check()
