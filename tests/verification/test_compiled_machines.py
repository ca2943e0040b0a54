"""Networks that are right by construction are certified, so that a refusal says something."""

import numpy as np
import pytest
import torch
from checkers import CHECKERS, certificate_bytes, certificate_of, weights_bytes
from compiled_machines import compile_machine, invariant_of
from every_engine import ENGINES, architecture_of, load
from float64_model import Model
from made_certificates import LINEAR
from planted_faults import planted

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial
from ripplecarry.sweeps.certifying import attempt_on
from ripplecarry.verification.certificate import Certificate, certify_boxes

CELLS = ("rnn", "gru", "lstm")
SETTINGS = {
    "addition, base 2": {"base": 2},
    "addition, base 4": {"base": 4},
    "addition of 3": {"base": 2, "num_operands": 3},
    "subtraction": {"task": "subtraction", "base": 4},
    "counter": {"task": "counter", "modulus": 5, "base": 4},
    "comparison": {"task": "comparison", "base": 2},
    "times 3": {"task": "times", "factor": 3, "base": 4},
    "cycle navigation": {"task": "cycle_navigation", "modulus": 3},
    "remainder": {"task": "remainder", "modulus": 3, "digit_order": "most-first", "base": 2},
    "group": {"task": "group", "group": "s3"},
}
OF_MACHINES = [each for each in planted() if each.machine is not None]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("checker", CHECKERS)
def test_the_construction_s_own_sets_are_accepted(checker, name, cell):
    settings = SETTINGS[name]
    compiled = compile_machine(TaskChoice.build(settings).build_task(), cell)
    content = certificate_of(settings, cell, compiled.weights, invariant_of(compiled))

    assert CHECKERS[checker](weights_bytes(compiled.weights), certificate_bytes(content)) is None


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", SETTINGS)
def test_the_search_certifies_them(name, cell):
    trial = Trial.build(SETTINGS[name] | {"cell": cell, "layers": 1})
    compiled = compile_machine(trial.build_task(), cell)

    attempt = attempt_on(trial, architecture_of(compiled.weights), compiled.weights, 0)

    assert attempt.is_certified
    assert isinstance(certify_boxes("made", trial, cell, compiled.weights, attempt.sets), Certificate)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", SETTINGS)
def test_they_answer_as_their_machines_do(name, cell, engine):
    task = TaskChoice.build(SETTINGS[name]).build_task()
    weights = compile_machine(task, cell).weights
    operands = np.random.default_rng(0).integers(0, task.base, (200, 40, task.num_operands), dtype=np.uint8)

    answers = load(engine, task, weights).answers(operands)

    assert (answers == task.answer(operands)).all()


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("fault", OF_MACHINES, ids=lambda fault: fault.name)
def test_a_faulty_adder_is_certified_for_what_it_does(fault, checker):
    """So that it is the fault, and nothing else about such a network, that is refused."""
    machine = fault.machine
    tables = {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()}
    settings = {"task": "machine", "base": fault.base, "machine": tables}
    invariant = invariant_of(compile_machine(Task("machine", fault.base, 2, machine), fault.cell))
    content = certificate_of(settings, fault.cell, fault.weights, invariant)

    assert CHECKERS[checker](weights_bytes(fault.weights), certificate_bytes(content)) is None


@pytest.mark.parametrize("cell", [*CELLS, *LINEAR])
def test_the_float64_model_follows_pytorch(cell):
    """Beside random weights, where no rounding is forgiven by saturation."""
    trial = Trial(cell=cell, layers=2, hidden_size=5, embedding_size=3, base=4)
    task = trial.build_task()
    weights = initial_weights(trial, task, 0)
    network = ReferenceEngine().load(trial, task, weights).network.double()
    symbols = np.random.default_rng(0).integers(0, 16, (6, 9))
    with torch.inference_mode():
        expected = network(torch.tensor(task.digits_of(symbols))).numpy()
    model, found = Model(weights, cell), []
    entering = model.start(len(symbols))
    for column in symbols.T:
        logits, entering = model.step(column, entering)
        found.append(logits)

    assert np.allclose(np.stack(found, axis=1), expected, rtol=0, atol=1e-13)
