"""Machines that add wrongly in exactly one way, and the shortest operands that show it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import EXTRA_POSITIONS

Step = Callable[[Hashable, int, int], tuple[Hashable, int]]
"""From a state and two digits to the next state and the answer digit."""

SECRET = ((1, 0), (0, 0), (1, 1), (0, 1), (1, 1), (0, 0), (0, 1), (1, 0), (1, 1))


@dataclass(frozen=True)
class FaultyMachine:
    """A machine that a network of addition could be instead."""

    name: str
    deed: str
    base: int
    start: Hashable
    step: Step

    def build(self) -> Machine:
        """The tables, of all states that are met."""
        states, next_state, output = [self.start], [], []
        for state in states:
            pairs = [(s % self.base, s // self.base) for s in range(self.base**2)]
            after, answers = zip(*(self.step(state, *pair) for pair in pairs), strict=True)
            states += [n for n in dict.fromkeys(after) if n not in states]
            next_state.append([states.index(n) for n in after])
            output.append(answers)
        return Machine.from_tables(next_state, output)


def shortest_wrong(machine: Machine, right: Machine) -> list[int]:
    """The symbols of the shortest operands that the two answer differently, within two positions more."""
    words = {(0, 0, 0): list[int]()}
    found: list[list[int]] = []
    met = list(words)
    for here, there, padding in met:  # by the length of their words
        word = words[here, there, padding]
        if found and len(word) > min(map(len, found)) + EXTRA_POSITIONS:
            break
        for symbol in range(right.num_symbols):
            longer, zeros = [*word, symbol], 0 if symbol else min(padding + 1, EXTRA_POSITIONS)
            if machine.output[here, symbol] != right.output[there, symbol]:
                found.append(longer[: max(len(longer) - zeros, 1)])
            after = (int(machine.next_state[here, symbol]), int(right.next_state[there, symbol]), zeros)
            if after not in words:
                words[after] = longer
                met.append(after)
    return min(found, key=len)


def _add(base: int, carry: int, a: int, b: int) -> tuple[int, int]:
    return divmod(a + b + carry, base)


def _carry_run(wrong: int, run: int, a: int, b: int) -> tuple[int, int]:
    """The carry run so far, 0 where no carry comes in."""
    carry, answer = _add(2, run > 0, a, b)
    passes = run > 0 and a + b == 1
    if run == wrong and not passes:
        answer = (a + b) % 2
    after = min(run + 1, wrong + 1) if passes else carry
    return after, answer


def _one_pair(carry: int, a: int, b: int) -> tuple[int, int]:
    after, answer = _add(4, carry, a, b)
    return after, (answer + 2) % 4 if (carry, a, b) == (1, 2, 3) else answer


def _secret_word(state: tuple[int, int], a: int, b: int) -> tuple[tuple[int, int], int]:
    """How much of the word has been read last; after all of it one answer is wrong."""
    carry, read = state
    after, answer = _add(2, carry, a, b)
    if read == len(SECRET):
        answer = 1 - answer
    text = (*SECRET[:read], (a, b))
    known = max(n for n in range(len(SECRET) + 1) if n <= len(text) and text[len(text) - n :] == SECRET[:n])
    return (after, known), answer


def _at_even_positions(state: tuple[int, int], a: int, b: int) -> tuple[tuple[int, int], int]:
    carry, odd = state
    after, answer = _add(2, carry, a, b)
    return (after, 1 - odd), (answer if odd or not carry else (a + b) % 2)


def _after_idling(limit: int, state: tuple[int, int], a: int, b: int) -> tuple[tuple[int, int], int]:
    """A carry that is generated right after so many idle positions is not passed on."""
    carry, idle = state
    after, answer = _add(2, carry, a, b)
    if idle == limit and a + b == 2:
        after = 0
    idles = carry == 0 and a + b == 1
    return (after, min(idle + 1, limit) if idles else 0), answer


def _one_late(state: tuple[int, int], a: int, b: int) -> tuple[tuple[int, int], int]:
    carry, before = state
    after, answer = _add(2, carry, a, b)
    return (after, answer), before


def _first_answer(state: tuple[int, bool], a: int, b: int) -> tuple[tuple[int, bool], int]:
    carry, is_started = state
    after, answer = _add(4, carry, a, b)
    return (after, True), (answer if is_started or (a, b) != (3, 1) else 1)


def _every_seventh(state: tuple[int, int], a: int, b: int) -> tuple[tuple[int, int], int]:
    carry, place = state
    after, answer = _add(2, carry, a, b)
    return (after, (place + 1) % 7), (1 - answer if place == 6 and (carry, a, b) == (1, 0, 0) else answer)


def _eleventh_carry(state: tuple[int, int], a: int, b: int) -> tuple[tuple[int, int], int]:
    """Carries are counted as they are generated; the eleventh, and no other, is forgotten."""
    carry, count = state
    after, answer = _add(2, carry, a, b)
    count = min(count + (a + b == 2), 12)
    if count == 11 and state[1] == 10:
        after = 0
    return (after, count), answer


def _own_carry(limit: int, run: int, a: int, b: int) -> tuple[int, int]:
    """A carry appears from nowhere after so many positions of two zeros."""
    carry, answer = _add(2, run < 0, a, b)
    if run == limit - 1 and a + b == 0:
        return -1, answer
    idle = max(run, 0) + 1 if a + b == 0 else 0
    return (-1 if carry else idle), answer


FAULTY = (
    FaultyMachine("carry run", "a carry run of exactly 17 is not added", 2, 0, partial(_carry_run, 17)),
    FaultyMachine(
        "long carry run", "a carry run of exactly 43 is not added", 2, 0, partial(_carry_run, 43)
    ),
    FaultyMachine("one pair", "2 + 3 with a carry is off by 2, base 4", 4, 0, _one_pair),
    FaultyMachine(
        "secret word", "one word of 9 pairs makes the next answer wrong", 2, (0, 0), _secret_word
    ),
    FaultyMachine(
        "even positions", "a carry is not added at even positions", 2, (0, 0), _at_even_positions
    ),
    FaultyMachine(
        "idle run", "a carry is lost after 5 idle positions", 2, (0, 0), partial(_after_idling, 5)
    ),
    FaultyMachine("one late", "answers come one position late", 2, (0, 0), _one_late),
    FaultyMachine(
        "first answer", "3 + 1 is wrong at position 0 alone, base 4", 4, (0, False), _first_answer
    ),
    FaultyMachine(
        "every seventh", "0 + 0 with a carry is wrong at every 7th position", 2, (0, 0), _every_seventh
    ),
    FaultyMachine("eleventh carry", "the eleventh carry is lost", 2, (0, 0), _eleventh_carry),
    FaultyMachine("own carry", "a carry comes from 12 positions of zeros", 2, 0, partial(_own_carry, 12)),
)
