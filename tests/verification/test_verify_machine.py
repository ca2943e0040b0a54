"""The machines of tasks, as the checker in one file knows them."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from ripplecarry.arithmetic.task_choice import TaskChoice
from verify_certificate import NEW, Machine, Network, Refused, Weights, reachable, verify

TASKS = st.one_of(
    st.fixed_dictionaries(
        {"base": st.integers(2, 7), "num_operands": st.integers(1, 3)},
        optional={"task": st.just("addition")},
    ),
    st.fixed_dictionaries(
        {"task": st.sampled_from(["subtraction", "comparison"])},
        optional={"base": st.integers(2, 9), "num_operands": st.just(2)},
    ),
    st.fixed_dictionaries(
        {"task": st.just("times"), "base": st.integers(2, 36), "factor": st.integers(1, 99)}
    ),
    st.fixed_dictionaries({"task": st.just("counter"), "modulus": st.integers(2, 255)}),
    st.fixed_dictionaries({"task": st.sampled_from(["parity", "flip_flop"])}),
    st.fixed_dictionaries({"task": st.just("cycle_navigation")}, optional={"modulus": st.integers(2, 255)}),
    st.fixed_dictionaries({"task": st.just("group"), "group": st.sampled_from(["s3", "a5", "s5"])}),
    st.fixed_dictionaries(
        {"task": st.just("dyck"), "depth": st.integers(1, 4), "kinds": st.integers(1, 3)}
    ),
    st.fixed_dictionaries(
        {"task": st.just("remainder"), "modulus": st.integers(2, 30), "base": st.integers(2, 36)},
        optional={"digit_order": st.sampled_from(["least-first", "most-first"])},
    ),
    st.integers(1, 256).map(
        lambda width: {"task": "machine", "machine": {"next_state": [[0] * width], "output": [[3] * width]}}
    ),
)


def refused(task: Any, machine: Any, why: str) -> None:
    """Asserts why a certificate of this task and this machine is refused; its weights are no network."""
    content = {"format": "ripplecarry certificate 2", "task": task, "machine": machine}
    content |= {"invariant": {}, "margin": 0.0}
    with pytest.raises(Refused, match=why):
        verify(save({"else": np.ones(1, np.float32)}), json.dumps(content).encode())


@given(TASKS, st.data())
def test_a_task_has_the_machine_that_the_package_builds_and_no_other(task, data):
    machine = TaskChoice.build(task).build_task().machine
    tables = {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()}

    refused(task, tables, "the weights' shapes")
    assert sorted(reachable(Machine(task, tables).next_state)) == sorted(machine.reachable_states())

    row = data.draw(st.sampled_from(tables[data.draw(st.sampled_from(["next_state", "output"]))]))
    row[data.draw(st.integers(0, len(row) - 1))] += data.draw(st.sampled_from([-1, 1]))
    refused(task, tables, "machine is not that|next state is none|output is not")


SUBTRACTION = {
    "next_state": [[0, 0, 1, 0] * 2, [1, 0, 1, 1] * 2],
    "output": [[0, 1, 1, 0] * 2, [1, 0, 0, 1] * 2],
}
TWO_STATES = {"next_state": [[0, 0], [0, 1]], "output": [[0, 1], [1, 0]]}
EQUAL = {"next_state": [[0, 0]], "output": [[0, 1]]}


@pytest.mark.parametrize(
    ("task", "machine", "why"),
    [
        ({"task": "subtraction", "base": 2, "num_operands": 3}, SUBTRACTION, "number of operands"),
        ({"base": 1, "num_operands": 1}, {"next_state": [[0]], "output": [[0]]}, "another base"),
        (
            {"base": 37, "num_operands": 1},
            {"next_state": [[0] * 37], "output": [[*range(37)]]},
            "another base",
        ),
        ({"base": 2, "num_operands": 0}, {"next_state": [[0]], "output": [[0]]}, "number of operands"),
        ({"base": 2, "num_operands": True}, EQUAL, "other settings"),
        ({"base": 2.0, "num_operands": 1}, EQUAL, "other settings"),
        ({"base": 2, "num_operands": 1, "factor": 1}, EQUAL, "other settings"),
        ({"task": "times", "base": 2}, EQUAL, "other settings"),
        ({"task": ["times"], "base": 2}, EQUAL, "other settings"),
        ({"task": "machine", "base": 2, "num_operands": 1}, EQUAL, "other settings"),
        ({"task": "sorting", "base": 2, "num_operands": 1}, EQUAL, "not that of the task"),
        ({"base": 2, "num_operands": 1}, {"next_state": [[0, False]], "output": [[0, 1]]}, "another type"),
        ({"base": 2, "num_operands": 1}, {"next_state": [[0, 0]], "output": [[0]]}, "other sizes"),
        ({"base": 2, "num_operands": 1}, {"next_state": [[0, 0]] * 2, "output": [[0, 1]]}, "other sizes"),
        ({"base": 2, "num_operands": 1}, {"next_state": [], "output": []}, "other sizes"),
        ({"base": 2, "num_operands": 1}, TWO_STATES, "not that of the task"),
        ({"base": 36, "num_operands": 8}, EQUAL, "other sizes"),
        ({"task": "times", "base": 2, "factor": 10**18}, EQUAL, "not that of the task"),
        ({"task": "counter", "base": 2, "modulus": 10**9}, EQUAL, "not that of the task"),
        ({"task": "counter", "base": 2, "modulus": 0}, EQUAL, "not that of the task"),
        ({"task": "parity"}, EQUAL, "not that of the task"),
        ({"task": "parity", "base": 2}, TWO_STATES, "other symbols"),
        ({"task": "parity"}, {"next_state": [[0] * 3, [1] * 3], "output": [[0] * 3] * 2}, "not that of"),
        ({"task": "parity"}, {"next_state": [[]], "output": [[]]}, "other symbols"),
        ({"task": "remainder", "base": 2, "modulus": 0}, EQUAL, "other settings"),
        ({"task": "remainder", "base": 2, "modulus": 2, "digit_order": "last"}, EQUAL, "other settings"),
        ({"task": "cycle_navigation", "modulus": 10**9}, EQUAL, "other settings"),
        ({"task": "group", "group": "s9"}, EQUAL, "other settings"),
        ({"task": "dyck", "depth": 100, "kinds": 100}, EQUAL, "not that of the task"),
        ({"task": "dyck", "depth": 10**9, "kinds": 2}, EQUAL, "other settings"),
    ],
)
def test_a_task_or_a_machine_outside_the_limits_is_refused_before_anything_large_is_built(
    task, machine, why
):
    refused(task, machine, why)


@pytest.mark.parametrize(("next_state", "output"), [(2, 0), (-1, 0), (0, 256), (0, -1)])
def test_a_machine_with_an_entry_that_is_no_state_or_output_is_refused(next_state, output):
    machine = {"next_state": [[0, 0], [next_state, 0]], "output": [[0, 1], [output, 1]]}
    task = {"task": "machine", "base": 2, "num_operands": 1, "machine": machine}

    refused(task, machine, "next state is none|output is not")
    machine["next_state"][1][0] = machine["output"][1][0] = 1
    refused(task, machine, "the weights' shapes")


def test_the_states_of_a_large_machine_are_found_at_once():
    """A chain of a hundred thousand states."""
    next_state = [[q, min(q + 1, 99_999)] for q in range(100_000)]
    machine = {"next_state": next_state, "output": [[0, 1]] * 100_000}
    task = {"task": "machine", "base": 2, "num_operands": 1, "machine": machine}

    assert reachable(Machine(task, machine).next_state) == list(range(100_000))


@pytest.mark.parametrize(
    ("task", "num_outputs"), [({"task": "comparison", "base": 2}, 3), ({"base": 4}, 4)]
)
def test_a_network_has_a_logit_for_every_digit_and_every_output(task, num_outputs):
    machine = TaskChoice.build(task).build_task().machine
    tables = {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()}
    shapes = {"embed_layer.weight": (task["base"], 1), "dense.weight": (num_outputs, 2)}
    shapes |= {"dense.bias": (num_outputs,), "rnn.weight_ih_l0": (2, 2), "rnn.weight_hh_l0": (2, 2)}
    shapes |= {"rnn.bias_ih_l0": (2,), "rnn.bias_hh_l0": (2,)}

    def built(changes: dict[str, tuple[int, ...]]) -> Network:
        arrays = {name: np.ones(shape, np.float32) for name, shape in (shapes | changes).items()}
        return Network(Weights(save(arrays)), Machine(task, tables), {"format": NEW, "cell": "rnn"})

    assert built({}).cell == "rnn"
    for change in (-1, 1):
        with pytest.raises(Refused, match="shapes"):
            built({"dense.weight": (num_outputs + change, 2), "dense.bias": (num_outputs + change,)})
    for name, shape in shapes.items():
        for other in ((*shape, 1), (shape[0] + 1, *shape[1:]), (1, *shape)[:2]):
            with pytest.raises(Refused, match=r"shapes|not a vector"):
                built({name: other})
