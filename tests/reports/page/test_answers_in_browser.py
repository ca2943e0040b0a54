"""The page's own forward pass against the Python network's."""

import numpy as np
import pytest

from ripplecarry.engines.registry import open_engine
from ripplecarry.evaluation.hard_cases import hard_cases
from ripplecarry.reports.page.examples import operand_texts

LOGITS_WITHIN = 1e-4
OTHERS = ["mingru", "minlstm", "diagonal", "diagonal_signed"]
"""Cells beside those of the report, and each another task."""


def drawn_operands(task, count, longest=30):
    """Operands as typed, of all lengths, a fifth of them hard ones."""
    random = np.random.default_rng(1)
    rows = []
    for _ in range(count - count // 5):
        length = random.integers(1, longest + 1)
        rows.append(random.integers(task.base, size=(length, task.num_operands)).astype(np.uint8))
    hard = np.concatenate(list(hard_cases(task, 12).values()))
    rows += list(hard[random.choice(len(hard), count // 5)])
    return [operand_texts(task, row) for row in rows]


def python_answer(network, task, texts):
    """The digits given and the right ones, most significant first, and the logits by position."""
    digits = [digits_of(text)[:: -1 if task.is_on_numbers else 1] for text in texts]
    length = max(map(len, digits)) + task.extra_positions
    operands = np.array([row + [0] * (length - len(row)) for row in digits], dtype=np.uint8).T
    logits = network.logits(operands[None])[0]
    order = -1 if task.is_on_numbers else 1
    given, right = logits.argmax(axis=1), task.answer(operands[None])[0]
    return given[::order].tolist(), right[::order].tolist(), logits


def digits_of(text):
    return [int(each) for each in text.split(" ")] if " " in text else [int(each, 36) for each in text]


def compare(page, run, weights, cases):
    """Asserts that the page computes as these weights do in Python; returns how many answers are wrong."""
    found = page.evaluate("cases => cases.map(texts => ripplecarry.answer(...texts))", cases)
    network = open_engine("torch").load(run.trial, run.task, weights)
    wrong = 0
    for texts, each in zip(cases, found, strict=True):
        digits, right, logits = python_answer(network, run.task, texts)
        assert digits_of(each["digits"]) == digits
        assert digits_of(each["right"]) == right
        within = LOGITS_WITHIN * max(1, np.abs(logits).max() / 100)  # float32 has seven digits
        assert np.abs(np.array(each["logits"]) - logits).max() < within
        wrong += digits != right
    return wrong


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "certified"])
def test_five_hundred_sums_equal_the_python_networks(pages, open_page, name):
    run = pages.run(name)

    wrong = compare(open_page(pages.page(name)), run, run.weights, drawn_operands(run.task, 500))

    assert wrong == 0 or name != "certified"


@pytest.mark.parametrize("name", ["times", "three", "subtraction", "comparison", "counter", *OTHERS])
def test_other_tasks_and_cells_equal_the_python_networks(pages, open_page, name):
    run = pages.run(name)

    compare(open_page(pages.page(name)), run, run.weights, drawn_operands(run.task, 50))


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_every_snapshot_equals_its_weights_in_python(pages, open_page, name):
    run = pages.run(name)
    page = open_page(pages.page(name))
    cases = drawn_operands(run.task, 10)
    for number, weights in enumerate(run.snapshots.values()):
        page.locator("#snapshot").fill(str(number))
        page.wait_for_selector("body[data-state=ready]")
        wrong = compare(page, run, weights, cases)
        assert wrong or number  # nobody adds by chance


def test_a_page_with_another_weight_is_noticed(pages, open_page):
    """The comparison itself can fail."""
    run = pages.run("rnn")
    weights = {name: array.copy() for name, array in run.weights.items()}
    weights["dense.bias"][3] += 0.001

    with pytest.raises(AssertionError):
        compare(open_page(pages.page("rnn")), run, weights, drawn_operands(run.task, 5))


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_ten_thousand_digits_are_added_as_in_python(pages, open_page, name):
    run = pages.run(name)
    page = open_page(pages.page(name))
    texts = ["9" * 10_000, "8" * 9_999 + "1"]
    for number, text in enumerate(texts, 1):
        page.locator(f"#operand-{number}").fill(text)
    page.wait_for_selector("body[data-state=ready]")

    page.locator("#sum summary").click()
    given, right = page.locator("#answer dd").all_inner_texts()

    network = open_engine("torch").load(run.trial, run.task, run.weights)
    expected = python_answer(network, run.task, texts)
    assert [digits_of(given), digits_of(right)] == list(expected[:2])
