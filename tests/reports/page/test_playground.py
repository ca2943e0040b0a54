"""The playground in a browser: the very weights of the command line, and what people do with it."""

import re
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import ripplecarry as rc
from ripplecarry.engines.native import NativeEngine
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.networks.weights_file import write_weights
from ripplecarry.reports.page import playground as module
from ripplecarry.runs.trial import Trial

MOST_BYTES = 700_000
LONG_MS = 180_000


@pytest.fixture(scope="session")
def playground(tmp_path_factory) -> Path:
    if not module.KERNEL.is_file():
        pytest.skip("the kernel for WebAssembly was not built when installing")
    return rc.playground(out=tmp_path_factory.mktemp("playground") / "playground.html").path


def trained(page):
    """Trains to the end."""
    page.click("#start")
    page.wait_for_selector("#start:disabled", timeout=LONG_MS)


def saved(page, folder) -> Path:
    with page.expect_download() as download:
        page.click("#take")
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def natively(address: str) -> dict[str, np.ndarray]:
    """The weights that the command line trains at x86-64-v2 for the settings of an address."""
    given = dict(part.split("=") for part in address.removeprefix("#").split("&"))
    seed = int(given.pop("seed", 0))
    del given["v"]
    trial = Trial.build(
        {
            name: float(text) if "." in text else int(text) if text.isdigit() else text
            for name, text in given.items()
        }
    )
    try:
        engine = NativeEngine(2)
    except Exception as error:
        pytest.skip(str(error))
    trainer = engine.trainer(
        trial, trial, trial.training_batches(seed), initial_weights(trial, trial.build_task(), seed)
    )
    trainer.advance(trial.steps)
    return trainer.weights()


SMALL = "&hidden_size=16&embedding_size=8&batch_size=50&digits=6"


@pytest.mark.parametrize(
    "address",
    [
        "#v=1&steps=200",
        "#v=1&cell=gru&steps=200&seed=18446744073709551615",
        "#v=1&cell=lstm&steps=200&layers=1",
        f"#v=1&steps=120{SMALL}&operands=carry-balanced&lengths=mixed&learning_rate=0.01&optimiser=momentum",
        f"#v=1&steps=60{SMALL}&task=counter&modulus=7&base=3&cell=lstm&seed=5",
        f"#v=1&steps=100{SMALL}&task=parity&cell=diagonal_signed&learning_rate=0.01",
        f"#v=1&steps=60{SMALL}&task=group&group=s3&cell=mingru&lengths=mixed&seed=2",
        f"#v=1&steps=60{SMALL}&task=remainder&modulus=3&base=2&cell=minlstm&layers=1",
        f"#v=1&steps=60{SMALL}&task=dyck&depth=3&kinds=2&cell=diagonal",
    ],
)
def test_it_trains_the_very_network_of_the_command_line(playground, open_page, tmp_path, address):
    page = open_page(playground, address=address, accept_downloads=True)

    trained(page)

    found, wanted = safetensors.numpy.load_file(saved(page, tmp_path)), natively(address)
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert (found[name].view(np.uint32) == array.view(np.uint32)).all(), name


def test_an_address_that_the_page_made_trains_the_same_network_again(playground, open_page, tmp_path):
    first = open_page(playground, address=f"#v=1{SMALL}&steps=50", accept_downloads=True)
    for name, value in {"learning_rate": "0.02", "seed": "7", "layers": "1"}.items():
        first.fill(f"#set-{name}", value)
        first.press(f"#set-{name}", "Tab")
    first.select_option("#set-cell", "gru")
    trained(first)
    address = "#" + first.url.partition("#")[2]
    second = open_page(playground, address=address, accept_downloads=True)
    trained(second)

    assert "learning_rate=0.02" in address
    (tmp_path / "again").mkdir()
    assert saved(first, tmp_path).read_bytes() == saved(second, tmp_path / "again").read_bytes()
    assert second.text_content("#command").startswith(
        "ripplecarry train --cell gru --layers 1 --hidden-size 16"
    )


def test_it_is_one_small_file_that_asks_for_nothing(playground):
    text = playground.read_text(encoding="utf-8")

    assert len(text.encode()) <= MOST_BYTES
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"]+", text) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("#v=1&layers=1.5", "layers is 1.5; allowed: 1–4"),
        ("#v=1&speed=3", "no setting speed"),
        ("#v=9&layers=1", "version 1, not 9"),
        ("#v=1&cell=gru&cell=rnn", "cell is given twice"),
        ("#v=1&cell=<img src=x onerror=alert(1)>", "cell is <img src=x onerror=alert(1)>; allowed: rnn"),
        ("#v=1&" + "z" * 100_000 + "=1", "There is no setting " + "z" * 80 + "…."),
        ("#v=1&=1", "There is no setting ∅."),
    ],
)
def test_a_wrong_address_is_told_in_a_line_and_opens_the_defaults(playground, open_page, address, words):
    page = open_page(playground, address=address)

    assert words in page.text_content("#settings-problem")
    assert page.input_value("#set-layers") == "2"


def test_a_wrong_value_is_refused_where_it_was_typed_and_nothing_is_lost(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=20")
    trained(page)
    page.fill("#set-digits", "201")
    page.press("#set-digits", "Tab")

    assert "digits is 201; allowed: 1–200" in page.text_content("#settings-problem")
    assert page.get_attribute("#set-digits", "aria-invalid") == "true"
    assert "20 of 20 steps" in page.text_content("#status")
    page.fill("#set-learning_rate", "fast")
    page.press("#set-learning_rate", "Tab")
    assert "learning rate is fast" in page.text_content("#settings-problem")


def test_a_network_that_is_right_on_random_sums_is_found_wrong_where_it_is_hard(playground, open_page):
    page = open_page(playground, address="#v=1&layers=1&learning_rate=0.01&steps=120")
    trained(page)
    page.click("#test")
    page.wait_for_selector("#tested.wrong", timeout=LONG_MS)

    right, answer = re.search(r"= (\w+); the network answers (\w+)", page.text_content("#tested")).groups()
    assert right != answer
    assert page.text_content("#why").startswith("Sums by length: ")
    page.click("#wrong")
    page.wait_for_selector("#outcome.wrong")
    assert page.evaluate("document.activeElement.id") == "columns"  # which the window moves to


def test_a_student_sees_which_cell_keeps_parity(playground, open_page):
    page = open_page(playground)
    page.click("#lessons a:has-text('parity')")
    page.wait_for_selector("#set-task >> visible=true")
    assert (page.input_value("#set-task"), page.input_value("#set-cell")) == ("parity", "mingru")
    assert page.is_hidden("#set-base")
    assert page.is_hidden("#set-operands")
    trained(page)
    page.wait_for_selector("#status:has-text('300 of 300')")
    few = page.locator("#bars .full").count()

    assert "by length" in page.text_content("#bars-title")
    assert page.locator("#bars > div").count() == 12
    assert few < 6
    page.select_option("#set-cell", "diagonal_signed")
    page.wait_for_selector("#status:has-text('0 of 300')")
    trained(page)
    page.wait_for_selector("#bars:has(> .full):not(:has(> :not(.full)))")
    page.click("#test")
    page.wait_for_selector("#tested:is(.right, .wrong)", timeout=LONG_MS)
    assert "symbol" in page.text_content("#why")


def test_a_wrong_answer_on_a_sequence_is_shown_where_it_goes_wrong(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&task=flip_flop&cell=diagonal&steps=5")
    trained(page)
    page.click("#test")
    page.wait_for_selector("#tested.wrong", timeout=LONG_MS)
    page.click("#wrong")

    page.wait_for_selector("#outcome.wrong")
    symbols, right, answer, place = re.match(
        r"([\d ]+) → ([\d ]+); the network answers ([\d ]+) .*position (\d+)", page.text_content("#tested")
    ).groups()
    assert page.input_value("#operand-1") == symbols
    assert right.split()[int(place)] != answer.split()[int(place)]
    assert "answers are wrong" in page.text_content("#outcome")
    assert ": symbol " in page.text_content("#here")
    assert page.text_content("#columns tr.operand th") == "Sequence"
    assert page.text_content("#cloud-caption").startswith("Layer 2's hidden state at")
    assert [page.text_content(f"#{name}") for name in ("play-title", "sum-title")] == [
        "A network learns in this page", "Your own sequence",
    ]  # fmt: skip


def test_task_cell_and_learning_rate_stand_beside_start_on_a_small_laptop(playground, open_page):
    page = open_page(playground, width=1366, height=768)
    for name in ("task", "cell", "learning_rate"):
        box = page.locator(f"#set-{name}").bounding_box()
        assert box["y"] + box["height"] < 768
    page.fill("#set-learning_rate", "fast")
    page.press("#set-learning_rate", "Tab")
    problem = page.locator("#settings-problem").bounding_box()
    assert problem["y"] + problem["height"] < 768


def test_after_the_last_step_the_button_says_why_nothing_goes_on(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=10")
    trained(page)

    assert page.text_content("#start") == "Finished"
    assert page.get_attribute("#start", "title") == page.text_content("#announcement")
    assert "set more steps" in page.text_content("#announcement")


def test_steps_pause_pins_and_earlier_networks(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=3000&seeds=2")
    page.click("#one")
    page.wait_for_selector("#status:has-text('1 of 3,000')")
    page.click("#start")
    page.wait_for_selector("#status:has-text('exact match')")
    assert page.get_attribute("#here", "aria-live") == "off"
    page.click("#start")
    page.wait_for_selector("#start:has-text('Go on')")
    page.click("#pin")
    assert page.locator("#charts .legend span").count() == 2
    page.click("#reset")
    page.wait_for_selector("#status:has-text('0 of 3,000')")
    assert page.text_content("#announcement") == "A new network, untrained."
    assert page.locator("#charts .legend span").count() == 2
    page.click("#start")
    page.wait_for_selector("#start:disabled", timeout=LONG_MS)
    page.fill("#snapshot", "0")
    page.wait_for_selector("#snapshot-words:has-text('after 0 steps')")


def test_start_may_be_pressed_before_the_workers_are_there(playground, open_page):
    page = open_page(playground)
    page.evaluate(
        "address => { ripplecarry.page.open(address); document.getElementById('start').click(); }",
        f"#v=1{SMALL}&steps=30&seeds=4",
    )

    page.wait_for_selector("#start:disabled", timeout=LONG_MS)
    page.wait_for_selector("#status:has-text('30 of 30 steps')")


def test_a_figure_of_the_report_runs_trial_by_trial_beside_its_own_curve(playground, open_page):
    page = open_page(playground)
    page.select_option("#preset", label="all of figure 2, one after the other")
    page.wait_for_selector("#charts .legend .report")
    page.click("#start")
    page.wait_for_selector("#charts .legend .pin-0", timeout=LONG_MS)

    assert (page.input_value("#set-layers"), page.input_value("#set-digits")) == ("2", "14")
    assert page.input_value("#set-seeds") == "3"


def test_a_loss_that_is_not_finite_is_told(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=400&optimiser=sgd&learning_rate=100")
    page.click("#start")

    page.wait_for_selector("#status:has-text('no longer a number'), #start:disabled", timeout=LONG_MS)


def test_files_are_opened_and_others_refused_in_a_line(playground, open_page, tmp_path):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=30&seed=3", accept_downloads=True)
    trained(page)
    mine = saved(page, tmp_path)
    trial = Trial(cell="lstm", hidden_size=16, embedding_size=8)
    weights = initial_weights(trial, trial.build_task(), 0)
    theirs, wrong, broken = (
        tmp_path / name for name in ("theirs.safetensors", "wrong.safetensors", "broken")
    )
    theirs.write_bytes(write_weights(weights, "lstm"))
    wrong.write_bytes(safetensors.numpy.save({"a": np.zeros(3, dtype=np.float32)}))
    broken.write_bytes(b"PK\x03\x04")

    page.set_input_files("#file", theirs)
    page.wait_for_selector("#announcement:has-text('is shown')")
    assert page.input_value("#set-cell") == "lstm"
    page.set_input_files("#file", wrong)
    page.wait_for_selector("#announcement:has-text('no embed_layer.weight')")
    page.set_input_files("#file", broken)
    page.wait_for_selector("#announcement:has-text('not a safetensors file')")
    page.set_input_files("#file", mine)
    page.wait_for_selector("#announcement:has-text('is shown')")
    assert (page.input_value("#set-cell"), page.input_value("#set-seed")) == ("rnn", "3")


def test_a_network_of_a_new_cell_on_sequences_goes_to_python_and_back(playground, open_page, tmp_path):
    address = f"#v=1{SMALL}&steps=30&task=dyck&depth=2&kinds=1&cell=diagonal_signed&seed=4"
    page = open_page(playground, address=address, accept_downloads=True)
    trained(page)
    mine, store = saved(page, tmp_path), tmp_path / "store"

    run = rc.import_run(mine, store=store)
    given = (run.trial.task, run.trial.depth, run.trial.kinds, run.trial.cell, run.seed)
    assert given == ("dyck", 2, 1, "diagonal_signed", 4)
    page.click("#reset")
    page.set_input_files("#file", rc.export(run, state_dict=True, store=store)[0])
    page.wait_for_selector("#announcement:has-text('are not those')")
    page.set_input_files("#file", mine)
    page.wait_for_selector("#announcement:has-text('is shown')")
    assert (page.input_value("#set-task"), page.input_value("#set-depth")) == ("dyck", "2")
    deltanet = Trial(cell="deltanet", hidden_size=4)
    other = tmp_path / "deltanet.safetensors"
    other.write_bytes(write_weights(initial_weights(deltanet, deltanet.build_task(), 0), "deltanet"))
    page.set_input_files("#file", other)
    page.wait_for_selector("#announcement:has-text('cell is deltanet; this page has rnn, gru')")


def test_a_browser_that_cannot_is_told(playground, chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(playground.as_uri())

    page.wait_for_selector("body[data-state=problem]")
    assert "WebAssembly with SIMD" in page.text_content("#announcement")
    context.close()


def with_kernel(page, script):
    """New workers get a kernel of which a script changes functions: `exports` are its own to change."""
    page.evaluate(
        """script => {
          const stub = `const instantiate = WebAssembly.instantiate;
            WebAssembly.instantiate = async (...given) => {
              const { instance } = await instantiate(...given);
              const exports = { ...instance.exports };
              ${script}
              return { instance: { exports } };
            };`;
          const { crew } = ripplecarry.page;
          crew.address = URL.createObjectURL(new Blob([stub, window.scriptOf("worker")]));
        }""",
        script,
    )


def test_refused_memory_loses_nothing_and_smaller_settings_train(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=20")
    trained(page)
    page.click("#pin")
    with_kernel(
        page,
        """let total = 0;
           exports.malloc = (bytes) => (total += bytes) > 6e5 ? 0 : instance.exports.malloc(bytes);""",
    )
    page.fill("#set-seeds", "2")
    page.press("#set-seeds", "Tab")
    page.evaluate("ripplecarry.page.crew.breakOff()")  # so that all its workers are new
    page.fill("#set-hidden_size", "128")
    page.press("#set-hidden_size", "Tab")

    page.wait_for_selector("#announcement:has-text('refused the memory')")
    assert page.locator("#charts .legend span").count() == 2
    page.fill("#set-seeds", "1")
    page.press("#set-seeds", "Tab")
    page.fill("#set-hidden_size", "8")
    page.press("#set-hidden_size", "Tab")
    trained(page)
    page.wait_for_selector("#status:has-text('20 of 20 steps')")


def test_memory_refused_to_settings_that_were_changed_at_once_harms_no_others(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=20")
    with_kernel(
        page,
        """let total = 0;
           exports.malloc = (bytes) => (total += bytes) > 6e5 ? 0 : instance.exports.malloc(bytes);""",
    )
    page.evaluate("ripplecarry.page.crew.breakOff()")  # so that its worker is new
    page.click("#reset")
    trained(page)
    page.evaluate(
        """const { page } = ripplecarry;
           for (const hidden_size of [128, 8]) page.begin({ ...page.settings, hidden_size });"""
    )

    trained(page)
    page.wait_for_selector("#status:has-text('20 of 20 steps')")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exports.rc_logits = () => 0;", "refused the memory"),
        ("exports.rc_logits = () => { throw new WebAssembly.RuntimeError('trap'); };", "The test stopped"),
    ],
)
def test_a_test_that_fails_is_told_and_can_be_started_again(playground, open_page, script, words):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=20")
    trained(page)
    with_kernel(page, script)
    page.click("#test")

    page.wait_for_selector(f"#announcement:has-text('{words}')")
    page.wait_for_selector("#test:has-text('Test it')")
    assert "20 of 20 steps" in page.text_content("#status")


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_it_fits_every_width_in_both_languages_and_large(playground, open_page, width):
    page = open_page(playground, width=width, address=f"#v=1{SMALL}&steps=20")
    trained(page)
    for language in ("en", "zh"):
        page.select_option("#language", language)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#large")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_works_by_keyboard_and_says_little_to_a_screen_reader(playground, open_page):
    page = open_page(playground, address=f"#v=1{SMALL}&steps=20")
    page.focus("#lessons a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lessons a[aria-current]:focus")
    page.evaluate("address => { location.hash = address; }", f"#v=1{SMALL}&steps=20")
    page.wait_for_selector("#status:has-text('of 20 steps')")
    page.focus("#start")
    page.keyboard.press("Enter")
    page.wait_for_selector("#start:disabled", timeout=LONG_MS)

    spoken = page.eval_on_selector_all(
        "[aria-live], [role=status], [role=alert]", "all => all.map((e) => e.id)"
    )
    assert set(spoken) <= {"announcement", "problem", "settings-problem", "here"}
    assert page.text_content("#announcement").startswith("All steps are done. To train longer, set more")
    assert page.get_attribute("#here", "aria-live") == "polite"
    unnamed = page.eval_on_selector_all(
        "button, input, select",
        "all => all.filter((e) => !e.textContent.trim() && !e.labels?.length).map((e) => e.id)",
    )
    assert unnamed == []
    ids = page.eval_on_selector_all("[id]", "all => all.map((e) => e.id)")
    assert len(ids) == len(set(ids))
