"""The finite-state machine of a network, learned from its answers alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from aalpy.automata import MealyMachine, MealyState
from aalpy.base import SUL, Automaton, Oracle
from aalpy.learning_algs import run_KV

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.philox import Stream, random_words
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Int
from ripplecarry.engines.engine import Computation
from ripplecarry.notebook import Shown
from ripplecarry.verification.counterexample import confirm

MAX_STATES = 40
"""A network with more is not learned: far more than any task needs."""
NUM_WORDS = 4000
WORD_LENGTH = 24
_NUM_PREFIXES, _NUM_SUFFIXES = 200, 50


@dataclass(frozen=True, repr=False)
class Extraction(Shown):
    """The minimal machine learned, beside the task's."""

    machine: Machine
    is_complete: bool
    """Whether no word of the last test distinguished network and machine; False if states ran out."""
    difference: tuple[int, ...] | None
    """The shortest symbols that machine and reference answer differently; None if they are equal."""
    num_states_at_least: int
    """So many words lead to states that the network's answers tell apart."""
    num_queries: int
    counterexample: Counterexample | None
    """What the network answers to the difference, where that is wrong too; of a run the shortest known."""

    @property
    def is_right(self) -> bool:
        """Whether the machine is the task's."""
        return self.is_complete and self.difference is None

    def _line(self) -> str:
        count = self.machine.num_states
        states = f"{count} states" if self.is_complete else f"more than {count} states"
        return f"{states}, {'as the task has them' if self.is_right else 'not the task as it is'}"


def extract_machine(
    computation: Computation,
    task: Task,
    seed: int = 0,
    max_states: int = MAX_STATES,
    say: Callable[[str], None] = lambda words: None,
) -> Extraction:
    """The minimal Mealy machine of a network, by the algorithm of Kearns and Vazirani.

    A hypothesis is tested on random words, half of them made of symbols that do not reset the task's
    machine, such as those through which a carry runs. Not every word is tested: this is evidence, while a
    certificate is proof.
    Where a few words already tell more than `max_states` states apart, learning stops at the first
    hypothesis with more states than the task's machine.

    Args:
        say: told how many states each hypothesis has.
    """
    network = _Network(computation, task)
    words = _random_words(task, seed)
    num_states = num_distinguished(computation, task, words)
    most = max_states if num_states <= max_states else task.machine.num_states
    oracle = _RandomWords(network, words, most, say)
    learned = run_KV(
        list(range(task.machine.num_symbols)),
        network,
        oracle,
        automaton_type="mealy",
        print_level=0,
        cache_and_non_det_check=False,
    )
    assert isinstance(learned, MealyMachine)
    machine = _tables(learned, task.machine.num_symbols)
    difference = first_difference(machine, task.machine)
    wrong = None if difference is None else confirm(computation, task, list(difference))
    num_states = max(num_states, machine.num_states)
    return Extraction(machine, oracle.is_satisfied, difference, num_states, network.num_queries, wrong)


def num_distinguished(computation: Computation, task: Task, words: Int[np.ndarray, "word position"]) -> int:
    """How many of some words' beginnings lead to states that the answers to some endings tell apart.

    The network's minimal machine has at least so many states (Myhill and Nerode).
    """
    prefixes, suffixes = words[:_NUM_PREFIXES, ::2], words[-_NUM_SUFFIXES:, 1::2]
    joined = np.concatenate(
        [np.repeat(prefixes, len(suffixes), axis=0), np.tile(suffixes, (len(prefixes), 1))], axis=1
    )
    answers = computation.answers(task.digits_of(joined))[:, prefixes.shape[1] :]
    return len(np.unique(answers.reshape(len(prefixes), -1), axis=0))


def first_difference(first: Machine, second: Machine) -> tuple[int, ...] | None:
    """The shortest symbols that two machines answer differently; None if there are none."""
    words: dict[tuple[int, int], tuple[int, ...]] = {(0, 0): ()}
    waiting = [(0, 0)]
    for a, b in waiting:
        differs = np.flatnonzero(first.output[a] != second.output[b])
        if len(differs):
            return (*words[a, b], int(differs[0]))
        pairs = zip(first.next_state[a].tolist(), second.next_state[b].tolist(), strict=True)
        for symbol, pair in enumerate(pairs):
            if pair not in words:
                words[pair] = (*words[a, b], symbol)
                waiting.append(pair)
    return None


class _Network(SUL):
    """The network as the system to learn: one symbol per step, the answer digit as output."""

    def __init__(self, computation: Computation, task: Task) -> None:
        super().__init__()
        self.computation, self.task = computation, task
        self._stream = computation.stream()

    def pre(self) -> None:
        self._stream = self.computation.stream()

    def post(self) -> None:
        """There is nothing to close."""

    def step(self, letter: int) -> int:
        logits = self._stream.feed(self.task.digits_of(np.array([letter])))
        return int(logits[0].argmax())


class _RandomWords(Oracle):
    """Tests a hypothesis on many words at once."""

    def __init__(
        self,
        network: _Network,
        words: Int[np.ndarray, "word position"],
        max_states: int,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(list(range(network.task.machine.num_symbols)), network)
        self.is_satisfied = False
        self._max_states, self._say = max_states, say
        self._words = words
        self._answers = network.computation.answers(network.task.digits_of(words))

    def find_cex(  # pyrefly: ignore[bad-override] - AALpy's result is of any type
        self, hypothesis: Automaton[MealyState]
    ) -> tuple[int, ...] | None:
        machine = _tables(hypothesis, len(self.alphabet))
        self._say(f"testing a machine of {machine.num_states} states")
        if machine.num_states > self._max_states:
            return None
        differs = machine.run(self._words)[0] != self._answers
        if not differs.any():
            self.is_satisfied = True
            return None
        firsts = np.where(differs.any(axis=1), differs.argmax(axis=1), WORD_LENGTH)
        row = int(firsts.argmin())
        return tuple(self._words[row, : firsts[row] + 1].tolist())


def _random_words(task: Task, seed: int) -> Int[np.ndarray, "word position"]:
    """Words of random symbols; every second one mostly of symbols that do not reset the task's machine."""
    count = NUM_WORDS * WORD_LENGTH
    drawn = random_words(seed, Stream.EVALUATION, 0, 1, 2 * count)[0].reshape(2, NUM_WORDS, WORD_LENGTH)
    uniform = (drawn[0] % task.machine.num_symbols).astype(np.int64)
    keeping = ResetFreeRuns.of(task.machine).keeping
    if not keeping.size:
        return uniform
    keeps = (np.arange(NUM_WORDS) % 2 == 1)[:, None] & (drawn[1] % 8 > 0)
    return np.where(keeps, keeping[drawn[1] // 8 % len(keeping)], uniform)


def _tables(learned: Automaton[MealyState], num_symbols: int) -> Machine:
    """The machine with the states reachable from the initial one, in the order of reaching them."""
    found = [learned.initial_state]
    numbers = {id(learned.initial_state): 0}
    for state in found:
        for symbol in range(num_symbols):
            following = state.transitions[symbol]
            if id(following) not in numbers:
                numbers[id(following)] = len(found)
                found.append(following)
    return Machine.from_tables(
        [[numbers[id(state.transitions[s])] for s in range(num_symbols)] for state in found],
        [[state.output_fun[s] for s in range(num_symbols)] for state in found],
    )
