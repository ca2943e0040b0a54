"""What knows a cell computes it; what does not refuses it in one line."""

import re

import numpy as np
import pytest

from ripplecarry.arithmetic.tasks import addition
from ripplecarry.engines.gpu.layout import Layout
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES, check_known, gated
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.networks.onnx_model import onnx_model
from ripplecarry.reports.page.writer import ASSETS
from ripplecarry.runs.trial import Trial
from ripplecarry.sweeps.certifying import attempt_on
from ripplecarry.verification import balls
from ripplecarry.verification.certificate_file import BOXES

TASK = addition()


def small(cell):
    trial = Trial(cell=cell, layers=1, hidden_size=4, embedding_size=2, digits=2)
    return trial, initial_weights(trial, TASK, 0)


def compute_natively(cell):
    trial, weights = small(cell)
    operands = np.zeros((1, 2, 2), dtype=np.uint8)
    native, torch = (open_engine(name).load(trial, TASK, weights) for name in ("native", "torch"))
    assert np.allclose(native.logits(operands), torch.logits(operands), atol=1e-5)


def lay_out(cell):
    trial, weights = small(cell)
    layout = Layout(trial, TASK)
    assert all((layout.unpack(layout.pack(weights))[name] == weights[name]).all() for name in weights)
    assert layout.tiles


def bound(cell):
    trial, weights = small(cell)
    assert attempt_on(trial, trial, weights, 0).num_rounds >= 1
    assert cell in balls.CELLS
    assert cell in BOXES


def draw(cell):
    source = (ASSETS / "cells.js").read_text()
    shape = CELL_SHAPES[cell]
    sees = " isRecurrent: true," if "weight_hh" in shape.parameters(1, 1) else ""
    assert re.search(rf"^  {cell}: {{ gates: {shape.num_gates},{sees} step", source, re.MULTILINE)


def write_model(cell):
    assert onnx_model(small(cell)[0], TASK, small(cell)[1]).graph.node


PARTS = {
    "native": compute_natively,
    "gpu": lay_out,
    "proof": bound,
    "onnx": write_model,
    "page": draw,
}


@pytest.mark.parametrize(
    ("cell", "part"),
    [(cell, part) for cell, shape in CELL_SHAPES.items() for part in sorted(shape.known_by)],
)
def test_what_knows_a_cell_computes_it(cell, part):
    PARTS[part](cell)


def test_every_part_knows_the_cells_of_the_report():
    assert all(CELL_SHAPES[cell].known_by == PARTS.keys() for cell in ("rnn", "gru", "lstm"))


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (
            "native",
            "the native engine computes rnn, gru, lstm, mingru, minlstm, diagonal, diagonal_signed; "
            "this run's cell is own; the torch engine",
        ),
        ("gpu", "the GPU engine computes rnn, gru, lstm; this run's cell is own; the torch engine"),
        ("proof", "proofs cover rnn, gru, lstm, mingru, diagonal, diagonal_signed; this run's cell is own"),
        ("onnx", "ONNX exports hold rnn, gru, lstm; this run's cell is own"),
        (
            "page",
            "the page shows rnn, gru, lstm, mingru, minlstm, diagonal, diagonal_signed; this",
        ),
    ],
)
def test_what_does_not_know_a_cell_says_which_it_knows(monkeypatch, part, words):
    monkeypatch.setitem(CELL_SHAPES, "own", gated(3))

    with pytest.raises(ConfigurationError, match=f"^{words}"):
        check_known("own", by=part)
