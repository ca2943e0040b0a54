import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import (
    Task,
    addition,
    comparison,
    counter,
    multiplication_by_constant,
    subtraction,
)
from ripplecarry.errors import ConfigurationError


@given(st.integers(2, 36), st.integers(1, 3), st.integers(1, 2000), st.data())
def test_addition_agrees_with_python_integers(base, num_operands, length, data):
    operand = st.integers(0, base**length - 1)
    values = [data.draw(operand) for _ in range(num_operands)]
    digits = to_digits(values, base, length + 2).T[None]

    answer, carries = addition(base, num_operands).solve(digits)

    assert from_digits(answer[0], base) == sum(values)
    for position in (0, length // 2, length):
        low = sum(value % base**position for value in values)
        assert carries[0, position] == low // base**position


@given(st.integers(2, 36), st.integers(1, 300), st.integers(1, 1000), st.data())
def test_multiplication_agrees_with_python_integers(base, factor, length, data):
    value = data.draw(st.integers(0, base**length - 1))
    positions = length + 10

    answer = multiplication_by_constant(factor, base).answer(
        to_digits(value, base, positions)[None, :, None]
    )

    assert from_digits(answer[0], base) == value * factor


@given(st.integers(2, 36), st.integers(1, 300), st.data())
def test_subtraction_agrees_with_python_integers_modulo_its_positions(base, length, data):
    operand = st.integers(0, base**length - 1)
    a, b = data.draw(operand), data.draw(operand)
    positions = length + data.draw(st.integers(0, 2))

    answer, borrows = subtraction(base).solve(to_digits([a, b], base, positions).T[None])

    assert from_digits(answer[0], base) == (a - b) % base**positions
    assert borrows[0, -1] == (a < b)


@given(st.integers(2, 36), st.integers(1, 100), st.data())
def test_comparison_agrees_with_python_integers_at_every_position(base, length, data):
    operand = st.integers(0, base**length - 1)
    a = data.draw(operand)
    b = data.draw(operand | st.just(a) | st.just(a ^ 1).filter(lambda x: x < base**length))

    answer = comparison(base).answer(to_digits([a, b], base, length).T[None])[0]

    for position in range(length):
        low_a, low_b = a % base ** (position + 1), b % base ** (position + 1)
        assert answer[position] == (0 if low_a == low_b else 1 if low_a > low_b else 2)


@given(st.integers(2, 36), st.integers(2, 255), st.integers(1, 100), st.data())
def test_counter_agrees_with_the_sum_of_digits(base, modulus, length, data):
    digits = to_digits(data.draw(st.integers(0, base**length - 1)), base, length)

    answer = counter(modulus, base).answer(digits[None, :, None])[0]

    assert answer.tolist() == [sum(digits[: k + 1].tolist()) % modulus for k in range(length)]


def test_a_batch_is_its_rows_one_by_one():
    digits = np.random.default_rng(0).integers(0, 10, (7, 30, 2), dtype=np.uint8)
    answers, states = addition().solve(digits)

    for row in range(7):
        answer, state = addition().solve(digits[row : row + 1])
        assert (answer[0] == answers[row]).all()
        assert (state[0] == states[row]).all()


def test_a_task_from_a_machine_is_that_machine():
    # counts ones modulo three in base 2 and answers the count so far
    count = Task.from_machine(
        "ones modulo three",
        2,
        1,
        Machine.from_tables([[0, 1], [1, 2], [2, 0]], [[0, 1], [1, 2], [2, 0]]),
    )
    bits = np.array([[1, 1, 0, 1, 1]], dtype=np.uint8)

    answer, states = count.solve(bits[:, :, None])

    assert answer[0].tolist() == [1, 2, 2, 0, 1]
    assert states[0].tolist() == [0, 1, 2, 2, 0, 1]
    assert count.num_outputs == 3


@pytest.mark.parametrize(
    ("next_state", "output", "words"),
    [
        ([[0, 1]], [[0, 0]], "next state 1 is not one of 0 to 0"),
        ([[0, -1]], [[0, 0]], "next state -1"),
        ([[0, 0]], [[0]], "output has 1 entry in row 0; the longest row has 2"),
        ([[0, 0], [1]], [[0, 0], [0, 0]], "next_state has 1 entry in row 1"),
        ([[0, 0], [1, 1]], [[0, 0]], "next_state has 2 rows, output 1; each has one row per state"),
        ([], [], "at least one state"),
        ([[0, 0]], [[0, 256]], "from 0 to 255"),
        ([[]], [[]], "at least one state"),
    ],
)
def test_tables_that_are_no_machine_are_refused(next_state, output, words):
    with pytest.raises(ConfigurationError, match=words):
        Machine.from_tables(next_state, output)


def test_a_machine_with_the_wrong_alphabet_is_refused():
    with pytest.raises(ConfigurationError, match="need 100"):
        Task.from_machine("short", 10, 2, Machine.from_tables([[0]], [[0]]))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"task": "times"}, "the task times needs factor"),
        ({"factor": 7}, "factor belongs to the task times, not to addition"),
        ({"task": "times", "factor": 7, "num_operands": 2}, "has 1 operand"),
        ({"task": "counter"}, "the task counter needs modulus"),
        ({"modulus": 5}, "modulus belongs to the tasks counter, remainder, cycle_navigation, not to"),
        ({"task": "counter", "modulus": 1}, "modulus is 1; it must be at least 2"),
        ({"task": "subtraction", "num_operands": 3}, "has 2 operands, not 3"),
        ({"task": "machine"}, "the task machine needs machine"),
        ({"base": 36, "num_operands": 5}, "more than 1000000 symbols"),
        (
            {"task": "machine", "num_operands": 2, "machine": {"next_state": [[0]], "output": [[0]]}},
            "need 100",
        ),
        (
            {"task": "machine", "base": 2, "machine": {"next_state": [[0]], "output": [[0]]}},
            "2 operands in base 2 need 4",
        ),
        (
            {"task": "machine", "machine": {"next_state": [[0] * 257], "output": [[0] * 257]}},
            "has 257 symbols; a sequence has at most 256",
        ),
    ],
)
def test_choices_that_do_not_fit_are_refused(settings, words):
    with pytest.raises(ConfigurationError, match=words):
        TaskChoice.build(settings)


def test_tables_without_a_base_read_a_sequence_of_as_many_symbols_as_they_have_columns():
    clock = {"next_state": [[1], [2], [0], [0]], "output": [[0], [1], [2], [7]]}
    task = TaskChoice.build({"task": "machine", "machine": clock}).build_task()

    assert (task.base, task.num_operands, task.is_on_numbers, task.num_outputs) == (1, 1, False, 8)
    assert task.machine.reachable_states() == [0, 1, 2]
    assert task.answer(np.zeros((1, 4, 1), np.uint8)).tolist() == [[0, 1, 2, 0]]


def test_a_machine_of_one_state_symbol_and_answer_has_a_second_logit():
    nothing = {"next_state": [[0]], "output": [[0]]}

    assert TaskChoice.build({"task": "machine", "machine": nothing}).build_task().num_outputs == 2


def test_tables_of_as_many_columns_as_pairs_of_digits_read_numbers():
    pairs = {"next_state": [[0] * 100], "output": [[0] * 100]}

    assert TaskChoice.build({"task": "machine", "machine": pairs}).build_task().num_operands == 2


def test_a_task_can_be_chosen_by_its_tables():
    tables = {"next_state": [[0, 1], [1, 0]], "output": [[0, 1], [1, 0]]}
    choice = TaskChoice.build({"task": "machine", "base": 2, "num_operands": 1, "machine": tables})

    answer = choice.build_task().answer(np.array([[[1], [0], [1]]], dtype=np.uint8))

    assert answer.tolist() == [[1, 1, 0]]
