"""Each machine against a definition of its own, on random sequences."""

from itertools import accumulate, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import Trial


def answers(task: Task, symbols: list[int]) -> list[int]:
    return task.answer(np.array(symbols, dtype=np.uint8)[None, :, None])[0].tolist()


def chosen(**settings: object) -> Task:
    return TaskChoice.build(settings).build_task()


def sequences(num_symbols: int, longest: int = 60) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, num_symbols - 1), min_size=1, max_size=longest)


@given(sequences(2))
def test_parity_is_the_sum_of_the_bits_modulo_two(bits):
    assert answers(chosen(task="parity"), bits) == [sum(bits[: k + 1]) % 2 for k in range(len(bits))]
    assert answers(chosen(task="counter", modulus=2, base=2), bits) == answers(chosen(task="parity"), bits)


@given(st.none() | st.integers(2, 40), sequences(3))
def test_cycle_navigation_goes_forward_and_back(length, moves):
    settings = {} if length is None else {"modulus": length}
    places = accumulate(
        (m if m < 2 else -1 for m in moves), lambda a, b: (a + b) % (length or 5), initial=0
    )

    assert answers(chosen(task="cycle_navigation", **settings), moves) == list(places)[1:]


@given(st.integers(2, 255), st.integers(2, 36), st.integers(1, 40), st.data())
def test_remainders_agree_with_python_integers_in_both_orders(modulus, base, length, data):
    digits = to_digits(data.draw(st.integers(0, base**length - 1)), base, length)
    settings = {"task": "remainder", "modulus": modulus, "base": base}

    least = answers(chosen(**settings), digits.tolist())
    most = answers(chosen(**settings, digit_order="most-first"), digits[::-1].tolist())

    for k in range(1, length + 1):
        assert least[k - 1] == from_digits(digits[:k], base) % modulus
        assert most[k - 1] == from_digits(digits[length - k :], base) % modulus


@pytest.mark.parametrize(("group", "num_symbols"), [("s3", 6), ("a5", 60), ("s5", 120)])
@given(data=st.data())
def test_a_product_is_that_of_permutation_matrices(group, num_symbols, data):
    symbols = data.draw(sequences(num_symbols, 30))
    size = int(group[1])
    matrices = [np.eye(size, dtype=int)[list(p)] for p in permutations(range(size))]
    if group == "a5":
        matrices = [m for m in matrices if round(np.linalg.det(m)) == 1]
    task = chosen(task="group", group=group)

    given_products = answers(task, symbols)

    assert (task.base, task.machine.num_states, task.num_outputs) == (num_symbols,) * 3
    product = np.eye(size, dtype=int)
    for symbol, answer in zip(symbols, given_products, strict=True):
        product = product @ matrices[symbol]
        assert (matrices[answer] == product).all()


@given(st.integers(1, 4), st.integers(1, 3), st.data())
def test_dyck_words_are_read_as_by_a_stack_of_characters(depth, kinds, data):
    symbols = data.draw(sequences(2 * kinds + 1))
    opening, closing = "([{"[:kinds], ")]}"[:kinds]
    word, expected = "", []
    for symbol in symbols:
        longer = word + ("_" + opening + closing)[symbol]
        reduced = longer.replace("_", "")
        for pair in ("()", "[]", "{}"):
            reduced = reduced.replace(pair, "")
        is_wrong = len(reduced) > depth or any(bracket in reduced for bracket in closing)
        word = word if is_wrong else reduced
        expected.append(kinds + 1 if is_wrong else opening.index(word[-1]) + 1 if word else 0)

    assert answers(chosen(task="dyck", depth=depth, kinds=kinds), symbols) == expected


@given(sequences(5))
def test_flip_flop_reads_the_last_bit_written(symbols):
    expected = []
    for k, symbol in enumerate(symbols):
        written = [s - 2 for s in symbols[:k] if s in (2, 3)]
        expected.append(2 if symbol != 4 else ([0, *written])[-1])

    assert answers(chosen(task="flip_flop"), symbols) == expected


NAMED = [
    {"task": "parity"}, {"task": "cycle_navigation"}, {"task": "group", "group": "s3"},
    {"task": "dyck", "depth": 2, "kinds": 2}, {"task": "flip_flop"}, {"task": "remainder", "modulus": 3},
]  # fmt: skip


@pytest.mark.parametrize("settings", NAMED, ids=lambda settings: settings["task"])
def test_no_positions_are_added_and_symbol_zero_pads(settings):
    trial = Trial(**settings, digits=7)
    task = trial.build_task()

    assert (trial.sequence_length, task.num_operands) == (7, 1)
    if settings["task"] != "flip_flop":  # which answers 2 wherever it reads nothing
        symbols = [1, task.base - 1, 1]
        last = answers(task, symbols)[-1]
        is_passed = last < task.num_outputs and not (settings["task"] == "dyck" and last == 3)
        assert not is_passed or answers(task, [*symbols, 0, 0])[3:] == [last] * 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"task": "parity", "base": 2},
            "the task parity has symbols of its own; leave out base, which is 2",
        ),
        ({"task": "parity", "num_operands": 2}, "the task parity has 1 operand, not 2"),
        ({"task": "group"}, "the task group needs group"),
        ({"task": "group", "group": "z5"}, "unknown group 'z5'; choose from s3, a5, s5"),
        ({"task": "parity", "group": "s3"}, "group belongs to the task group, not to parity"),
        ({"task": "dyck", "depth": 3}, "the task dyck needs kinds"),
        ({"task": "dyck", "depth": 50, "kinds": 2}, "depth 50 and kinds 2 need more than 10000 stacks"),
        ({"task": "dyck", "depth": 1, "kinds": 101}, "kinds is 101; it must be at most 100"),
        ({"task": "remainder"}, "the task remainder needs modulus"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, words):
    with pytest.raises(ConfigurationError) as caught:
        TaskChoice.build(settings)

    assert words in str(caught.value)


def test_a_wrong_answer_is_told_in_symbols_in_the_order_of_reading():
    task = chosen(task="group", group="s5")
    digits = np.array([[3], [119], [0], [0]], dtype=np.uint8)
    right = task.answer(digits[None])[0]
    found = Counterexample(task, digits, right + np.array([0, 1, 0, 0], np.uint8), right)

    assert str(found).startswith(
        f"product in S5 of [3 119]: right is [3 {right[1]}], the network answers [3 {right[1] + 1}]"
    )
    assert found.as_dict()["operands"] == ["3 119"]
