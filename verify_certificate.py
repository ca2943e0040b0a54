"""Checks a proof that a recurrent network is right at every length; needs Python's standard library alone.

    python verify_certificate.py WEIGHTS.safetensors CERTIFICATE.json [--json]

The theorem. A machine starts in state 0, reads a symbol at each position (a digit of each operand, the
least significant first) and answers with an output. A network passes on, in each layer, a hidden state h,
a memory c or both. A certificate names a set S(q) of network states for each machine state q that can be
reached: in every layer the exact product W_hh h lies in one box, h in a second, c in a third. If

1. the zero state, from which the network starts, lies in S(0), and
2. from every network state in S(q), for every symbol, the computed logit of the machine's output is the
   largest, and the computed next network state lies in S(r), where r is the machine's next state,

then, by induction over positions, the network answers as the machine does at every position of any input.

Format 3 is for one RNN layer and splits machine states into histories: above, q and r are histories then.
Each names its machine state and, for every symbol, its next history, which must have the machine's next
state. S(q) is a sloped box: the h with |h_i| <= 1 + 2^-18 for which v h and every (W_hh h)_i - d_i v h lie
in the intervals that the file states of q. All histories share the direction v; the slopes d are q's own.

"Computed" means in float32, rounded to nearest, in any way that keeps to these bounds, with u = 2^-24:
- A sum of n products, in any order, fused or not, subnormal numbers kept or flushed to zero, is off by at
  most gamma * size + 4 K 2^-126 + 2^-126 * norm, where size is the sum of the terms' absolute values, norm
  that of the weights', K = n + 8 and gamma = K u / (1 - K u). Nothing overflows if size is below 2^126.
- tanh and sigmoid are off by at most 2^-20 of the exact value and another 2^-124; silu is x sigmoid(x).

Numbers are integers that count units of 2^-160: float32 weights are exact, the ends of boxes are rounded
outwards, bounds to the safe side. Format 3 counts units of 2^-56, to which v and d are cut: the theorem is
proved of the sets that these define. Exit status: 0 proved, 1 refused, 2 not a certificate or not weights.
"""

import json
import sys
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_FLOOR, Context
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import sha256
from itertools import chain, combinations, pairwise, permutations
from itertools import product as words
from math import gcd, isqrt, prod
from operator import add, mul, sub
from pathlib import Path
from struct import iter_unpack
from typing import Any

SCALE, ONE = 160, 1 << 160
FINE, UNIT, CUT = 56, 1 << 56, SCALE - 56  # of format 3
LARGE, WIDTH, HALF = 1 << 76, 20, 1 << 159  # the size of numbers; of their sums, in bytes, and half of that
OLD, NEW, SLOPED = (f"ripplecarry certificate {k}" for k in (1, 2, 3))
ROUNDING = {"unit_roundoff": Fraction(1, 2**24), "subnormal": Fraction(1, 2**126), "extra_terms": 8}
ROUNDING |= {"function_relative": Fraction(1, 2**20), "largest": 2**126}
BOXES = {"rnn": ["preactivation"], "gru": ["preactivation", "hidden"], "lstm": ["preactivation", "memory"]}
BOXES |= {"mingru": ["hidden"], "diagonal": ["memory"], "diagonal_signed": ["memory"]}
OLD_BOXES = {"rnn": ["drive"], "gru": ["drive", "kept"], "lstm": ["drive", "kept"]}
GATES = {"rnn": (1, 2), "gru": (3, 2), "lstm": (4, 2)}  # how many, and of what: of x and h, or of x alone
GATES |= {"mingru": (2, 1), "diagonal": (3, 1), "diagonal_signed": (3, 1)}
SEQUENCES = ("parity", "cycle_navigation", "group", "dyck", "flip_flop")
NUM_OPERANDS = dict.fromkeys((*SEQUENCES, "times", "counter", "remainder"), 1)
NUM_OPERANDS |= {"subtraction": 2, "comparison": 2}
Part = dict[str, Any]  # an object in JSON
TABLES = {"next_state": [[int]], "output": [[int]]}
SETTINGS: dict[str, Part] = {"times": {"factor": int}, "machine": {"machine": TABLES}}
SETTINGS |= {"counter": {"modulus": int}, "cycle_navigation": {"modulus": int}, "group": {"group": str}}
SETTINGS |= {"remainder": {"modulus": int, "digit_order": str}, "dyck": {"depth": int, "kinds": int}}
HISTORY: Part = {"state": int, "next": [int], "pieces": int}
HISTORY |= {name: [Fraction] for name in ("along", "slopes", "low", "high")}
FIRST, GROUPS = "least-first", ("s3", "a5", "s5")
DEFAULTS: dict[str, Part] = {"cycle_navigation": {"modulus": 5}, "remainder": {"digit_order": FIRST}}

Interval = tuple[int, int]
Box = list[Interval]
Table = list[list[int]]
Region = tuple[Box, Box, Box, list[int]]  # a set's boxes of W_hh h, h and c; the largest sums of |w_k h_k|
Span = list[tuple[int, ...]]  # centre, radius and line: all centre + e line + n, |e| <= 1, |n| <= radius
Input = tuple[Box, list[int]]  # the box of W_ih x; the largest sums of |w_k x_k|


class Refused(Exception):  # noqa: N818
    """Why the certificate proves nothing about these weights, and the exit status."""


def need(condition: bool, otherwise: str, status: int = 1) -> None:
    if not condition:
        raise Refused(otherwise, status)


def fits(part: Any, form: Any) -> bool:
    """Whether it is a list of one form, an object of such parts, or exactly of a type: a bool is no int."""
    if isinstance(form, list):
        return type(part) is list and all(fits(each, form[0]) for each in part)
    if isinstance(form, dict):
        return type(part) is dict and set(part) == set(form) and all(fits(part[k], form[k]) for k in form)
    return type(part) is form


def read_json(content: bytes, what: str) -> dict[str, Any]:
    """A JSON object, its floats as exact fractions; no key twice, and nothing infinite or NaN."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len(dict(pairs)) == len(pairs), f"{what} holds a key twice", 2)
        return dict(pairs)

    def real(digits: str) -> Fraction:
        return Fraction(float(digits))

    try:
        found = json.loads(content.decode(), object_pairs_hook=once, parse_float=real, parse_constant=real)
    except (ValueError, OverflowError, RecursionError):
        raise Refused(f"{what} is not JSON, or holds a number that is not finite", 2) from None
    need(type(found) is dict, f"{what} is not a JSON object", 2)
    return found


def exact(bits: int) -> int:
    """The value of a float32 from its bits."""
    size = bits & 2**31 - 1
    need(size < 255 << 23, "the weights are not all finite")
    need(size == 0 or size >= 1 << 23, "a weight is subnormal")
    value = (size & 2**23 - 1 | 2**23) << (size >> 23) - 150 + SCALE if size else 0
    return -value if bits >> 31 else value


class Weights:
    """A safetensors file: its arrays fill it, without gap or overlap, from the header to the end."""

    def __init__(self, content: bytes) -> None:
        start = 8 + int.from_bytes(content[:8], "little")
        header, data = read_json(content[8:start], "the weights' header"), content[start:]
        self.metadata = header.pop("__metadata__", {})
        need(type(self.metadata) is dict, "the weights' metadata are not an object", 2)
        self.shapes, self.rows, hashed, places = {}, {}, {}, [[0, 0], [len(data), len(data)]]
        for name, entry in header.items():
            is_entry = fits(entry, {"dtype": str, "shape": [int], "data_offsets": [int]})
            need(is_entry and len(entry["data_offsets"]) == 2, "an array has other parts", 2)
            shape, (first, last) = entry["shape"], entry["data_offsets"]
            is_array = entry["dtype"] == "F32" and len(shape) in (1, 2) and min(shape) > 0
            need(is_array, "an array is not a vector or a matrix of float32")
            own = data[first:last] if 0 <= first <= last else b""
            need(len(own) == 4 * prod(shape), "an array does not fit its place", 2)
            values = [exact(bits) for (bits,) in iter_unpack("<I", own)]
            self.rows[name] = [values[k : k + shape[-1]] for k in range(0, len(values), shape[-1])]
            self.shapes[name], hashed[name] = shape, f"{name} {shape} ".encode(errors="replace") + own
            places.append([first, last])
        need(all(a[1] == b[0] for a, b in pairwise(sorted(places))), "the arrays do not fill their file", 2)
        self.sha256 = sha256(b"".join(hashed[name] for name in sorted(hashed))).hexdigest()


def push(stack: tuple[int, ...], s: int, depth: int, kinds: int) -> tuple[tuple[int, ...], int]:
    """The stack of open brackets after a symbol, and its top; kinds + 1 where the symbol may not stand."""
    opens, closes = 1 <= s <= kinds and len(stack) < depth, s > kinds and stack[-1:] == (s - kinds,)
    if s and not opens and not closes:
        return stack, kinds + 1
    stack = (*stack, s) if opens else stack[:-1] if closes else stack
    return stack, stack[-1] if stack else 0


def tracked(task: dict[str, Any], num_states: int) -> tuple[int, list[Any], Callable[[Any, int], Any]]:
    """The number of symbols of a task that tracks a state; its states; the next state and the answer."""
    name, base, k, n = task["task"], task["base"], task.get("modulus", 2), task.get("kinds", 1)
    is_small = 2 <= k <= 255 and 1 <= n <= 100 and 1 <= task.get("depth", 1) <= 100
    need(is_small and (kind := task.get("group", "s3")) in GROUPS, "the task has other settings", 2)
    need(task.get("digit_order", FIRST) in (FIRST, "most-first"), "the task has other settings", 2)
    if name == "parity":
        return 2, [0, 1], lambda q, s: (q ^ s,) * 2
    if name == "cycle_navigation":
        return 3, [*range(k)], lambda q, s: ((q + (0, 1, -1)[s]) % k,) * 2
    if name == "flip_flop":
        return 5, [0, 1], lambda q, s: ((q, q, 0, 1, q)[s], q if s == 4 else 2)
    if name == "group":  # of 3 or 5 things; a5 has those with an even number of pairs in falling order
        every = permutations(range(int(kind[1])))
        group = [p for p in every if kind != "a5" or sum(a > b for a, b in combinations(p, 2)) % 2 == 0]
        return len(group), group, lambda q, s: (p := tuple(group[s][i] for i in q), group.index(p))
    if name == "dyck":
        num_stacks = sum(n**height for height in range(task["depth"] + 1))
        need(num_stacks == num_states, "the machine is not that of the task")
        stacks = [t for height in range(task["depth"] + 1) for t in words(range(1, n + 1), repeat=height)]
        return 2 * n + 1, stacks, lambda q, s: push(q, s, task["depth"], n)
    if task["digit_order"] == FIRST:  # a state is what the next digit is worth, and the remainder
        states = [(w, r) for w in dict.fromkeys(base**i % k for i in range(k)) for r in range(k)]
        return base, states, lambda q, s: ((q[0] * base % k, (q[1] + q[0] * s) % k), (q[1] + q[0] * s) % k)
    return base, [*range(k)], lambda q, s: ((q * base + s) % k,) * 2


class Machine:
    """The machine that a certificate shows, if its task means it: a row a state, a column a symbol.

    A symbol is a digit of each operand, the first one's the least significant. A carry stays below k, the
    number of operands or the factor: k (base - 1) + k - 1 < k base.
    """

    def __init__(self, given: dict[str, Any], tables: dict[str, Table]) -> None:
        name = str(given.get("task", "addition"))
        self.task = dict[str, Any](task=name, base=10, num_operands=NUM_OPERANDS.get(name, 2))
        self.task |= DEFAULTS.get(name, {}) | given
        form = {"task": str, "base": int, "num_operands": int} | SETTINGS.get(name, {})
        need(fits(self.task, form), "the task has other settings", 2)
        base, n, own = self.task["base"], self.task["num_operands"], self.task.pop("machine", None)
        is_right = 2 <= base <= 36 and 1 <= n <= 8 and n == NUM_OPERANDS.get(name, n)
        need(is_right, "the task has another base or number of operands", 2)
        self.next_state, self.output = tables["next_state"], tables["output"]
        states, lengths = range(len(self.output)), set(map(len, self.next_state + self.output))
        is_free = name == "machine" and given.get("num_operands", 1) == 1 and lengths != {base**n}
        if name in SEQUENCES or (is_free and base == 10):  # symbols of its own, of one operand
            need(base == 10 and 0 < max(lengths, default=0) <= 256, "the task has other symbols", 2)
            base, n = max(lengths), 1
            self.task |= {"base": base, "num_operands": n}
        need(len(states) == len(self.next_state) and lengths == {base**n}, "the tables have other sizes", 2)
        need(all(q in states for q in chain(*self.next_state)), "a next state is none", 2)
        need(all(0 <= y < 256 for y in chain(*self.output)), "an output is not from 0 to 255", 2)
        self.symbols = [[symbol // base**i % base for i in range(n)] for symbol in range(base**n)]
        k = self.task.get("factor", self.task.get("modulus", n))
        tasks: dict[str, tuple[int, Callable[[int, list[int]], tuple[int, int]]]] = {
            "addition": (k, lambda q, d: divmod(q + sum(d), base)),
            "times": (k, lambda q, d: divmod(q + k * d[0], base)),
            "counter": (k, lambda q, d: ((q + d[0]) % k,) * 2),
            "subtraction": (2, lambda q, d: (int(d[0] < d[1] + q), (d[0] - d[1] - q) % base)),
            "comparison": (3, lambda q, d: (q if d[0] == d[1] else 1 if d[0] > d[1] else 2,) * 2),
        }
        is_meant = own == tables
        rows = [list(zip(*row, strict=True)) for row in zip(self.next_state, self.output, strict=True)]
        if name in tasks:
            num, step = tasks[name]
            is_meant = num == len(states) and rows == [[step(q, d) for d in self.symbols] for q in states]
        elif name in (*SEQUENCES, "remainder"):
            width, meant, follow = tracked(self.task, len(states))
            is_meant = len(meant) == len(states) and width == base
            number = {state: i for i, state in enumerate(meant)}
            for q, row in zip(meant, rows, strict=False):
                steps = [follow(q, s) for s in range(width)]
                is_meant = is_meant and row == [(number[r], y) for r, y in steps]
        need(is_meant, "the machine is not that of the task")


def reachable(next_state: Table) -> list[int]:
    """The states that some input leads to from state 0."""
    found, known = [0], {0}
    for state in found:
        found += sorted(set(next_state[state]) - known)
        known.update(next_state[state])
    return found


def exponential(x: int) -> Interval:
    """Bounds of e^-x for 0 <= x < 128.

    With y = x / 2^k < 2^-8, the alternating series up to y^14 / 14! omits less than y^15 / 15! < 2^-160.
    y is cut by less than a unit, and each of Horner's steps by less than two, of which the next keeps
    2^-8; so e^-y is known to 5 units. Squaring turns an error of d units into less than 2 d + 2.
    """
    num_squarings = max(0, x.bit_length() - SCALE + 8)
    y, value, error = x >> num_squarings, ONE, 5
    for divisor in range(14, 0, -1):
        value = ONE - (y * value >> SCALE) // divisor
    for _ in range(num_squarings):
        value, error = value * value >> SCALE, 2 * error + 2
    return value - error, value + error


def sigmoid(x: int) -> Interval:
    """Bounds of 1 / (1 + e^-x); where x >= 128, e^-x lies between 0 and a unit."""
    if x < 0:
        low, high = sigmoid(-x)
        return ONE - high, ONE - low
    low, high = exponential(x) if x < 128 * ONE else (0, 1)
    return ONE * ONE // (ONE + high), -(-ONE * ONE // (ONE + low))


def tanh(x: int) -> Interval:
    """Bounds of tanh x = 2 sigmoid(2 x) - 1."""
    low, high = sigmoid(2 * x)
    return 2 * low - ONE, 2 * high - ONE


def largest(interval: Interval) -> int:
    return max(-interval[0], interval[1])


def widened(interval: Interval, error: int) -> Interval:
    return interval[0] - error, interval[1] + error


def computed(function: Callable[[int], Interval], interval: Interval) -> Interval:
    """A rising function as computed: an interval goes to that between the values at its ends."""
    values = function(interval[0])[0], function(interval[1])[1]
    return widened(values, (largest(values) >> 20) + 1 + (ONE >> 124))


def sum_error(num_terms: int, size: int, norm: int = 0) -> int:
    """How far a computed sum may be from the exact one; gamma is K / (2^24 - K)."""
    terms = num_terms + 8
    need(4 * terms < 2**24, "a sum has too many terms to bound its rounding")
    need(size < ONE << 126, "a sum may overflow")
    return -(-size * terms // (2**24 - terms)) + 4 * terms * (ONE >> 126) + (norm >> 126) + 1


def product(a: Interval, b: Interval) -> Interval:
    """All products of numbers of two intervals: the extremes lie at corners."""
    corners = [x * y for x in a for y in b]
    return min(corners) >> SCALE, -(-max(corners) >> SCALE)


def products(*pairs: tuple[Interval, Interval], norm: int = 0) -> Interval:
    """A sum of products as computed."""
    terms = [product(a, b) for a, b in pairs]
    total = sum(low for low, _ in terms), sum(high for _, high in terms)
    return widened(total, sum_error(0, sum(map(largest, terms)), norm))


def mean(z: Interval, n: Interval, h: Interval) -> Interval:
    """(1 - z) n + z h as computed: linear in each of z, n and h, so that the extremes lie at corners."""
    corners = [ONE * b + a * (c - b) for a in z for b in n for c in h]
    error = sum_error(0, 2 * largest(n) + largest(h) + 2 * largest(z))
    return widened((min(corners) >> SCALE, -(-max(corners) >> SCALE)), error)


def held(z: Interval, h: Interval, n: Interval) -> Interval:
    """(1 - z) h + z n as computed; h's own interval where z is so small that no float32 number leaves it.

    Half the way from a float32 number to the next is 2^-25 of its size at least. If z (|h| + |n|) is less
    at both ends, and 1 - z rounds to 1, they round to themselves; and rounding keeps the order.
    """
    mixed, step, end = mean(z, h, n), largest(z) << 26, min(map(abs, h))
    is_moved = step > ONE or step * (largest(h) + largest(n)) > end * ONE or end < ONE >> 90
    return mixed if is_moved else h


class Matrix:
    """The rows of a matrix W and of |W|, in a unit of which all entries are multiples."""

    def __init__(self, rows: Table) -> None:
        self.unit = gcd(*chain(*rows)) or 1
        self.rows = [[entry // self.unit for entry in row] for row in rows]
        self.sizes = [list(map(abs, row)) for row in self.rows]
        self.norms = [self.unit * sum(row) for row in self.sizes]

    def image(self, box: Box) -> Box:
        """W x for x in a box lies between W m - |W| r and W m + |W| r, m the centre and r the radius."""
        centre, radius, found = [a + b for a, b in box], [b - a for a, b in box], []  # twice each
        for row, size in zip(self.rows, self.sizes, strict=True):
            middle, reach = sum(map(mul, row, centre)), sum(map(mul, size, radius))
            low, high = (middle - reach) * self.unit, (middle + reach) * self.unit
            found.append((low >> SCALE + 1, -(-high >> SCALE + 1)))
        return found

    def read(self, box: Box) -> Input:
        """What a layer reads of its input."""
        return self.image(box), self.reach(box)

    def reach(self, box: Box) -> list[int]:
        """The largest sum of all |w_k x_k| for x in a box, for each row."""
        ends = list(map(largest, box))
        return [-(-sum(map(mul, size, ends)) * self.unit >> SCALE) for size in self.sizes]


def read_box(box: dict[str, list[Fraction]], length: int) -> Box:
    """A box of so many intervals, its ends rounded outwards."""
    low, high = box["low"], box["high"]
    need(len(low) == len(high) == length, f"a box has other than {length} intervals")
    need(all(a <= b for a, b in zip(low, high, strict=True)), "a box is empty")
    return [(a * ONE // 1, -(-b * ONE // 1)) for a, b in zip(low, high, strict=True)]


class Layer:
    """A cell by PyTorch's equations, one gate's rows after another's; W_hh is 0 where gates see x alone."""

    def __init__(self, cell: str, w_ih: Table, b_ih: Table, w_hh: Table, b_hh: Table) -> None:
        self.cell, self.from_input, self.from_hidden = cell, Matrix(w_ih), Matrix(w_hh)
        self.biases = list(zip(b_ih[0], b_hh[0], strict=True))
        self.num_units = len(w_hh[0])
        self.num_terms = len(w_ih[0]) + 1 + (GATES[cell][1] == 2) * (self.num_units + 1)

    def region(self, *boxes: Part) -> Region:
        """A set from a file's boxes. For rnn and lstm |h| <= 1 + 2^-18: a tanh, or sigmoid times tanh."""
        zero, bound = (0, 0), ONE + (ONE >> 18) if self.cell in ("rnn", "lstm") else ONE << 126
        others = {"preactivation": [zero] * len(self.biases), "hidden": [(-bound, bound)] * self.num_units}
        others["memory"] = [zero] * self.num_units
        given = dict(zip(BOXES[self.cell], boxes, strict=True))
        u, h, c = (read_box(given[k], len(box)) if k in given else box for k, box in others.items())
        return u, h, c, self.from_hidden.reach(h)

    def gate(self, x: Input, region: Region, row: int, factor: Interval = (ONE, ONE)) -> Interval:
        """A gate's sum as computed: W_ih x + b_ih + factor (W_hh h + b_hh)."""
        (low, high), (u, v), (a, b) = x[0][row], region[0][row], self.biases[row]
        below, above = product(factor, (u + b, v + b))
        size, inner_size = x[1][row] + abs(a), region[3][row] + abs(b)
        need(size + inner_size < ONE << 126, "a sum may overflow")
        size -= -largest(factor) * inner_size >> SCALE
        norm = self.from_input.norms[row] + 2 * self.from_hidden.norms[row]  # a factor is below 2
        return widened((low + a + below, high + a + above), sum_error(self.num_terms, size, norm))

    def advance(self, x: Input, region: Region) -> tuple[Box, Box]:
        """The computed h' and c': tanh(sum); (1 - z) n + z h; c' = f c + i g and h' = o tanh(c').

        minGRU: (1 - z) h + z n. Diagonal: c' = a c + n and h' = c' silu(g), a = sigmoid or 2 sigmoid - 1.
        """
        found = []
        for unit, (h, c) in enumerate(zip(region[1], region[2], strict=True)):
            gates = (self.gate(x, region, row) for row in range(unit, len(self.biases), self.num_units))
            if self.cell == "rnn":
                h = computed(tanh, next(gates))
            elif self.cell == "mingru":
                h = held(computed(sigmoid, next(gates)), h, next(gates))
            elif GATES[self.cell][1] == 1:
                a, n, g = gates
                a, shown = computed(sigmoid, a), product(g, computed(sigmoid, g))
                if self.cell == "diagonal_signed":
                    a = widened((2 * a[0] - ONE, 2 * a[1] - ONE), sum_error(0, 2 * largest(a) + ONE))
                c = products((a, c), (n, (ONE, ONE)), norm=largest(a))
                h = products((c, shown), norm=2 * (largest(c) + largest(shown)))
            elif self.cell == "gru":
                r, z = computed(sigmoid, next(gates)), computed(sigmoid, next(gates))
                h = mean(z, computed(tanh, self.gate(x, region, unit + 2 * self.num_units, r)), h)
            else:
                i, f, g, o = gates
                c = products((computed(sigmoid, f), c), (computed(sigmoid, i), computed(tanh, g)))
                h = products((computed(sigmoid, o), computed(tanh, c)))
            found.append((h, c))
        return [h for h, _ in found], [c for _, c in found]

    def leads_into(self, hidden: Box, memory: Box, goal: Region) -> bool:
        """Whether a set contains these boxes, and so what W_hh makes of the first."""
        found, boxes = chain(self.from_hidden.image(hidden), hidden, memory), chain(*goal[:3])
        return all(a <= b and c <= d for (b, c), (a, d) in zip(found, boxes, strict=True))


class Network:
    """Layers on one another, if the weights' names and shapes are those of a cell and of the machine."""

    def __init__(self, weights: Weights, machine: Machine, content: Part) -> None:
        base, num_operands, shapes = machine.task["base"], machine.task["num_operands"], weights.shapes
        shown = ("embed_layer.weight", "dense.weight", "rnn.bias_ih_l0")
        features, units, rows = (shapes.get(name, [0])[-1] for name in shown)
        outputs, inputs = max(2, base, 1 + max(map(max, machine.output))), num_operands * features
        wanted = {shown[0]: [base, features], shown[1]: [outputs, units], "dense.bias": [outputs]}
        sides, names = ["ih", "hh"] if "rnn.weight_hh_l0" in shapes else ["ih"], []
        for k in range(max(1, (len(shapes) - 3) // (2 * len(sides)))):
            names.append([f"rnn.{kind}_{side}_l{k}" for side in sides for kind in ("weight", "bias")])
            wanted.update(zip(names[-1], ([rows, inputs], [rows], [rows, units], [rows]), strict=False))
            inputs = units
        boxes = OLD_BOXES if content["format"] == OLD else BOXES
        cells = [c for c in boxes if (GATES[c][0] * units, GATES[c][1]) == (rows, len(sides))]
        need(shapes == wanted and cells != [], "the weights' shapes are not those of the task")
        self.cell = cells[0] if boxes is OLD_BOXES else str(content.get("cell"))
        need(self.cell in cells, "the weights are of another cell")
        self.boxes, absent = boxes[self.cell], [[[0] * units] * rows, [[0] * rows]]
        given = [[*map(weights.rows.__getitem__, each), *absent][:4] for each in names]
        self.layers = [Layer(self.cell, *each) for each in given]
        self.embedding, self.outputs = weights.rows["embed_layer.weight"], weights.rows["dense.weight"]
        self.dense, self.bias = Matrix(self.outputs), weights.rows["dense.bias"][0]

    def prove(self, machine: Machine, sets: dict[int, list[Region]]) -> int:
        """The least margin of a right logit, if every symbol leads from every set into the next one."""
        margins = []
        for s, digits in enumerate(machine.symbols):
            symbol = [(entry, entry) for digit in digits for entry in self.embedding[digit]]
            first = self.layers[0].from_input.read(symbol)
            for q, regions in sets.items():
                box, goals = symbol, sets[machine.next_state[q][s]]
                for k, layer in enumerate(self.layers):
                    x = layer.from_input.read(box) if k else first
                    box, memory = layer.advance(x, regions[k])
                    need(layer.leads_into(box, memory, goals[k]), f"in state {q}, symbol {s} may lead out")
                margins.append(self.margin(box, machine.output[q][s]))
                need(margins[-1] > 0, f"in state {q}, symbol {s} may be answered wrongly")
        return min(margins)

    def errors(self, hidden: Box) -> list[int]:
        """How far each computed logit may be off."""
        sizes = [reach + abs(b) for reach, b in zip(self.dense.reach(hidden), self.bias, strict=True)]
        return [sum_error(len(hidden) + 1, *each) for each in zip(sizes, self.dense.norms, strict=True)]

    def margin(self, hidden: Box, right: int) -> int:
        """How far the computed right logit lies above every other at least."""
        errors = self.errors(hidden)
        image = Matrix([list(map(sub, self.outputs[right], row)) for row in self.outputs]).image(hidden)
        gaps = [low - b - e for (low, _), b, e in zip(image, self.bias, errors, strict=True)]
        return min(gaps[:right] + gaps[right + 1 :]) + self.bias[right] - errors[right]


def read_sets(content: dict[str, Any], network: Network, machine: Machine) -> dict[int, list[Region]]:
    """The sets by machine state and layer; the zero state lies in the first."""
    sets, states = {}, reachable(machine.next_state)
    form = {name: {"low": [Fraction], "high": [Fraction]} for name in network.boxes}
    need({*content["invariant"]} == {*map(str, states)}, "it has sets of other states", 2)
    for q in states:
        is_set = fits(stated := content["invariant"][str(q)], [form]) and len(stated) == len(network.layers)
        need(is_set, f"the set of state {q} is of another form", 2)
        boxes = [[layer[name] for name in network.boxes] for layer in stated]
        sets[q] = [layer.region(*each) for layer, each in zip(network.layers, boxes, strict=True)]
    first = chain(*(chain(*region[:3]) for region in sets[0]))
    need(all(low <= 0 <= high for low, high in first), "the zero state is not in the set of state 0")
    return sets


@cache
def grid() -> list[int]:
    """tanh(k / 2^8) below 20, cut to units of 2^-56: less than 2 too small."""
    return [tanh(k << SCALE - 8)[0] >> CUT for k in range(20 << 8)]


def near_tanh(t: int) -> int:
    """tanh t, off by less than 4 units of 2^-56.

    t = a + d with a multiple a of 2^-8 and 0 <= d < 2^-8. So tanh t = (A + D) / (1 + A D), A = tanh a and
    D = tanh d = d - d^3 / 3 + 2 d^5 / 15 to less than d^7 / 18 < 2^-60. From 20 on 1 - tanh t < 2^-56.
    """
    if t < 0:
        return -near_tanh(-t)
    if t >= 20 * UNIT:
        return UNIT
    a, d = grid()[t >> FINE - 8], t & (UNIT >> 8) - 1
    square = d * d >> FINE
    d -= d * square * (5 * UNIT - 2 * square) // 15 >> 2 * FINE
    return (a + d) * UNIT * UNIT // (UNIT * UNIT + a * d)


def below_atanh(w: int) -> int:
    """A lower bound of atanh w, for 2 units <= w < 1 - 2^-36.

    Where w = tanh(a + d) with a multiple a of 2^-8, tanh d = (w - A) / (1 - A w) = D, A = tanh a, and
    d > D + D^3 / 3 + D^5 / 5. Less than A that is less, and so it is if A is too large.
    """
    k = bisect(grid(), w - 2) - 1
    a = grid()[k] + 2
    d = (w - a) * UNIT * UNIT // (UNIT * UNIT - a * w)
    square = d * d >> FINE
    return (k << FINE - 8) + d + (d * square * (5 * UNIT + 3 * square) // 15 >> 2 * FINE)


def chord(start: int, end: int) -> tuple[int, int, int, int]:
    """About its slope for tanh; between its ends, bounds of tanh t - slope t and the largest |tanh t|.

    Let g(t) = tanh t - slope t with slope >= 1 - w^2. For t >= 0 it is concave and at most
    w - (1 - w^2) atanh w, the `top`, which is not negative. For t <= 0 it is convex, so at most 0 or its
    value at the start. Where slope <= 1 - tanh^2 end, it rises from 0 to the end. As for the minimum,
    g(-t) = -g(t).
    """
    low, high = near_tanh(start) - 4, near_tanh(end) + 4
    if high - low < UNIT >> 20:
        return 0, low, high, max(-low, high)
    lost = UNIT - min(UNIT, (high - low) * UNIT // (end - start))
    w = min(max(isqrt(lost * UNIT), UNIT >> 20), UNIT - (UNIT >> 35))
    slope = UNIT - (w * w >> FINE)  # less than a unit above 1 - w^2
    top = w - ((slope - 1) * below_atanh(w) >> FINE)
    first, last = low + 8 - (slope * start >> FINE), high - (slope * end >> FINE)  # of g, up to 9 too large
    is_rising_to_end = end <= 0 or slope * UNIT + high * high <= UNIT * UNIT
    is_rising_from_start = start >= 0 or slope * UNIT + low * low <= UNIT * UNIT
    above = max(first, last if is_rising_to_end else top)
    below = min(last - 9, first - 9 if is_rising_from_start else -top)
    return slope, below, above, max(-low, high)


def packed(numbers: Iterable[int]) -> int:
    return sum(number << 8 * WIDTH * k for k, number in enumerate(numbers))


class Forms:
    """Linear functions of h, |h_i| < 2, with coefficients less than 2^-56, a unit, off.

    Coefficients of the same h_i stand in one integer, 160 bits each, so that one sum of products is that of
    all functions, each below 2^152 in size.
    """

    def __init__(self, rows: Table) -> None:
        sizes = [list(map(abs, row)) for row in rows]
        need(max(map(sum, sizes)) < LARGE, "a number is too large")
        self.columns, self.sizes = (list(map(packed, zip(*each, strict=True))) for each in (rows, sizes))
        self.halves = packed([HALF] * len(rows))
        self.places = range(0, WIDTH * len(rows), WIDTH)

    def products(self, columns: list[int], vector: Sequence[int]) -> list[int]:
        """The functions of a vector; the half that is added to each makes it positive."""
        content = (sum(map(mul, columns, vector)) + self.halves).to_bytes(self.places.stop, "little")
        return [int.from_bytes(content[k : k + WIDTH], "little") - HALF for k in self.places]

    def values(self, span: Span) -> Box:
        """Between what values they are for an h in a span."""
        need(all(-LARGE < x < LARGE for x in chain(*span)), "a number is too large")
        centre, radius, line = span
        lines, slack = map(abs, self.products(self.columns, line)), 2 * len(self.columns)
        reaches = map(add, self.products(self.sizes, radius), lines)
        ends = zip(self.products(self.columns, centre), reaches, strict=True)
        return [((a - b >> FINE) - slack, -(-a - b >> FINE) + slack) for a, b in ends]


class Histories:
    """The sets of format 3, if they are of a form that fits the network and the machine."""

    def __init__(self, content: Part, network: Network, machine: Machine) -> None:
        self.machine, self.network, layer = machine, network, network.layers[0]
        need(network.cell == "rnn" and len(network.layers) == 1, "the weights are not of one RNN layer")
        self.stated, self.direction = content["histories"], [x * UNIT // 1 for x in content["direction"]]
        units, num, self.boxes = layer.num_units, len(self.stated), list[Box]()
        work = len(machine.symbols) * sum(each["pieces"] for each in self.stated)
        is_checked_in_hours = work <= 5_000_000 and work * units**2 <= 3 * 10**10
        need(1 <= num <= 100_000 and is_checked_in_hours, "there are no histories, or too many", 2)
        need(len(self.direction) == units, "the direction has another size", 2)
        for each in self.stated:
            sizes, along = [len(each[name]) for name in ("next", "along", "slopes")], each["along"]
            is_fit = sizes == [len(machine.symbols), 2, units] and 1 <= each["pieces"] <= 1000
            is_fit = is_fit and all(0 <= r < num for r in each["next"])
            need(is_fit and 0 <= each["state"] < len(machine.output), "a history is of another form", 2)
            box = read_box({"low": along[:1], "high": along[1:]}, 1) + read_box(each, units)
            self.boxes.append([(low >> CUT, -(-high >> CUT)) for low, high in box])
        self.slopes = [[x * UNIT // 1 for x in each["slopes"]] for each in self.stated]
        is_first = self.stated[0]["state"] == 0 and all(low <= 0 <= high for low, high in self.boxes[0])
        need(is_first, "the zero state is not in the set of history 0, or its state is not 0")
        unit = layer.from_hidden.unit
        self.recurrent = [[w * unit >> CUT for w in row] for row in layer.from_hidden.rows]
        self.target = lru_cache(10**7 // units**2)(self.bounded)  # 430 MB
        self.symbols = list(map(self.input_of, machine.symbols))
        self.logits = list(map(self.differences, range(len(network.outputs))))

    def input_of(self, digits: list[int]) -> tuple[list[int], list[int]]:
        """W_ih x + b_ih + b_hh of a symbol, and how far the computed sum with any W_hh h may be off."""
        layer = self.network.layers[0]
        nothing = layer.region({"low": [0] * layer.num_units, "high": [0] * layer.num_units})
        symbol = [(entry, entry) for digit in digits for entry in self.network.embedding[digit]]
        x = layer.from_input.read(symbol)
        gates = [layer.gate(x, nothing, unit) for unit in range(layer.num_units)]
        return [a + b >> CUT + 1 for a, b in gates], [(b - a >> CUT + 1) + 2 for a, b in gates]

    def differences(self, right: int) -> tuple[Forms, list[int]]:
        """The right logit less each other, as far as it is linear in h, and the rest less both errors."""
        rows, bias = self.network.outputs, self.network.bias
        bound, others = ONE + (ONE >> 18), [j for j in range(len(rows)) if j != right]
        errors = self.network.errors([(-bound, bound)] * len(rows[0]))
        rests = [bias[right] - bias[j] - errors[right] - errors[j] >> CUT for j in others]
        forms = [[x >> CUT for x in map(sub, rows[right], rows[j])] for j in others]
        return Forms(forms), rests

    def bounded(self, r: int) -> Forms:
        """The numbers that history r bounds: v h and (W_hh h)_i - d_i v h."""
        v, pairs = self.direction, zip(self.recurrent, self.slopes[r], strict=True)
        return Forms([v, *([w - (d * x >> FINE) for w, x in zip(row, v, strict=True)] for row, d in pairs)])

    def parts(self, q: int) -> Iterator[Span]:
        """W_hh h for the h of a set that is cut along v h."""
        (first, last), *box = self.boxes[q]
        length, number = last - first, self.stated[q]["pieces"]
        for k in range(number):
            low, high = first + length * k // number, last - length * (number - 1 - k) // number
            centre, units = low + high >> 1, []
            for d, (a, b) in zip(self.slopes[q], box, strict=True):
                middle = a + b >> 1
                radius = b - middle + 2  # for what is cut off the products
                units.append((middle + (d * centre >> FINE), radius, d * (high - centre) >> FINE))
            yield list(zip(*units, strict=True))

    def advance(self, part: Span, s: int) -> Span:
        """Where the computed h' = tanh(sum) lies: around the part's line times slopes."""
        units = []
        for x, error, t, n, line in zip(*self.symbols[s], *part, strict=True):
            t, n = t + x, n + error
            reach = n + abs(line)
            slope, below, above, size = chord(t - reach, t + reach)
            radius = (slope * n >> FINE) + (above - below >> 1) + (size >> 20) + 6  # for what is cut off
            units.append(((slope * t >> FINE) + (below + above >> 1), radius, slope * line >> FINE))
        return list(zip(*units, strict=True))

    def prove(self) -> int:
        """The least margin of a right logit, if every symbol leads from every set into the next one."""
        margins, all_following = [], [each["next"] for each in self.stated]
        for q in reachable(all_following):
            state, following = self.stated[q]["state"], all_following[q]
            states = [self.stated[r]["state"] for r in following]
            need(states == self.machine.next_state[state], f"after history {q} comes one of another state")
            for part in self.parts(q):
                for s, r in enumerate(following):
                    after = self.advance(part, s)
                    pairs = zip(self.target(r).values(after), self.boxes[r], strict=True)
                    is_in = all(a <= b and c <= d for (b, c), (a, d) in pairs)
                    need(is_in, f"from history {q}, symbol {s} may lead out")
                    forms, rests = self.logits[self.machine.output[state][s]]
                    gaps = zip(forms.values(after), rests, strict=True)
                    margins.append(min(low + rest for (low, _), rest in gaps))
                    need(margins[-1] > 0, f"from history {q}, symbol {s} may be answered wrongly")
        return min(margins) << CUT


def verify(weights: bytes, certificate: bytes) -> dict[str, Any]:
    """What a certificate proves about weights; raises Refused where that is nothing."""
    content, given = read_json(certificate, "the certificate"), Weights(weights)
    need(content.get("format") in (OLD, NEW, SLOPED), "not a certificate of format 1, 2 or 3", 2)
    form = {"task": dict, "machine": TABLES, "margin": Fraction}
    is_old, is_sloped = (content["format"] == name for name in (OLD, SLOPED))
    form |= {"direction": [Fraction], "histories": [HISTORY]} if is_sloped else {"invariant": dict}
    need(fits({name: content.get(name) for name in form}, form), "a part is missing or of another type", 2)
    machine = Machine(content["task"], content["machine"])
    network = Network(given, machine, content)
    need(network.cell == given.metadata.get("cell", network.cell), "the weights are of another cell")
    need(content.get("weights_sha256") == given.sha256, "the certificate is about other weights")
    bounds = ROUNDING | {"function_absolute": Fraction(1, 2 ** (125 if is_old else 124))}
    need(content.get("rounding") == bounds, "the certificate assumes other rounding")
    if is_sloped:
        margin = Histories(content, network, machine).prove()
    else:
        margin = network.prove(machine, read_sets(content, network, machine))
    stated = content["margin"] * Fraction(10**6, 10**6 + is_old)  # format 1 states it to the last bit
    need(stated * ONE <= margin, "a larger margin is stated than proved")
    tables = json.dumps([machine.next_state, machine.output], separators=(",", ":"))
    proof = machine.task | {"machine_sha256": sha256(tables.encode()).hexdigest(), "cell": network.cell}
    proof |= {"layers": len(network.layers), "weights_sha256": given.sha256}
    return proof | {"margin": str(Context(17, ROUND_FLOOR).divide(margin, ONE))}


def main(arguments: list[str]) -> int:
    paths = [Path(argument) for argument in arguments if argument != "--json"]
    try:
        need(len(paths) == 2 and all(map(Path.is_file, paths)), "give two files: WEIGHTS CERTIFICATE", 2)
        proof = verify(*(path.read_bytes() for path in paths))
    except (OSError, Refused, KeyboardInterrupt) as error:
        why, status = (str(error), 2) if isinstance(error, OSError) else error.args or ("interrupted", 130)
        print(f"not proved: {why}", file=sys.stdout if status == 1 else sys.stderr)
        return status
    words = "Proved: at every position of any input the network answers as the machine of the task does."
    lines = [words, *(f"{name:15} {value}" for name, value in proof.items())]
    print(json.dumps(proof) if "--json" in arguments else "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
