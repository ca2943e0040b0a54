"""The page's file and content, without a browser."""

import json
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from made_evaluations import made_evaluation

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.cli import call
from ripplecarry.evaluation.probe import fit_probe, hidden_states
from ripplecarry.networks.adder import Adder
from ripplecarry.reports.page.writer import ASSETS, modules, write_page
from ripplecarry.runs.store import Store

KEPT = Path(__file__).parents[2] / "data" / "store_format_1"
FULL_SIZE_BYTES = {"rnn": 2_000_000, "lstm": 5_000_000}

ENTRIES = ("main", "playground", "worker")
"""Modules that pages begin with."""


def content_of(path):
    found = re.search(
        r'<script type="application/json" id="content">(.*?)</script>', path.read_text(), re.S
    )
    return json.loads(found.group(1))


def test_the_page_names_no_address(pages):
    text = pages.page("rnn").read_text()
    addresses = set(
        re.findall(r"""(?:https?:)?//[^\s"'`]+\.[^\s"'`]+""", text.split("<script type=", 1)[0])
    )
    addresses |= {
        found for source in modules(*ENTRIES).values() for found in re.findall(r"https?://[^\s\"]+", source)
    }

    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text
    assert not re.search(r"<(link|img|script|iframe)[^>]+(src|href)=(?!\"data:)", text)


def test_modules_are_plain_and_know_each_other():
    for name, source in modules(*ENTRIES).items():
        assert "</script" not in source.lower(), name
        # all that the pages' loader understands
        imports = re.findall(r"^import .*", source, re.M)
        assert all(re.fullmatch(r'import \{[\w, ]+\} from "\./\w+\.js";', line) for line in imports), name
        assert set(re.findall(r"^export (?:async )?(\w+)", source, re.M)) <= {
            "function",
            "class",
            "const",
        }, name
        assert len(source.splitlines()) <= 250, name


def test_both_languages_have_every_word_with_the_same_gaps():
    words: dict[str, dict[str, list[str]]] = {"en": {}, "zh": {}}
    for name, language in product(("words", "playground_words"), words):
        source = (ASSETS / f"{name}_{language}.js").read_text()
        pairs = re.findall(r'^  "?([\w. -]+?)"?: "((?:[^"\\]|\\.)*)",$', source, re.M)
        assert len(pairs) == source.count("\n  ")
        words[language] |= {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in pairs}
    pages = "".join(
        (ASSETS / name).read_text()
        for name in ("page.html", "playground.html", "steps.html", "states.html", "appearance.html")
    )
    used = set(re.findall(r'data-w(?:-label)?="([^"]+)"', pages))
    for source in modules(*ENTRIES).values():
        used |= set(re.findall(r'say\("([^"]+)"', source))

    assert words["en"] == words["zh"]
    assert used <= set(words["en"])


@pytest.mark.parametrize("cell", FULL_SIZE_BYTES)
def test_a_page_of_the_reports_size_keeps_twenty_snapshots_and_stays_small(tmp_path, cell):
    store = str(tmp_path / "store")
    assert call(["train", "--cell", cell, "--steps=200", "--batch-size=20", "--store", store]) == 0
    (run_id,) = Store(store).ids()
    assert call(["page", run_id, "--store", store]) == 0
    (path,) = (tmp_path / "store" / "pages").iterdir()
    content = content_of(path)

    assert len(content["snapshots"]) == 20
    assert {each["weights"]["kind"] for each in content["snapshots"][:-1]} == {"float16"}
    assert content["snapshots"][-1]["weights"]["kind"] == "float32"
    assert path.stat().st_size < FULL_SIZE_BYTES[cell]


def test_the_command_says_where_the_page_is(pages, tmp_path, capsys):
    run = pages.run("rnn")
    out = tmp_path / "page.html"

    assert call(["page", run.id, "--store", str(pages.store.root), "--out", str(out), "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert said == {
        "run": run.id, "page": str(out), "bytes": out.stat().st_size, "verdict": "counterexample",
        "snapshots": 20,
    }  # fmt: skip


def test_the_same_run_gives_the_same_page(pages, tmp_path):
    first, _ = write_page(pages.run("gru"), pages.store, tmp_path / "a.html")

    assert first.read_bytes() == pages.page("gru").read_bytes()


def test_runs_of_an_older_version_have_pages_with_one_snapshot(tmp_path):
    shutil.copytree(KEPT, tmp_path / "store")
    store = Store(tmp_path / "store")
    for run_id in store.ids():
        path, _ = write_page(store.open(run_id), store)
        assert [each["step"] for each in content_of(path)["snapshots"]] == [60]


def one_line(capsys):
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if "looking" not in line and "checking" not in line]
    assert len(lines) == 1, error
    return lines[0]


def test_what_has_no_page_is_said_in_one_line(copied, pages, tmp_path, capsys):
    store = ["--store", str(copied.root)]
    run = pages.run("rnn").id

    assert call(["page", "nowhere", *store]) == 2
    assert "no run 'nowhere'" in one_line(capsys)
    assert call(["page", run, *store, "--out", "/proc/none/page.html"]) == 2
    assert "cannot write /proc/none/page.html" in one_line(capsys)
    assert call(["page", run, *store, "--out", str(tmp_path)]) == 2
    assert "cannot write" in one_line(capsys)
    (copied.run_folder(run) / "weights.safetensors").write_bytes(b"")
    assert call(["page", run, *store]) == 2
    assert "damaged" in one_line(capsys)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--num-operands=6", "--base=8", "--hidden-size=3"], "transitions; a page holds at most 200000"),
        (["--hidden-size=129", "--layers=32", "--base=2"], "4128 hidden units; a page holds at most 4096"),
    ],
)
def test_what_is_too_large_has_no_page(tmp_path, capsys, options, words):
    store = str(tmp_path / "store")
    tiny = ["--embedding-size=2", "--batch-size=2", "--steps=1", "--digits=2"]
    assert call(["train", *options, *tiny, "--store", store, "--json"]) == 0
    capsys.readouterr()

    assert call(["page", Store(store).ids()[0], "--store", store]) == 2
    assert words in one_line(capsys)


def test_a_refused_certificate_proves_nothing_on_the_page(copied, pages):
    run = copied.open(pages.run("certified").id)
    path = copied.certificate_path(run.id)
    certificate = json.loads(path.read_bytes())
    certificate["margin"] *= 2
    path.write_text(json.dumps(certificate))

    page, verdict = write_page(run, copied)

    content = content_of(page)
    assert verdict.proof is None
    assert content["verdict"]["kind"] != "proved"
    assert "it claims the margin" in content["verdict"]["refusal"]
    assert content["boxes"] is None


def test_a_certificate_that_is_cut_short_is_named(copied, pages, capsys):
    run = pages.run("certified").id
    path = copied.certificate_path(run)
    path.write_bytes(path.read_bytes()[:100])

    assert call(["page", run, "--store", str(copied.root)]) == 2
    assert "not a certificate, or it is cut short" in one_line(capsys)


def test_the_proved_page_carries_statement_and_boxes(pages):
    content = content_of(pages.page("certified"))

    assert content["verdict"]["kind"] == "proved"
    assert content["verdict"]["statement"].startswith("For 2 operands of any length in base 4")
    assert sorted(content["boxes"]) == ["0", "1"]


def test_an_evaluation_in_the_store_gives_the_tests(copied, pages):
    run = copied.open(pages.run("certified").id)
    path = copied.root / "evaluations" / run.id / "evaluation.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(made_evaluation(None)))

    tests = content_of(write_page(run, copied)[0])["verdict"]["tests"]

    assert [(each["what"], each["digits"], each["low"], each["isAll"]) for each in tests] == [
        ("idle run", 2, 0.95, True), ("carry run", 5, 0.9, False),
    ]  # fmt: skip


def test_an_evaluations_wrong_answer_counts_only_where_the_network_gives_it(copied, pages):
    run = copied.open(pages.run("certified").id)
    copied.certificate_path(run.id).unlink()
    path = copied.root / "evaluations" / run.id / "evaluation.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(made_evaluation({"operands": ["3", "10"]})))

    _, verdict = write_page(run, copied)

    assert verdict.counterexample is None
    assert verdict.as_dict()["kind"] == "tested"


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        '{"failure": null}',
        '{"grid": [{}]}',
    ],
)
def test_a_damaged_evaluation_is_named(copied, pages, capsys, damage):
    run = pages.run("rnn").id
    path = copied.root / "evaluations" / run / "evaluation.json"
    path.parent.mkdir(parents=True)
    path.write_text(damage)

    assert call(["page", run, "--store", str(copied.root)]) == 2
    assert "is damaged, or is not an evaluation" in one_line(capsys)


def test_a_probe_reads_what_is_there_and_nothing_that_is_not():
    random = np.random.default_rng(0)
    states = random.integers(3, size=2000)
    hidden = np.tanh(random.normal(size=(2000, 8)))
    hidden[:, 5] += states  # three levels of one unit: a line reads the outer ones
    marks = np.eye(3)[states] @ random.normal(size=(3, 8))

    clear = fit_probe(hidden + 4 * marks, states, 3)
    blind = fit_probe(random.normal(size=(2000, 8)), states, 3)

    assert clear.accuracy(hidden + 4 * marks, states) > 0.95
    assert blind.accuracy(random.normal(size=(2000, 8)), states) < 0.5


def test_hidden_states_are_those_of_every_layer(pages):
    run = pages.run("lstm")
    operands = run.trial.batches(0, Stream.EVALUATION, 7).draw(0).operands
    network = Adder.build(run.trial, run.task, run.weights)

    hidden = hidden_states(network, operands)

    assert hidden.shape == (7, run.trial.sequence_length, 2 * 24)
    import torch

    with torch.inference_mode():
        top, _ = network.rnn(network.embed_layer(torch.tensor(operands).int()).flatten(2).transpose(0, 1))
    assert np.abs(hidden[..., 24:] - top.transpose(0, 1).numpy()).max() < 1e-5


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_every_float16_is_decoded_exactly(tmp_path):
    """All bit patterns, by the page's own function, against NumPy."""
    script = (
        f'import {{ fromHalf }} from "{ASSETS / "decode.js"}";'
        "console.log(JSON.stringify(Array.from({ length: 65536 }, (_, bits) => String(fromHalf(bits)))))"
    )
    path = tmp_path / "all.mjs"
    path.write_text(script)
    found = subprocess.run(["node", str(path)], capture_output=True, text=True, check=True).stdout

    values = np.array([float(each.replace("Infinity", "inf")) for each in json.loads(found)])
    expected = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float64)
    assert np.array_equal(values, expected, equal_nan=True)
