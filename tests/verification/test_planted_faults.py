"""Networks with one planted fault: never certified, whatever is forged for them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
import torch
from checkers import CHECKERS, certificate_bytes, certificate_of, weights_bytes
from every_engine import ENGINES, load
from faulty_machines import FAULTY, shortest_wrong
from forged_certificates import forged
from planted_faults import Planted, planted
from planted_table import certified, row

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.tasks import EXTRA_POSITIONS, Task, addition
from ripplecarry.sweeps.certifying import Unknown

LEAST_MARGIN = -1e300
NAMES = {fault.name: fault for fault in planted()}
WRONG = [name for name, fault in NAMES.items() if fault.witness is not None]
IS_ABOUT_THE_NETWORK = r"wrong|leads? out|overflow|subnormal"


@contextmanager
def flushing(fault: Planted) -> Iterator[None]:
    """Subnormal numbers flushed to zero, in this thread, where the fault needs it."""
    if fault.flushes and not torch.set_flush_denormal(True):
        pytest.skip("this processor does not flush subnormal numbers to zero")
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def padded(fault: Planted, symbols: list[int]) -> np.ndarray:
    return fault.task.digits_of(np.array([symbols + [0] * EXTRA_POSITIONS]))


def answers(fault: Planted, engine: str, operands: np.ndarray) -> np.ndarray:
    with flushing(fault):
        return load(engine, fault.task, fault.weights).answers(operands)


@cache
def forgeries(name: str) -> dict[str, bytes]:
    fault = NAMES[name]
    return {
        made: certificate_bytes(
            certificate_of({"base": fault.base}, fault.cell, fault.weights, invariant, LEAST_MARGIN)
        )
        for made, invariant in forged(fault)
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", WRONG)
def test_every_engine_adds_the_named_operands_wrongly(name, engine):
    fault = NAMES[name]
    operands = padded(fault, fault.witness)

    assert (answers(fault, engine, operands) != fault.task.answer(operands)).any()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in WRONG])
def test_those_without_such_operands_add_rightly(name, engine):
    fault = NAMES[name]
    operands = np.random.default_rng(0).integers(0, fault.base, (500, 60, 2), dtype=np.uint8)

    assert (answers(fault, engine, operands) == fault.task.answer(operands)).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [each.name for each in FAULTY])
def test_machines_are_wrong_in_the_planted_way_alone(name, engine):
    fault = NAMES[name]
    operands = np.random.default_rng(0).integers(0, fault.base, (500, 60, 2), dtype=np.uint8)

    expected = Task("faulty", fault.base, 2, fault.machine).answer(operands)

    assert (answers(fault, engine, operands) == expected).all()


def test_slow_growth_takes_a_thousand_positions():
    fault = NAMES["slow growth"]

    found = answers(fault, "torch", padded(fault, fault.witness))

    assert 1000 <= np.argmax(found[0] != 0) < len(fault.witness)


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("name", NAMES)
def test_every_forged_certificate_is_refused(name, checker):
    """For what the network does, and not for its form, which would hide a checker that accepts."""
    weights = weights_bytes(NAMES[name].weights)
    refusals = {made: CHECKERS[checker](weights, content) for made, content in forgeries(name).items()}

    assert [made for made, words in refusals.items() if words is None] == []
    assert [words for words in refusals.values() if not re.search(IS_ABOUT_THE_NETWORK, words)] == []


@pytest.mark.parametrize("name", NAMES)
def test_certifying_refutes_them_or_leaves_them_open(name, tmp_path):
    fault = NAMES[name]

    found = certified(fault, tmp_path)

    assert isinstance(found, Counterexample | Unknown)
    assert "| no |" in row(fault, found)
    if isinstance(found, Unknown):
        assert found.forgetting.sentence in found.sentence
    if isinstance(found, Counterexample):
        for engine in ENGINES:
            assert (answers(fault, engine, found.digits[None]) != found.right).any()
        if fault.machine is not None:
            fewest = len(shortest_wrong(fault.machine, fault.task.machine))
            assert found.length == fewest if found.is_shortest else found.length >= fewest


@pytest.mark.parametrize("machine", FAULTY, ids=lambda machine: machine.name)
def test_the_shortest_wrong_operands_are_as_short_as_any(machine):
    """Beside all operands, where those are few enough to try."""
    made, right = machine.build(), addition(machine.base)
    own = Task("faulty", machine.base, 2, made)
    fewest = len(shortest_wrong(made, right.machine))
    for length in range(1, 7 if machine.base == 2 else 4):
        numbers = np.arange(right.machine.num_symbols**length)
        symbols = (
            numbers[:, None] // right.machine.num_symbols ** np.arange(length) % right.machine.num_symbols
        )
        digits = right.digits_of(np.pad(symbols, [(0, 0), (0, EXTRA_POSITIONS)]))
        assert (own.answer(digits) != right.answer(digits)).any() == (length >= fewest)
