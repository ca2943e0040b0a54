"""The page's test where it is hard, beside Python's."""

import math
from dataclasses import asdict
from random import Random

import numpy as np
import pytest
from called_modules import content_of
from scipy.stats import binomtest, chisquare

from ripplecarry.arithmetic.counterexample import Counterexample, shortest
from ripplecarry.arithmetic.digits import to_digits
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.arithmetic.tasks import EXTRA_POSITIONS, Task
from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import NativeEngine
from ripplecarry.evaluation.exactness import measure_exactness
from ripplecarry.evaluation.explanation import HardCount, explain
from ripplecarry.evaluation.grid import GridCell, Sampling, grid_digits, grid_lengths
from ripplecarry.evaluation.hard_cases import hard_cases
from ripplecarry.evaluation.search import margins
from ripplecarry.evaluation.simplification import first_wrong, simplify
from ripplecarry.networks.architecture import parameter_shapes
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.reports.page.content import text_of_array
from ripplecarry.reports.page.playground import KERNEL
from ripplecarry.runs.trial import Trial

TASKS = (
    {"task": "addition"},
    {"task": "subtraction"},
    {"task": "comparison"},
    {"task": "times", "factor": 7},
    {"task": "counter", "modulus": 3},
    {"task": "remainder", "modulus": 3},
)
SEQUENCES = (
    {"task": "parity"},
    {"task": "cycle_navigation", "modulus": 5},
    {"task": "group", "group": "s3"},
    {"task": "dyck", "depth": 2, "kinds": 1},
    {"task": "flip_flop"},
)
OTHERS = TASKS[1:] + SEQUENCES
SMALL = {"hidden_size": 24, "embedding_size": 8, "batch_size": 100, "steps": 200, "learning_rate": 0.01}


@pytest.mark.parametrize("task", TASKS, ids=lambda choice: choice["task"])
def test_hard_cases_are_those_of_python(modules, task):
    trials = [Trial.build(task | {"base": base}) for base in (2, 3, 10, 16)]
    wanted = [(trial, length) for trial in trials for length in (1, 2, 9, 40)]

    found = modules.call_each("hardCases", [{"task": content_of(t), "length": n} for t, n in wanted])

    for (trial, length), theirs in zip(wanted, found, strict=True):
        ours = hard_cases(trial.build_task(), length)
        assert theirs == [[name, len(r), r.shape[2], r.tobytes().hex()] for name, r in ours.items()]


def test_the_grid_is_laid_out_as_in_python(modules):
    sampling = Sampling()

    for base, trained, longest in ((2, 1, 40), (10, 9, 45), (10, 37, 185), (16, 200, 1000), (3, 20, 10)):
        trial = Trial(base=base)
        given = {"task": content_of(trial), "trained": trained, "longest": longest}
        task = trial.build_task()
        assert modules.call("grid", given) == [
            [n, sampling.runs(n), grid_digits([n], task, sampling) // n * (n + EXTRA_POSITIONS)]
            for n in grid_lengths(trained, longest)
        ]


def test_intervals_are_those_of_scipy(modules):
    counts = [(k, n) for n in (1, 2, 7, 20, 1000, 60_000) for k in {0, 1, n // 3, n // 2, n - 1, n}]

    found = modules.call_each("interval", counts)

    for (k, n), bounds in zip(counts, found, strict=True):
        assert bounds == pytest.approx(binomtest(k, n).proportion_ci(method="exact"), rel=1e-9, abs=1e-12)


def cell(
    length: int, run: int, num_exact: int, num_pairs: int = 1000, kind="carry", is_all=False
) -> GridCell:
    return GridCell(kind, length, run, num_pairs, num_exact, 0, 0, is_all)


def hard(*wrong: str) -> list[HardCount]:
    names = ("zero", "all nines", "one", "very unequal lengths")
    return [HardCount(name, n, 5, 4 if name in wrong and n == 2 else 5) for n in (1, 2) for name in names]


BOTH = ("carry", "idle")
GRIDS = {
    "nothing tested": ([], []),
    "all right": ([cell(n, n, 1000, kind=kind) for n in (1, 2, 1200) for kind in BOTH], hard()),
    "from a length on": ([cell(n, min(n, 3), 1000 if n < 5 else 7) for n in range(1, 9)], hard("zero")),
    "the last alone": ([cell(n, n, 1000 if n < 8 else 0) for n in range(1, 9)], hard("zero", "one")),
    "the middle alone": ([cell(n, n, 999 if n == 4 else 1000) for n in range(1, 9)], []),
    "some": ([cell(n, n, 1000 - n % 3) for n in range(1, 2002, 500)], hard("one", "zero", "all nines")),
    "exhaustive": ([cell(1, n, 3, 3 + n, kind, is_all=True) for n in (0, 1) for kind in BOTH], []),
    "at every run": ([cell(5, run, 10) for run in range(6)], []),
    "without a run alone": ([cell(5, run, 1000 if run else 10) for run in range(6)], []),
    "without a run and at others": ([cell(5, run, 999 + run % 2) for run in range(6)], []),
    "one cell without a run": ([cell(1, 0, 10)], []),
    "another task": ([cell(n, n, 1000 - n // 5, kind="reset-free") for n in range(1, 9)], hard("zero")),
}


def made_up(number: int) -> tuple[list[GridCell], list[HardCount]]:
    random = Random(number)
    share = random.choice([0, 0.2, 0.9])
    cells = [
        cell(n, run, random.randrange(2000) if random.random() < share else 2000, 2000, kind, is_all=n < 9)
        for n in random.sample([1, 2, 9, 40, 1000, 30_000], 5)
        for kind in BOTH
        for run in range(random.randint(1, 4))
    ]
    return cells, hard(*random.sample(["zero", "one", "all nines"], random.randrange(3)))


def test_the_sentence_is_that_of_python(modules):
    grids = [*GRIDS.values(), *map(made_up, range(200))]

    found = modules.call_each("explain", [in_javascript(*grid) for grid in grids])

    assert found == [explain(*grid) for grid in grids]


def in_javascript(cells, counts) -> dict[str, object]:
    left_out = ("num_digits", "num_right_digits")
    names = {"num_pairs": "numPairs", "num_exact": "numExact", "is_exhaustive": "isExhaustive"}

    def renamed(each):
        return {names.get(key, key): value for key, value in asdict(each).items() if key not in left_out}

    return {"cells": [renamed(each) for each in cells], "hard": [renamed(each) for each in counts]}


@pytest.fixture
def tested_hard(modules):
    """Calls `hardTest` on a network; its weights, or the name of a stand-in."""
    if not KERNEL.is_file():
        pytest.skip("this installation has no kernel for WebAssembly")

    def call(trial: Trial, longest: int, **network):
        given = {"trial": trial.model_dump(mode="json"), "task": content_of(trial), "digits": trial.digits}
        return modules.call("testHard", given | {"longest": longest, "seed": str(2**64 - 1)} | network)

    return call


@pytest.mark.parametrize("task", [TASKS[0], TASKS[1], TASKS[3]], ids=lambda choice: choice["task"])
def test_an_undertrained_network_gets_a_wrong_answer_that_python_cannot_shorten(tested_hard, task):
    if not is_available():
        pytest.skip("the native engine is not built")
    trial = Trial.build(SMALL | task)
    built, engine = trial.build_task(), NativeEngine()
    trainer = engine.trainer(trial, trial, trial.training_batches(0), initial_weights(trial, built, 0))
    trainer.advance(trial.steps)
    weights = trainer.weights()
    numbers = np.concatenate([weights[name].ravel() for name in parameter_shapes(trial, built)])

    found = tested_hard(trial, 18, weights=text_of_array(numbers, "float32"))

    wrong = found["result"]["wrong"]
    network = engine.load(trial, built, weights)
    length = max(max(map(len, wrong["operands"])), wrong["position"] + 1)
    columns = [to_digits(int(text), 10, length + EXTRA_POSITIONS) for text in wrong["operands"]]
    digits = np.stack(columns, axis=1)[None]
    ours = Counterexample.among(built, digits, network.answers(digits), built.answer(digits))
    assert ours is not None
    assert wrong == {"position": ours.first_wrong_position} | {
        name: ours.as_dict()[name] for name in ("operands", "answer", "right")
    }
    shorter = simplify(network, ours)
    assert (shorter.size, shorter.operands) == (ours.size, ours.operands)
    assert found["shares"] == sorted(found["shares"])
    assert 0 < found["shares"][-1] <= 1


@pytest.mark.parametrize("task", [{"task": "parity"}, {"task": "remainder", "modulus": 3, "base": 2}])
def test_a_wrong_answer_on_a_sequence_is_written_with_every_symbol_up_to_it(tested_hard, task):
    if not is_available():
        pytest.skip("the native engine is not built")
    trial = Trial.build(SMALL | task | {"cell": "mingru"})
    built, engine = trial.build_task(), NativeEngine()
    trainer = engine.trainer(trial, trial, trial.training_batches(0), initial_weights(trial, built, 0))
    trainer.advance(trial.steps)
    weights = trainer.weights()
    numbers = np.concatenate([weights[name].ravel() for name in parameter_shapes(trial, built)])

    wrong = tested_hard(trial, 18, weights=text_of_array(numbers, "float32"))["result"]["wrong"]

    (text,) = wrong["operands"]
    symbols = [int(each) for each in (text[::-1] if built.is_on_numbers else text.split())]
    assert len(symbols) > wrong["position"] > 0
    digits = np.array(symbols, dtype=np.uint8)[None, :, None]
    given, right = engine.load(trial, built, weights).answers(digits)[0], built.answer(digits)[0]
    assert np.flatnonzero(given != right)[0] == wrong["position"]
    order, between = (-1, "") if built.is_on_numbers else (1, " ")
    for name, answers in (("answer", given), ("right", right)):
        assert wrong[name] == between.join(map(str, answers[::order]))


def test_a_right_network_has_no_wrong_answer_and_every_row_is_counted(tested_hard):
    trial = Trial.build(SMALL | {"digits": 3})
    task = trial.build_task()

    found = tested_hard(trial, 12, network="right")

    result = found["result"]
    assert result["wrong"] is None
    assert result["numTested"] == found["numRows"]
    exactness = measure_exactness(Right(task), task, grid_lengths(3, 12))
    assert in_javascript(exactness.cells, exactness.hard) == {
        name: result[name] for name in ("cells", "hard")
    }
    assert found["numMisdrawn"] == 0
    assert result["search"]["smallestMargin"] == 1
    assert result["search"]["length"] == 12
    assert found["shares"].index(1) == len(found["shares"]) - 1


class Right:
    """Answers everything right."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def answers(self, operands: np.ndarray) -> np.ndarray:
        return self._task.answer(operands)


@pytest.mark.parametrize("task", OTHERS, ids=lambda choice: choice["task"])
def test_a_right_network_of_another_task_is_tested_by_its_reset_free_runs(tested_hard, task):
    trial = Trial.build(SMALL | {"digits": 3} | task | ({} if task in SEQUENCES else {"base": 4}))

    found = tested_hard(trial, 30, network="right")

    result, task = found["result"], trial.build_task()
    assert result["wrong"] is None
    counts = [*result["cells"], *result["hard"], result["search"]]
    assert result["numTested"] == found["numRows"] == sum(each["numPairs"] for each in counts)
    exactness = measure_exactness(Right(task), task, grid_lengths(3, 30))
    assert in_javascript(exactness.cells, exactness.hard) == {
        name: result[name] for name in ("cells", "hard")
    }
    assert found["explanation"] == exactness.explanation
    assert ("1 symbol" in found["explanation"] or "symbols" in found["explanation"]) != task.is_on_numbers


@pytest.mark.parametrize("task", TASKS[1:], ids=lambda choice: choice["task"])
def test_operands_of_a_longest_reset_free_run_are_drawn_as_often(modules, task):
    trial = Trial.build(task | {"base": 2})
    task = trial.build_task()
    num_symbols, length = task.machine.num_symbols, 6
    words = np.arange(num_symbols**length)[:, None] // num_symbols ** np.arange(length) % num_symbols
    runs = ResetFreeRuns.of(task.machine)
    given = {"task": content_of(trial), "length": length, "seed": 5}
    for run in runs.possible(length):
        wanted = words[runs.longest(words) == run]
        count = 20 * len(wanted)
        drawn = modules.call("drawRuns", given | {"run": run, "count": count})

        symbols = task.symbols_of(np.array(drawn).reshape(count, length, task.num_operands))
        place = num_symbols ** np.arange(length)
        found, counts = np.unique(symbols @ place, return_counts=True)
        assert found.tolist() == sorted((wanted @ place).tolist())
        assert len(counts) == 1 or chisquare(counts).pvalue > 1e-5


@pytest.mark.parametrize("task", OTHERS, ids=lambda choice: choice["task"])
def test_the_bars_operands_have_their_run_or_length_and_right_answers(modules, task):
    trial = Trial.build(task)
    task = trial.build_task()
    runs = ResetFreeRuns.of(task.machine)

    found = modules.call("rowsByRun", {"task": content_of(trial), "seed": 3, "digits": 30})

    has_resets = len(runs.resetting) > 0
    assert found["kind"] == ("reset-free" if has_resets else "length")
    wanted = list(runs.possible(30)) if has_resets else list(range(1, 31))
    bars = [run for run, *_ in found["rows"]]
    assert (bars[0], bars[-1], len(bars)) == (wanted[0], wanted[-1], min(len(wanted), 12))
    for run, digits, answers in found["rows"]:
        length = 30 if has_resets else run
        rows = np.array(digits, dtype=np.uint8).reshape(
            50, length + task.extra_positions, task.num_operands
        )
        assert (runs.longest(task.symbols_of(rows[:, :length])) == run).all()
        assert (task.answer(rows).ravel() == answers).all()


def test_long_operands_have_the_reset_free_runs_that_were_wanted(modules):
    trial = Trial.build({"task": "comparison", "base": 16})
    task, length = trial.build_task(), 1000
    for run in (0, 1, 500, 999, 1000):
        given = {"task": content_of(trial), "length": length, "seed": 5, "count": 3, "run": run}
        drawn = np.array(modules.call("drawRuns", given)).reshape(3, length, 2)
        assert ResetFreeRuns.of(task.machine).longest(task.symbols_of(drawn)).tolist() == [run] * 3


def test_a_network_that_drops_long_carries_is_told_so(tested_hard):
    found = tested_hard(Trial.build(SMALL | {"digits": 9}), 9, network="forgetful")

    assert "by length: right up to 6 digits, wrong from 7 on" in found["explanation"]
    assert "by longest carry run: right up to 6 positions, wrong from 7 on" in found["explanation"]
    assert "hard cases: wrong on" in found["explanation"]
    wrong = found["result"]["wrong"]
    assert (wrong["position"], {len(text) for text in wrong["operands"]} <= {1, 7}) == (7, True)
    assert int(wrong["answer"]) == int(wrong["right"]) - 10**7 == sum(map(int, wrong["operands"])) - 10**7


def test_logits_that_are_no_numbers_count_as_wrong(tested_hard):
    result = tested_hard(Trial.build(SMALL | {"digits": 2}), 4, network="no number")["result"]

    assert not any(each["numExact"] for each in [*result["cells"], *result["hard"]])
    assert result["wrong"] == {"operands": ["0", "0"], "answer": None, "right": "0", "position": 0}
    assert result["search"] is None


class Echoing:
    """Answers one too many where the first operand has a 9 that it also had 4 positions before."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def answers(self, operands: np.ndarray) -> np.ndarray:
        right = self._task.answer(operands)
        is_nine = operands[:, :, 0] == 9
        right[:, 4:] += (is_nine[:, 4:] & is_nine[:, :-4]).astype(np.uint8)
        return right % 10


def test_the_shortest_wrong_answer_is_kept_and_shortened_as_in_python(modules):
    task = Trial().build_task()
    random = np.random.Generator(np.random.Philox(key=3))
    rows = random.integers(9, size=(40, 32, 2)).astype(np.uint8)
    for row in rows:
        length, last = random.integers(12, 30), random.integers(4, 30)
        row[[last - 4, last], 0] = 9
        row[max(length, last + 1) :] = 0

    given = {"task": content_of(Trial()), "digits": rows.ravel().tolist(), "positions": 32}
    found = modules.call("shorten", given)

    def counterexample(digits) -> Counterexample:
        row = np.array(digits, dtype=np.uint8).reshape(1, -1, 2)
        wrong = Counterexample.among(task, row, Echoing(task).answers(row), task.answer(row))
        assert wrong is not None
        return wrong

    kept = shortest(*map(counterexample, rows))
    first = first_wrong(Echoing(task), task, rows)
    assert kept is not None
    assert first is not None
    assert np.array_equal(counterexample(found["kept"]).digits, kept.digits)
    assert np.array_equal(counterexample(found["first"]).digits, first.digits)
    for digits in found["short"]:
        short = counterexample(digits)
        simpler = simplify(Echoing(task), short)
        assert np.array_equal(simpler.digits, short.digits)
        assert short.operands[0] == 90009


@pytest.mark.parametrize("pieces", [0, 3])
def test_it_ends_once_nobody_wants_it(tested_hard, pieces):
    found = tested_hard(Trial.build(SMALL), 40, network="right", pieces=pieces)

    assert found["result"] is None
    assert found["numCalls"] == pieces


def test_margins_are_those_of_python(modules):
    trial = Trial.build({"base": 3})
    task, random = trial.build_task(), np.random.Generator(np.random.Philox(key=1))
    digits = random.integers(3, size=(60, 4, 2)).astype(np.uint8)
    logits = random.integers(-2, 3, size=(60, 4, 3)).astype(np.float32)
    logits[random.random(logits.shape) < 0.01] = math.nan
    sent = [None if math.isnan(value) else value for value in logits.ravel().tolist()]

    given = {"task": content_of(trial), "logits": sent, "digits": digits.ravel().tolist(), "positions": 4}
    found = modules.call("margins", given)

    assert [float(text) for text in found] == margins(logits, task.answer(digits)).tolist()
