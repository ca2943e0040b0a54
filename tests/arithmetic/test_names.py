"""What a machine calls its own states and symbols."""

import numpy as np
import pytest

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import addition, comparison, counter, subtraction
from ripplecarry.errors import ConfigurationError
from ripplecarry.reports.machine_figure import draw_machine
from ripplecarry.runs.trial import Trial

TABLES = {"next_state": [[0, 1], [1, 0]], "output": [[0, 1], [1, 0]]}
NAMES = {"states": ["even", "odd"], "symbols": ["stay", "flip $"]}


def choice(**names):
    return TaskChoice(task="machine", base=2, num_operands=1, machine=TABLES | names)


def test_tasks_have_the_words_of_their_field():
    assert addition().state_names == ("carry 0", "carry 1")
    assert subtraction().state_names == ("borrow 0", "borrow 1")
    assert comparison().state_names == ("equal", "greater", "smaller")
    assert counter(3).state_names == ("sum 0", "sum 1", "sum 2")
    assert len(addition(num_operands=3).state_names) == addition(num_operands=3).machine.num_states
    assert choice().build_task().state_names is None


def test_tables_bring_their_own_names():
    task = choice(**NAMES).build_task()
    digits = np.array([[1], [0]], dtype=np.uint8)

    assert task.state_names == ("even", "odd")
    wrong = Counterexample(task, digits, np.array([1, 0], dtype=np.uint8), task.answer(digits[None])[0])
    assert "machine of the symbols [flip $]: right is [1 1], the network answers [0 1]" in str(wrong)
    wrong = Counterexample(choice().build_task(), *(wrong.digits, wrong.answer, wrong.right))
    assert "machine of the symbols [1]: right is" in str(wrong)


def test_names_are_in_the_picture_where_a_state_stands_for_one_of_the_tasks(tmp_path):
    task = choice(**NAMES).build_task()
    exchanged = Machine.from_tables([[0, 2], [1, 1], [2, 0]], [[0, 1], [0, 0], [1, 0]])
    assert sorted(exchanged.state_pairs(task.machine)) == [(0, 0), (2, 1)]

    _, svg = draw_machine(exchanged, task, "parity", tmp_path, "parity")

    for words in (
        "in state 0: even (the first)",
        "in state 1<",
        "in state 2: odd",
        "to state 2: odd",
        "flip $",
    ):
        assert words in svg.read_text()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"states": ["even"]}, "machine.states has 1 names; the tables have 2 states"),
        ({"symbols": ["a", "b", "c"]}, "machine.symbols has 3 names; the tables have 2 symbols"),
        ({"states": ["a", "a"]}, "machine.states has the name 'a' twice"),
        ({"states": ["a", "\n"]}, r"machine.states has the name '\\n'; names have 1 to 20 printable"),
        ({"states": ["", "b"]}, "machine.states has the name ''; names have 1 to 20 printable"),
        ({"symbols": ["a" * 21, "b"]}, "names have 1 to 20 printable characters"),
        ({"states": [1, 2]}, "states.0 is 1; input should be a valid string"),
    ],
)
def test_names_that_do_not_fit_are_refused_in_one_line(names, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        choice(**names)
    assert "\n" not in str(caught.value)


def test_a_run_without_names_keeps_its_id():
    settings = {"task": "machine", "base": 2, "num_operands": 1}
    plain = Trial(**settings, machine=TABLES)

    assert plain.id == "913a68c809"
    assert plain.model_dump(mode="json")["machine"] == {
        name: [list(row) for row in rows] for name, rows in TABLES.items()
    }
    assert Trial(**settings, machine=TABLES | NAMES).id != plain.id
