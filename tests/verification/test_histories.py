"""Histories: a machine that says what was read last."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.verification.histories import Histories

TASKS = (
    {"base": 2},
    {"base": 3},
    {"task": "times", "factor": 5, "base": 3},
    {"task": "parity"},
    {"task": "flip_flop"},
    {"task": "counter", "modulus": 3},
)
MACHINES = [TaskChoice.build(settings).build_task().machine for settings in TASKS]


def words(machine, longest=4):
    """Every word of up to `longest` symbols, or of fewer where that would be tens of thousands."""
    for length in range(longest + 1):
        if machine.num_symbols**length <= 1000:
            yield from product(range(machine.num_symbols), repeat=length)


def after(histories, word):
    history = 0
    for symbol in word:
        history = int(histories.following[history, symbol])
    return history


def readings(machine, word):
    """The machine's state before each symbol with the symbol, and its state in the end."""
    state, found = 0, []
    for symbol in word:
        found.append((state, symbol))
        state = int(machine.next_state[state, symbol])
    return found, state


@pytest.mark.parametrize("machine", MACHINES, ids=map(str, TASKS))
@settings(max_examples=30)
@given(data=st.data())
def test_a_history_stands_for_the_state_and_the_last_readings_of_all_its_words(machine, data):
    symbols = st.integers(0, machine.num_symbols - 1)
    longer = np.array(sorted(data.draw(st.sets(symbols))), dtype=np.int64)
    reading = st.tuples(st.integers(0, machine.num_states - 1), symbols)
    groups = data.draw(st.dictionaries(reading, st.integers(0, 2), max_size=8))
    histories = Histories.of(machine, longer, groups)
    known = {}
    for word in words(machine):
        read, state = readings(machine, word)
        history = after(histories, word)
        assert histories.state[history] == state
        assert histories.last[history] == (read[-1] if read else None)
        group = None
        if read and read[-1][1] in longer:
            group = groups.get(read[-2], -1) if len(read) > 1 else -1
        assert known.setdefault((read[-1] if read else None, group), history) == history
    assert len(set(known.values())) == len(known)
    assert not (histories.following == 0).any()


@pytest.mark.parametrize("machine", MACHINES, ids=map(str, TASKS))
def test_short_words_lead_to_every_history(machine):
    keeping = ResetFreeRuns.of(machine).keeping
    groups = {reading: sum(reading) % 3 for reading in np.ndindex(machine.next_state.shape)}
    histories = Histories.of(machine, keeping, groups)

    reached = {0}
    for _ in range(machine.num_states + 2):
        reached |= set(histories.following[sorted(reached)].ravel().tolist())

    assert reached == set(range(histories.num))
    assert len(histories.state) == len(histories.following) == len(histories.last)
