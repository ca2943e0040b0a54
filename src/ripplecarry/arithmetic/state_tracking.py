"""Machines of state tracking, by their names in the literature; symbol 0 is the one that pads."""

from collections.abc import Callable, Hashable, Sequence
from itertools import permutations, product
from typing import TypeVar

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.errors import ConfigurationError

GROUPS = {"s3": 3, "a5": 5, "s5": 5}
"""Permutation groups by the number of things that they permute."""

_MOST_STATES = 10_000

_State = TypeVar("_State", bound=Hashable)
_Symbol = TypeVar("_Symbol")


def parity() -> Machine:
    """Whether the number of ones so far is odd.

    Source: Delétang et al. 2023, "Neural networks and the Chomsky hierarchy": parity check. They ask for
    the last answer alone.
    """
    return cyclic(2, (0, 1))


def cycle_navigation(length: int = 5) -> Machine:
    """The place on a cycle after the moves so far: 0 stays, 1 goes forward, 2 goes back.

    Source: Delétang et al. 2023, on a cycle of length 5. They ask for the last answer alone.
    """
    return cyclic(length, (0, 1, -1))


def cyclic(modulus: int, moves: Sequence[int]) -> Machine:
    """The sum of the symbols' moves so far, modulo `modulus`; the sum is the state.

    With the moves 0 and 1 it is the modular counter of Liu et al. 2023, "Transformers learn shortcuts to
    automata".
    """
    sums = ((np.arange(modulus)[:, None] + np.array(moves)) % modulus).tolist()
    return Machine.from_tables(sums, sums)


def remainder(modulus: int, base: int) -> Machine:
    """The number so far modulo `modulus`, digits least significant first.

    The state holds the remainder and what the next digit is worth, which is a power of the base modulo
    `modulus`: as many states as there are such powers, times `modulus`.
    """
    worths = [1 % modulus]
    while (worth := worths[-1] * base % modulus) not in worths:
        worths.append(worth)
    return _machine(
        [(worth, rest) for worth in worths for rest in range(modulus)],
        range(base),
        lambda state, digit: (state[0] * base % modulus, (state[1] + state[0] * digit) % modulus),
        lambda before, digit, after: after[1],
    )


def leading_remainder(modulus: int, base: int) -> Machine:
    """The number so far modulo `modulus`, digits most significant first; the remainder is the state.

    Source: the divisibility automaton of the textbooks, such as Sipser, "Introduction to the theory of
    computation".
    """
    rests = (np.arange(modulus)[:, None] * base + np.arange(base)) % modulus
    return Machine.from_tables(rests.tolist(), rests.tolist())


def group_product(name: str) -> Machine:
    """The product of a group's elements so far, the first of them applied first.

    Elements are numbered in lexicographic order of their permutations, so that 0 is the identity.

    Source: the word problem, as in Liu et al. 2023, "Transformers learn shortcuts to automata", Merrill et
    al. 2024, "The illusion of state in state-space models", and Grazzi et al. 2025, "Unlocking
    state-tracking in linear RNNs through negative eigenvalues".
    """
    elements = [p for p in permutations(range(GROUPS[name])) if name.startswith("s") or _is_even(p)]
    return _machine(
        elements,
        elements,
        lambda state, element: tuple(element[place] for place in state),
        lambda before, element, after: elements.index(after),
    )


def dyck(depth: int, kinds: int) -> Machine:
    """Which bracket is open innermost: 0 for none, so that the word is closed, or its kind, 1 to `kinds`.

    Symbol 0 pads, 1 to `kinds` open a bracket, and `kinds` more close one. The state is the stack of open
    brackets. A symbol that cannot stand there, since it would be the bracket `depth` + 1 or closes what is
    not open innermost, changes nothing and is answered by `kinds` + 1. Random words so remain words; a rule
    that ends at the first such symbol would end most of them after a few.

    Source: Hewitt et al. 2020, "RNNs can generate bounded hierarchical languages with optimal memory",
    whose Dyck-(k, m) has `kinds` k and `depth` m.
    """
    opening = range(1, kinds + 1)
    if sum(kinds**height for height in range(depth + 1)) > _MOST_STATES:
        raise ConfigurationError(
            f"depth {depth} and kinds {kinds} need more than {_MOST_STATES} stacks; choose smaller ones"
        )

    def after(stack: tuple[int, ...], symbol: int) -> tuple[int, ...]:
        if symbol in opening:
            return (*stack, symbol) if len(stack) < depth else stack
        return stack[:-1] if stack and symbol == stack[-1] + kinds else stack

    def answer(before: tuple[int, ...], symbol: int, stack: tuple[int, ...]) -> int:
        is_wrong = symbol != 0 and stack == before
        return kinds + 1 if is_wrong else stack[-1] if stack else 0

    stacks = [stack for height in range(depth + 1) for stack in product(opening, repeat=height)]
    return _machine(stacks, range(2 * kinds + 1), after, answer)


def flip_flop() -> Machine:
    """The bit that was last written, at symbols that read it; elsewhere the answer is 2.

    Symbols 0 and 1 are bits to ignore, 2 and 3 write 0 and 1, and 4 reads. Before the first writing the bit
    is 0.

    Source: Liu et al. 2023, "Exposing attention glitches with flip-flop language modeling". There each
    instruction and each bit is a token of its own.
    """
    return Machine.from_tables([[0, 0, 0, 1, 0], [1, 1, 0, 1, 1]], [[2, 2, 2, 2, 0], [2, 2, 2, 2, 1]])


def _is_even(permutation: Sequence[int]) -> bool:
    places = range(len(permutation))
    return sum(permutation[i] > permutation[j] for j in places for i in range(j)) % 2 == 0


def _machine(
    states: Sequence[_State],
    symbols: Sequence[_Symbol],
    after: Callable[[_State, _Symbol], _State],
    answer: Callable[[_State, _Symbol, _State], int],
) -> Machine:
    """The machine of these states, the first of them the initial one."""
    numbers = {state: number for number, state in enumerate(states)}
    following = [[after(state, symbol) for symbol in symbols] for state in states]
    return Machine.from_tables(
        [[numbers[state] for state in row] for row in following],
        [
            [answer(state, symbol, then) for symbol, then in zip(symbols, row, strict=True)]
            for state, row in zip(states, following, strict=True)
        ],
    )
