"""Pages of tasks other than addition speak of their own states, not of carries."""

import re

import pytest

import ripplecarry as rc
from ripplecarry.reports.page.writer import write_page

READY = "body[data-state=ready]"


def stand_at(page, position, *texts):
    for number, text in enumerate(texts, 1):
        page.locator(f"#operand-{number}").fill(text)
    page.wait_for_selector(READY)
    page.locator("#columns").focus()
    page.keyboard.press("Home")
    for _ in range(position):
        page.keyboard.press("ArrowLeft")
    return page.locator("#here").inner_text()


@pytest.mark.parametrize(
    ("name", "operands", "before", "after", "legend"),
    [
        (
            "subtraction",
            ("100", "1"),
            "digits 0, 0, incoming borrow 1",
            "outgoing borrow is 1;",
            "borrow 1",
        ),
        (
            "comparison",
            ("15", "21"),
            "digits 1, 2, incoming state 1 (greater)",
            "outgoing state is 2 (smaller)",
            "state 2 (smaller)",
        ),
        ("counter", ("43",), "digits 4, incoming sum 3.", "outgoing sum is 7;", "sum 11"),
        ("three", ("f", "f", "f"), "digits 0, 0, 0, incoming carry 2.", "outgoing carry is 0;", "carry 2"),
        ("named", ("11",), "digits 1 (flip), incoming state 1 (odd)", "state is 0 (even)", "state 1 (odd)"),
    ],
)
def test_states_have_the_tasks_words(pages, open_page, name, operands, before, after, legend):
    page = open_page(pages.page(name), locale="en-GB")

    words = stand_at(page, 1, *operands)

    assert before in words
    assert after in words
    assert re.search(r"the probe reads \d+( \([a-z]+\))?\.", words)
    assert legend in page.locator("#cloud .legend").inner_text()


@pytest.mark.parametrize("name", ["subtraction", "comparison", "counter", "named"])
def test_nothing_is_said_of_carries_nor_of_sums(pages, open_page, name):
    page = open_page(pages.page(name), locale="en-GB")

    assert page.locator("h1").inner_text() == "Watch a network at work"
    words = page.locator("body").inner_text().replace("ripplecarry", "").lower()
    assert "carry" not in words
    assert "idle run" not in words
    assert name == "counter" or not re.search(r"\bsums?\b", words)


def test_comparisons_states_are_named_in_chinese_too(pages, open_page):
    page = open_page(pages.page("comparison"), locale="en-GB")
    page.locator("#language").select_option("zh")

    assert "状态为 1（大于）" in stand_at(page, 1, "15", "21")


def test_an_evaluation_is_shown_by_its_longest_reset_free_runs(copied, pages, open_page):
    run = copied.open(pages.run("comparison").id)
    rc.evaluate(run, lengths=6, samples=5, store=copied.root)

    page = open_page(write_page(run, copied)[0], locale="en-GB")

    assert page.locator("#explanation").inner_text().startswith("Answers by length: ")
    assert "where it is worst: longest reset-free run" in page.locator("#tests").inner_text()
