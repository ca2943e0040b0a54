import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ripplecarry.cli import call
from ripplecarry.console import print_curve
from ripplecarry.engines.kernel import is_available
from ripplecarry.studies.catalogue import STUDIES

TINY = ["--hidden-size=6", "--embedding-size=3", "--batch-size=10", "--digits=3", "--steps=60"]
OWN_STUDY = """
from ripplecarry import Study, Trial
STUDY = Study(
    name="mine", question="Mine?", grid={"layers": (1, 2)}, seeds=2,
    base=Trial(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=60),
)
"""


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["study"],
        ["train"],
        ["runs"],
        ["add"],
        ["certify"],
        ["check"],
        ["extract"],
        ["export"],
        ["compare"],
    ],
)
def test_help_is_there_with_an_example(command, capsys):
    assert call([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Usage: ripplecarry" in shown
    assert not command or f"Example: ripplecarry {command[0]}" in shown


def test_train_keeps_a_run_that_runs_lists(capsys):
    assert call(["train", *TINY, "--seed", "3", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["outcome"] == "finished"
    assert summary["exact_match_interval"].endswith("(95 %, 1000 samples)")

    assert call(["runs", "--json", "--where", "seed = 3"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["id"] == summary["id"]

    assert call(["runs"]) == 0
    table = capsys.readouterr().out
    assert summary["id"] in table
    assert re.search(r"\boutcome +standing +steps done\b", table)
    assert "standing: what is known of its answers, the column proof: certified" in table
    assert "the first step is 0" in table


def test_json_of_runs_has_every_digit_and_null_for_what_there_is_not(capsys):
    seed, rate = 2**64 - 1, 1.2345678901234567e-11
    assert call(["train", *TINY, f"--seed={seed}", f"--learning-rate={rate}"]) == 0
    capsys.readouterr()

    assert call(["runs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["seed"], row["learning_rate"], row["layers"]) == (seed, rate, 2)
    assert row["proof"] is row["lower_rate"] is row["exact_from_s"] is None
    assert row["certify"] is False
    assert call(["runs", "--json", "--where", "seed = 3"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_options_win_over_the_configuration_file(capsys):
    Path("mine.toml").write_text("hidden_size = 6\nembedding_size = 3\nlayers = 3\nsteps = 10\n")

    assert call(["train", "--config", "mine.toml", "--layers", "1", "--json"]) == 0

    folder = Path(json.loads(capsys.readouterr().out)["folder"])
    trial = json.loads((folder / "config.json").read_text())["trial"]
    assert (trial["layers"], trial["steps"], trial["hidden_size"]) == (1, 10, 6)


def test_a_study_of_ones_own_runs_by_path_and_draws(capsys):
    Path("mine.py").write_text(OWN_STUDY)

    assert call(["study", "mine.py", "--workers", "1", "--json"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert [row["num_seeds"] for row in report["studies"][0]["cases"]] == [2, 2]
    assert all(Path(figure).is_file() for figure in report["studies"][0]["figures"])


def test_a_study_with_failed_runs_says_which_and_exits_1(capsys, monkeypatch):
    Path("mine.py").write_text(OWN_STUDY)
    from ripplecarry.sweeps import executors

    execute_run = executors.execute_run

    def fails_for_seed_1(request, store, **kwargs):
        if request.seed == 1:
            raise RuntimeError("out of luck")
        return execute_run(request, store, **kwargs)

    monkeypatch.setattr(executors, "execute_run", fails_for_seed_1)

    assert call(["study", "mine.py", "--workers", "1"]) == 1
    said = capsys.readouterr().err
    assert said.count("failed: RuntimeError('out of luck')") == 2
    assert re.search(r"-(native|torch)-1 failed", said)
    assert not re.search(r"-(native|torch)-0 failed", said)


def without_notice(said: str) -> str:
    """What was said besides that the kernel is not built."""
    return "".join(line for line in said.splitlines(True) if "native engine is not built" not in line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--cell", "gruu", "--layers", "0"], ["unknown cell 'gruu'", "layers is 0"]),
        (["train", "--digits", "many"], ["digits is 'many'"]),
        (["train", "--learning-rate", "nan"], ["learning_rate is 'nan'"]),
        (["train", "--seed=-1"], ["seed is -1"]),
        (["train", "--sped", "3"], ["unknown option '--sped'; did you mean --seed?"]),
        (["runs", "--frobnicate"], ["unknown option '--frobnicate'; `ripplecarry runs --help` lists them"]),
        (["train", "--layers", "1", "--layers", "2"], ["--layers came more than once; give it once"]),
        (["train", "--json=3"], ["--json is '3'; it takes no value"]),
        (["runs", "--where", "group = 's5'"], ['the column is written "group", in double quotes; SQL']),
        (["runs", "--where", "cell = gru"], ["text stands in single quotes: 'gru'; SQL"]),
        (["runs", "--where", "cell = GRU"], ["single quotes: 'gru'; SQL"]),
        (["runs", "--where", 'cell in ("gru", lstm)'], ["single quotes: 'gru'; SQL"]),
        (["runs", "--where", "cell is gru"], ["single quotes: 'gru'; SQL"]),
        (["runs", "--where", "operands = carry-balanced"], ["single quotes: 'carry-balanced'; SQL"]),
        (["runs", "--where", "proof = certified"], ["single quotes: 'certified'; SQL"]),
        (["runs", "--where", "id = whatever"], ["single quotes: 'whatever'; SQL"]),
        (["runs", "--where", "cel = 'gru'"], ["did you mean cell?; SQL"]),
        (["runs", "--where", "layers ="], ["the condition is not complete; SQL"]),
        (["runs", "--where", "layers = 2 ("], ["SQL conditions"]),
        (["runs", "--sort", "los"], ["did you mean loss?; SQL"]),
        (["trian"], ["unknown command 'trian'; did you mean train?"]),
        (["train", "--config", "none.toml"], ["cannot read none.toml"]),
        (["train", "--engine", "steam"], ["steam"]),
        (["study", "lairs"], ["unknown study 'lairs'"]),
        (["study", "cell", "--seeds", "0"], ["seeds is 0"]),
        (["study", "cell", "--workers=-1"], ["workers is -1"]),
        (["runs", "--where", "nonsense ="], ["nonsense =", "columns id, seed,", "exact_match"]),
        (["runs", "--sort", "speed"], ['"speed" not found', "columns id, seed,", "train_s"]),
        (["train", "gru"], ["`ripplecarry train` takes no word", "'gru' came", "write --cell gru"]),
        (["train", "fast"], ["'fast' came", "`ripplecarry train --help` lists"]),
        (["certify", "a", "b"], ["takes one word", "'b' came"]),
        (["page"], ["`ripplecarry page` needs a value for RUN"]),
        (["train", "--cell"], ["`ripplecarry train` needs a value for --cell"]),
        (["fly"], ["unknown command 'fly'; choose from study, train, runs"]),
        (["certify", "none"], ["no run 'none'"]),
        (["extract", "none"], ["no run 'none'"]),
        (["check", "none.json"], ["cannot read none.json"]),
        (["train", "--certify", "--engine", "native"], ["certify takes PyTorch"]),
        (["train", "--certify", "--engine", "gpu"], ["certify takes PyTorch"]),
        (["train", "--certify", "--learning-rate", "0.1"], ["certify brings its own", "learning_rate"]),
    ],
)
def test_wrong_usage_gets_one_clear_line_and_status_2(arguments, words, capsys):
    if arguments[0] == "runs":
        call(["train", *TINY])
        capsys.readouterr()

    assert call(arguments) == 2

    output = capsys.readouterr()
    said = without_notice(output.err)
    assert output.out == ""
    assert said.startswith("ripplecarry: ")
    assert said.count("\n") == 1
    assert all(word in output.err for word in words)


def test_unknown_keys_and_broken_toml_are_refused(capsys):
    Path("bad.toml").write_text("lairs = 3\nsteps = 0\n")
    assert call(["train", "--config", "bad.toml"]) == 2
    said = capsys.readouterr().err
    assert "unknown option 'lairs'; did you mean layers?" in said
    assert "steps is 0" in said

    Path("bad.toml").write_text("seed = 2\n")
    assert call(["train", "--config", "bad.toml"]) == 2
    assert "bad.toml has seed, which is given beside the file, as --seed" in capsys.readouterr().err
    Path("bad.toml").write_text("steps = = 3")
    assert call(["train", "--config", "bad.toml"]) == 2
    assert "is not a TOML file" in capsys.readouterr().err


def test_the_help_of_study_names_every_study(capsys):
    call(["study", "--help"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert all(name in shown for name in STUDIES)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sort", "loss; drop table runs"], "more than one statement"),
        (["--store", "nowhere"], "no store at nowhere"),
    ],
)
def test_runs_takes_one_condition_and_a_store_that_is_there(arguments, words, capsys):
    call(["train", *TINY])
    capsys.readouterr()

    assert call(["runs", *arguments]) == 2
    assert words in capsys.readouterr().err


def is_training(store: Path) -> bool:
    """Whether a run is locked, and has begun."""
    return any(store.glob("unfinished/*.lock")) and any(store.glob("unfinished/*/"))


def test_an_interrupted_study_exits_130_and_resumes_to_the_same_bits():
    Path("mine.py").write_text(
        OWN_STUDY.replace("steps=60", f"steps={8000 if is_available() else 1000}").replace(
            "seeds=2", "seeds=1"
        )
    )
    command = [sys.executable, "-m", "ripplecarry", "study", "mine.py", "--workers=2", "--store"]
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen([*command, "stopped"], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 600
        while not is_training(Path("stopped")) and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=600)

        assert process.returncode == 130
        assert "the same command goes on from here" in said
        assert list(Path("stopped").glob("unfinished/*/checkpoint.safetensors"))
    for store in ("stopped", "whole"):
        assert call(["study", "mine.py", "--workers=1", "--store", store]) == 0
    whole = sorted(Path("whole/runs").glob("*/curves.parquet"))
    assert len(whole) == 2
    for path in whole:
        other = Path("stopped", *path.parts[1:])
        assert path.read_bytes() == other.read_bytes()


def test_a_damaged_run_is_named_and_the_others_are_reported(capsys):
    Path("mine.py").write_text(OWN_STUDY)
    assert call(["study", "mine.py", "--workers", "1"]) == 0
    damaged = sorted(Path("results/runs").iterdir())[0]
    (damaged / "curves.parquet").write_bytes(b"")
    capsys.readouterr()

    assert call(["study", "mine.py", "--workers", "1", "--json"]) == 1

    output = capsys.readouterr()
    assert f"{damaged / 'curves.parquet'} is damaged" in output.err
    assert sum(case["num_seeds"] for case in json.loads(output.out)["studies"][0]["cases"]) == 3
    (damaged / "state.json").write_text("{")
    assert call(["runs"]) == 1
    assert str(damaged / "state.json") in capsys.readouterr().err


def test_without_the_kernel_it_says_so_once(capsys, monkeypatch):
    monkeypatch.setattr("ripplecarry.engines.kernel.is_available", lambda: False)

    assert call(["train", *TINY, "--json"]) == 0

    output = capsys.readouterr()
    assert output.err.count("native engine is not built") == 1
    assert "-torch-0" in json.loads(output.out)["id"]
    assert call(["train", *TINY, "--engine", "native"]) == 2
    assert "`pip install -v .` in the project's folder says why" in capsys.readouterr().err


def test_runs_shows_one_run_with_its_curves(capsys):
    call(["train", *TINY])
    capsys.readouterr()
    (run,) = Path("results/runs").iterdir()

    assert call(["runs", run.name[:6]]) == 0
    shown = capsys.readouterr().out
    assert "hidden_size 6" in shown
    assert "exact match" in shown
    assert "\u28c0" in shown or "\u2800" in shown  # dots of a drawn curve

    assert call(["runs", run.name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["config"]["seed"] == 0
    assert call(["runs", "nothing"]) == 2
    assert "no run 'nothing'" in capsys.readouterr().err


def test_a_study_of_few_seeds_says_so_once(capsys):
    claims = "claims=tuple(Claim(f'C{n}', 'first', fastest(area('loss'), layers=1)) for n in range(3)),"
    Path("mine.py").write_text(
        OWN_STUDY.replace("import Study", "import Claim, Study, area, fastest").replace("\n)", f"{claims})")
    )

    assert call(["study", "mine.py", "--workers", "1"]) == 0

    shown = capsys.readouterr().out
    assert shown.count("open") == 3 + 1
    assert shown.count("decided from 5 seeds on") == 1


def test_a_study_leaves_one_document(capsys):
    Path("mine.py").write_text(OWN_STUDY)

    assert call(["study", "mine.py", "--workers", "1"]) == 0

    assert "report: results/report_mine.html" in capsys.readouterr().out
    assert "Mine?" in Path("results/report_mine.html").read_text()


@pytest.mark.parametrize("command", [["train", *TINY], ["study", "mine.py", "--workers=1"]])
def test_a_store_that_cannot_be_written_is_refused_in_one_line(command, capsys):
    Path("mine.py").write_text(OWN_STUDY)
    Path("file").write_text("")

    assert call([*command, "--store", "file"]) == 2
    said = without_notice(capsys.readouterr().err)
    assert said.count("\n") == 1
    assert "file is a file, and no store: a store is a folder" in said


def test_tables_come_as_csv_and_latex(capsys):
    for cell in ("rnn", "gru"):
        assert call(["train", *TINY, "--cell", cell]) == 0
    capsys.readouterr()
    ids = [folder.name for folder in Path("results/runs").iterdir()]

    for words in (["runs"], ["compare", *ids]):
        assert call([*words, "--csv"]) == 0
        table = pd.read_csv(io.StringIO(capsys.readouterr().out))
        assert set(table.cell) == {"rnn", "gru"}
        assert call([*words, "--latex"]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith("\\begin{tabular}")
        assert "exact\\_match" in shown
        assert call([*words, "--csv", "--json"]) == 2
        assert "--csv and --json are given; output has one form" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("steps", "values", "ticks"),
    [
        (range(0, 1000, 50), [0.0] * 5 + [1.0] * 15, ["1", "0.5", "0", "1000"]),
        (range(1000), np.linspace(2.336, 0.001, 1000), ["2.4", "1.2", "0", "1000"]),
        (range(0, 60, 50), [0.0, 0.0], ["1", "0.5", "0", "50"]),
        (range(1430), np.full(1430, 0.0007), ["0.0008", "0.0004", "0", "1600"]),
    ],
)
def test_a_curve_in_characters_has_round_ticks_and_its_highest_value_inside(steps, values, ticks, capsys):
    print_curve("exact match", list(steps), list(values))

    _, *rows = capsys.readouterr().out.splitlines()
    assert "()" not in "".join(rows)
    top, half, zero, right = ticks
    assert [row.split()[0] for row in rows[:10] if row[:7].strip()] == [f"{top}", f"{half}", f"{zero}"]
    assert rows[-1].split() == ["0", f"{float(right) / 2:g}", right, "step"]
    num_drawn = [sum("\u2800" < letter <= "\u28ff" for letter in row) for row in rows[:10]]
    highest = min(9, int(10 - max(values) / float(top) * 10 + 1e-9))
    assert not any(num_drawn[:highest])
    share_there = np.mean(np.array(values) >= 0.999 * max(values)) * steps[-1] / float(right)
    assert num_drawn[highest] >= 60 * share_there - 2
