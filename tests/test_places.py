"""Where files are and how they are encoded: home folders, names that are no UTF-8, byte-order marks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.errors import StoreError
from ripplecarry.runs.proofs import cache_folder

TINY = {"hidden_size": 4, "embedding_size": 2, "batch_size": 5, "digits": 2, "steps": 3}
STUDY = f"""
from ripplecarry import Study, Trial
STUDY = Study(name="mine", question="Mine?", grid={{"layers": (1, 2)}}, seeds=1, base=Trial(**{TINY}))
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A folder to work in, and a home folder inside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_configuration_may_begin_with_a_byte_order_mark():
    Path("mine.toml").write_bytes(b"\xef\xbb\xbfsteps = 2\nhidden_size = 4\ndigits = 2\n")

    assert rc.train(config="mine.toml").trial.steps == 2


def test_a_path_that_begins_with_a_tilde_is_in_the_home_folder(home, monkeypatch, capsys):
    (home / "mine.toml").write_text("steps = 2\nhidden_size = 4\ndigits = 2\n")
    (home / "sums").write_text("1 2\n")
    words = ["--config=~/mine.toml", "--store=~/store"]
    assert call(["train", *words]) == 0
    monkeypatch.setenv("RIPPLECARRY_STORE", "~/other")
    assert call(["train", words[0]]) == 0
    run = rc.train(config=Path("~/mine.toml"), store="~/python", seed=1)

    assert {path.name for path in home.iterdir()} >= {"store", "other", "python"}
    assert rc.Store("~/python").open(run.id).folder == run.folder
    assert rc.export(f"~/python/runs/{run.id}", state_dict=True, folder="~/out", store="~/python")
    assert (home / "out" / f"{run.id}.safetensors").is_file()
    assert call(["merge", "~/store", "~/python", "--store=~/joined"]) == 0
    assert call(["add", run.id, "--from=~/sums", "--store=~/python"]) == 0
    assert not Path("~").exists()
    monkeypatch.setenv("RIPPLECARRY_CACHE", "~/cache")
    assert cache_folder() == home / "cache"


def test_a_store_whose_name_is_no_utf_8(capsys):
    Path("mine.py").write_text(STUDY)
    store = os.fsdecode(b"st\xffre")

    assert call(["study", "mine.py", "--workers=1", "--store", store]) == 0
    assert b"Mine?" in Path(store, "report_mine.html").read_bytes()
    first, second = sorted(path.name for path in Path(store, "runs").iterdir())
    assert call(["evaluate", first, "--lengths=2", "--samples=2", "--store", store]) == 1
    assert call(["page", first, "--store", store]) == 0
    assert call(["runs", "--json", "--store", store]) == 0
    assert call(["export", first, "--onnx", "--state-dict", "--store", store]) == 0
    assert call(["merge", store, "--store", "joined"]) == 0
    assert call(["compare", first, second, "--store", store]) == 0
    capsys.readouterr()
    assert call(["compare", first, second, "--store", store, f"--tensorboard={store}/tb"]) == 2
    assert "TensorBoard takes names in UTF-8 alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["runs"],
        ["evaluate", "x"],
        ["certify", "x"],
        ["page", "x"],
        ["export", "x", "--onnx"],
        ["compare", "a", "b"],
        ["merge", "elsewhere"],
        ["study", "mine.py"],
    ],
)
def test_a_store_that_is_a_file_is_called_one(words, capsys):
    Path("mine.py").write_text(STUDY)
    Path("afile").write_text("")

    assert call([*words, "--store=afile"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == "ripplecarry: afile is a file, and no store: a store is a folder"
    with pytest.raises(StoreError, match="afile is a file"):
        rc.Store("afile")


def test_digits_of_other_scripts_get_a_hint(capsys):
    run = rc.train(**TINY)

    for typed, meant in (("１２", 1), ("٣", 3)):
        assert call(["add", run.id, typed, "3"]) == 2
        words = (
            f"operand 1, column 1: {typed[0]!r} is not a digit of base 10, which has 0 to 9; write {meant}"
        )
        assert words in capsys.readouterr().err


def test_a_backend_for_windows_does_not_matter():
    words = "import ripplecarry.reports.heat_maps, os; print(os.environ.get('MPLBACKEND'))"
    for backend, left in (("nonsense", "None"), ("module://matplotlib_inline.backend_inline",) * 2):
        result = subprocess.run(
            [sys.executable, "-c", words],
            env=os.environ | {"MPLBACKEND": backend},
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == left
