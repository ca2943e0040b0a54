"""Every control of the page, by mouse and by keyboard."""

import json
import re

import pytest
import safetensors.numpy
from made_evaluations import made_evaluation

from ripplecarry.reports.page.writer import write_page
from ripplecarry.runs.imported_run import import_run
from ripplecarry.verification.forgetting import NUM_POSITIONS, Forgetting

READY = "body[data-state=ready]"


def type_numbers(page, *texts):
    for number, text in enumerate(texts, 1):
        page.locator(f"#operand-{number}").fill(text)
    page.wait_for_selector(READY)


def row(page, name):
    """The texts of a row of the columns, the least significant first."""
    return page.locator(f"#columns tr.{name} td").all_inner_texts()[::-1]


def here(page):
    return int(page.locator("#columns th.here").inner_text())


@pytest.fixture
def certified(pages, open_page):
    return open_page(pages.page("certified"), locale="en-GB")


@pytest.fixture
def erring(pages, open_page):
    return open_page(pages.page("rnn"), locale="en-GB")


def test_a_sum_is_set_out_with_its_carries(certified):
    type_numbers(certified, "3331", "3")

    second, first = row(certified, "operand")[:6], row(certified, "operand")[6:]
    assert first == ["1", "3", "3", "3", "0", "0"]
    assert second == ["3", "0", "0", "0", "0", "0"]
    assert row(certified, "given") == ["0", "0", "0", "0", "1", "0"]
    assert row(certified, "true-state") == ["0", "1", "1", "1", "1", "0"]
    assert row(certified, "probe")[1:] == ["1", "1", "1", "1", "0"]
    assert row(certified, "right") == [""] * 6
    assert "All 6 digits of the answer are right." in certified.locator("#outcome").inner_text()


def test_true_digits_stand_where_the_networks_differ(erring):
    erring.locator("#counterexample").click()
    erring.wait_for_selector(READY)
    first = here(erring)
    assert "is right" in erring.locator("#here").inner_text().partition("answers")[2]
    assert "but" in erring.locator("#here").inner_text()
    erring.locator("#columns").focus()
    erring.keyboard.press("End")

    given, right = row(erring, "given"), row(erring, "right")
    wrong = [p for p, text in enumerate(right) if text]
    assert wrong[0] == first
    assert all(given[p] != right[p] for p in wrong)
    assert erring.locator("#columns td.wrong").count() >= len(wrong)
    words = erring.locator("#outcome").inner_text()
    assert f"the first at position {wrong[0]}." in words


@pytest.mark.parametrize(
    ("typed", "words"),
    [("12a", "“a” is not a digit of base 4, which has 0 to 3."), ("4", "“4” is not a digit"),
     ("", "Type a number"), ("-3", "“-” is not a digit"), ("1" * 10_001, "at most 10000 digits")],
)  # fmt: skip
def test_what_cannot_be_added_is_said_and_marked(certified, typed, words):
    certified.locator("#operand-1").fill(typed)
    certified.wait_for_selector("body[data-state=problem]")

    assert words in certified.locator("#problem").inner_text()
    assert certified.locator("#operand-1").get_attribute("aria-invalid") == "true"

    type_numbers(certified, "1 2_3")
    assert certified.locator("#problem").inner_text() == ""
    assert certified.locator("#operand-1").get_attribute("aria-invalid") is None


def test_random_numbers_have_the_wanted_length(certified):
    certified.locator("#random-digits").fill("37")
    certified.locator("#random").click()
    certified.wait_for_selector(READY)

    for number in (1, 2):
        assert re.fullmatch("[1-3][0-3]{36}", certified.locator(f"#operand-{number}").input_value())


def test_hard_and_failing_examples_take_turns(certified, erring):
    assert "No numbers are known" in certified.locator("#example").inner_text()
    seen = set()
    for _ in range(3):
        certified.locator("#hardest").click()
        certified.wait_for_selector(READY)
        assert "Hard example" in certified.locator("#example").inner_text()
        seen.add(tuple(certified.locator(f"#operand-{n}").input_value() for n in (1, 2)))
    assert len(seen) == 3
    assert certified.locator("#failing").is_disabled()
    assert "No numbers are known" not in erring.locator("#example").inner_text()

    erring.locator("#failing").click()
    erring.wait_for_selector(READY)
    assert "digits are wrong" in erring.locator("#outcome").inner_text()


def test_keys_step_and_the_words_follow(certified):
    type_numbers(certified, "33", "1")
    columns = certified.locator("#columns")
    columns.focus()

    certified.keyboard.press("Home")
    assert here(certified) == 0
    assert row(certified, "given") == ["0", "", "", ""]
    assert certified.locator("#here").inner_text() == (
        "Position 0: digits 3, 1, incoming carry 0. The network answers 0, which is right. "
        "The outgoing carry is 1; the probe reads 1."
    )
    certified.keyboard.press("ArrowLeft")
    assert here(certified) == 1
    assert row(certified, "true-state")[:2] == ["0", "1"]
    certified.keyboard.press("ArrowRight")
    assert here(certified) == 0
    certified.keyboard.press("ArrowRight")
    assert here(certified) == 0
    certified.keyboard.press("End")
    assert here(certified) == 3


def test_buttons_step(certified):
    type_numbers(certified, "33", "1")
    places = []
    for name in ("first", "next", "next", "back", "last"):
        certified.locator(f"#{name}").click()
        places.append(here(certified))

    assert places == [0, 1, 2, 1, 3]


def test_playing_goes_from_the_first_to_the_last_and_pauses(certified):
    type_numbers(certified, "1" * 60, "2")
    certified.locator("#columns").focus()
    for _ in range(6):
        certified.keyboard.press("+")
    assert certified.locator("#speed").get_attribute("aria-valuetext") == "100 positions a second"
    certified.keyboard.press("-")
    assert certified.locator("#speed").get_attribute("aria-valuetext") == "30 positions a second"

    certified.keyboard.press(" ")
    assert certified.locator("#play").inner_text() == "Pause"
    assert certified.locator("#here").get_attribute("aria-live") == "off"
    certified.wait_for_selector('#columns th.here:not([data-p="0"])')
    certified.keyboard.press(" ")
    stopped = here(certified)
    assert 0 < stopped < 61
    certified.wait_for_timeout(200)
    assert here(certified) == stopped
    assert certified.locator("#here").get_attribute("aria-live") == "polite"

    certified.locator("#play").click()
    certified.wait_for_selector('#columns th.here[data-p="61"]')
    certified.locator("#play", has_text="Play").wait_for()


def test_space_in_a_field_or_on_a_button_is_theirs(certified):
    certified.locator("#operand-1").focus()
    certified.keyboard.press("Home")
    certified.keyboard.press(" ")
    certified.wait_for_selector(READY)
    assert certified.locator("#operand-1").input_value().startswith(" ")
    assert certified.locator("#play").inner_text() == "Play"

    certified.locator("#next").focus()
    certified.keyboard.press(" ")
    assert certified.locator("#play").inner_text() == "Play"


def test_clicks_on_columns_strip_and_map_go_there(certified):
    type_numbers(certified, "1" * 100, "2")
    strip = certified.locator("#overview").bounding_box()
    certified.locator("#overview").click(position={"x": strip["width"] * 0.5, "y": 7})
    assert abs(here(certified) - 51) <= 1

    certified.locator('#columns td[data-p="48"]').first.click()
    assert here(certified) == 48

    heat = certified.locator("#heat").bounding_box()
    certified.locator("#heat").click(position={"x": heat["width"] - 2, "y": 100})
    first = int(certified.locator("#heat").get_attribute("data-from"))
    assert here(certified) <= max(first, 48)


def test_the_slider_shows_how_it_was_learned(erring, pages):
    run = pages.run("rnn")
    type_numbers(erring, "55555", "44445")
    words = erring.locator("#snapshot-words")
    slider = erring.locator("#snapshot")
    last = words.inner_text()
    assert f"After {max(run.snapshots)} updates" in last
    assert re.search(
        r"last loss [\d.e-]+ \(read after 299\), last exact match [\d.]+ % \(read after 251\)", last
    )
    assert "These are the trained weights." in last

    slider.focus()
    erring.keyboard.press("Home")
    erring.wait_for_selector(READY)
    assert "After 0 updates: last loss 2." in words.inner_text()
    assert "exact match not read" in words.inner_text()
    assert "rounded to float16" in words.inner_text()
    assert slider.get_attribute("aria-valuetext").startswith("After 0 updates")
    assert "digits are wrong" in erring.locator("#outcome").inner_text()
    before = erring.locator("#curves .marker").first.get_attribute("x1")

    erring.keyboard.press("ArrowRight")
    assert "After 1 updates" in words.inner_text()
    assert erring.locator("#curves .marker").first.get_attribute("x1") != before
    assert erring.locator("#curves polyline").count() == 3


def test_layers_and_clouds(erring, certified):
    def cloud(page):
        return page.locator("#cloud svg").inner_html()

    assert erring.locator("#cloud polygon").count() == 0
    top = cloud(erring)
    erring.locator("#layer").select_option("0")
    assert cloud(erring) != top
    assert "layer 1" in erring.locator("#heat").get_attribute("aria-label")

    assert certified.locator("#cloud polygon").count() == 2
    assert "proved to contain" in certified.locator("#cloud-caption").inner_text()
    certified.locator("#snapshot").fill("0")
    certified.wait_for_selector(READY)
    assert certified.locator("#cloud polygon").count() == 0
    assert "move the slider to the last snapshot" in certified.locator("#cloud-caption").inner_text()


def test_every_point_of_the_cloud_lies_in_its_states_box(certified):
    """The invariant holds what occurs, so its shadow holds the shadows of what occurs."""
    outside = certified.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll("#cloud polygon")];
          const points = [...document.querySelectorAll("#cloud .point")];
          const inside = (box, x, y) => {
            const place = box.ownerSVGElement.createSVGPoint();
            [place.x, place.y] = [x, y];
            return box.isPointInFill(place) || box.isPointInStroke(place);
          };
          return points.filter((point) => {
            const at = (name) => Number(point.getAttribute(name));
            const [x, y] = point.tagName === "rect" ? [at("x") + 2, at("y") + 2] : [at("cx"), at("cy")];
            const fill = (element) => element.getAttribute("fill");
            return !inside(boxes.find((box) => fill(box) === fill(point)), x, y);
          }).length;
        }"""
    )

    assert certified.locator("#cloud .point").count() > 100
    assert outside == 0


def test_the_verdicts(certified, erring, pages):
    assert certified.locator("#verdict-kind").inner_text() == "Proved for every length"
    assert "For 2 operands of any length in base 4" in certified.locator("#statement").inner_text()
    assert certified.locator("#counterexample").is_hidden()

    assert erring.locator("#verdict-kind").inner_text() == "No: it makes mistakes"
    erring.locator("#snapshot").fill("2")
    erring.wait_for_selector(READY)
    erring.locator("#counterexample").click()
    erring.wait_for_selector(READY)
    assert "These are the trained weights." in erring.locator("#snapshot-words").inner_text()
    assert "digits are wrong" in erring.locator("#outcome").inner_text()
    assert erring.locator("#tests tbody tr").count() >= 2


def test_it_opens_on_the_shortest_wrong_sum_at_its_first_wrong_digit(erring, pages, certified):
    known = json.loads(pages.store.counterexample_path(pages.run("rnn").id).read_text())

    typed = [erring.locator(f"#operand-{number}").input_value() for number in (1, 2)]
    assert typed == known["operands"]
    assert here(erring) == known["first_wrong_position"]
    assert "All" in certified.locator("#outcome").inner_text()


def test_axes_have_names_and_buttons_stand_in_the_order_of_time(certified):
    named = " ".join(certified.locator("#training svg text, #states svg text").all_text_contents())
    for words in ("updates (logarithmic)", "nats per digit", "share right", "separates", "widest"):
        assert words in named, words
    for words in ("↓ unit", "← position, 0 on the right", "Logit of each answer digit"):
        assert certified.get_by_text(words).is_visible()
    buttons = certified.locator("#player button").all_inner_texts()
    assert buttons == ["First", "Back", "Play", "Next", "Last"]


def test_where_it_goes_wrong_is_told_in_words(copied, pages, open_page, certified):
    run = copied.open(pages.run("certified").id)
    path = copied.evaluation_folder(run.id) / "evaluation.json"
    path.write_text(json.dumps(made_evaluation(None)))
    page = open_page(write_page(run, copied)[0], locale="en-GB")

    words = page.locator("#explanation").inner_text()
    assert "by longest carry run: wrong at 3 positions (there 99 of 100 right, 95 % interval" in words
    assert certified.locator("#explanation").is_hidden()


def test_no_proof_and_no_wrong_answer_are_said_plainly(copied, pages, open_page):
    run = copied.open(pages.run("certified").id)
    copied.certificate_path(run.id).unlink()
    page = open_page(write_page(run, copied)[0], locale="en-GB")

    kind, tests = page.locator("#verdict-kind"), page.locator("#tests tbody")
    assert kind.inner_text() == "No wrong answer was found, and there is no proof"
    assert "training length), after training\t1,000\t1,000" in tests.inner_text()
    page.locator("#language").select_option("zh")
    assert kind.inner_text() == "没有发现错误答案，也没有证明"


def test_how_strongly_it_forgets_is_said_as_an_estimate_where_it_is_known(
    copied, pages, open_page, certified
):
    assert certified.locator("#forgetting[hidden]").count() == 1
    for factor, words, chinese in (
        (0.39, "shrinks to 0.39", "缩小到原来的 0.39"),
        (2.3, "grows to 2.3", "增大到原来的 2.3"),
    ):
        run = copied.open(pages.run("certified").id)
        copied.keep_forgetting(run, Forgetting((1.0,) * (NUM_POSITIONS - 1) + (factor,)))
        page = open_page(write_page(run, copied)[0], locale="en-GB")

        shown = page.locator("#forgetting")
        assert "An estimate, no proof" in shown.inner_text()
        assert f"Over 8 positions a small difference between its states {words} times" in shown.inner_text()
        page.locator("#language").select_option("zh")
        assert "8 个位置" in shown.inner_text()
        assert chinese in shown.inner_text()


def test_many_tests_stand_behind_the_worst_one(copied, pages, open_page):
    run = copied.open(pages.run("certified").id)
    path = copied.evaluation_folder(run.id) / "evaluation.json"
    path.write_text(json.dumps(made_evaluation(None, (1, 2, 3, 5, 10))))
    page = open_page(write_page(run, copied)[0], locale="en-GB")

    shown = page.locator("#tests tbody tr:visible")
    assert shown.count() == 1
    assert shown.inner_text().split("\t") == [
        "2 digits, where it is worst: longest carry run 3", "100", "99", "90.00 % – 99.00 %",
    ]  # fmt: skip
    page.locator("#tests summary").click()
    assert shown.count() == 6
    assert shown.nth(1).inner_text().endswith("all there are")


def test_weights_trained_elsewhere_have_a_page_without_curves(copied, pages, open_page, tmp_path):
    path = tmp_path / "weights.safetensors"
    others = {
        name: 1.0001 * array for name, array in pages.run("rnn").weights.items()
    }  # no run of the store's
    path.write_bytes(safetensors.numpy.save(others))
    page = open_page(write_page(import_run(path, 5, copied), copied)[0], locale="en-GB")

    assert page.locator("#curves svg").count() == 0
    assert page.locator("#snapshot").is_disabled()
    assert page.locator("#no-snapshots").is_visible()
    type_numbers(page, "12", "34")
    assert row(page, "given")[:2] == ["6", "4"]
