"""The documentation: it builds, its examples run, and what it names is there."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ripplecarry as rc
from benchmarks import command as benchmarks
from ripplecarry.cli import call
from ripplecarry.studies import layers
from ripplecarry.studies.catalogue import find_studies
from ripplecarry.verbs.parameters import options_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted(DOCS.glob("**/*.md"))]
TINY = {"hidden_size": 8, "embedding_size": 4, "digits": 3, "steps": 20}
# Fewer seeds and steps say the same about whether an example runs.
SHORTER = (
    (r"seeds=\d+", "seeds=1, workers=1"),
    (r"lengths=\d+", "lengths=12, samples=20"),
    (r"steps=\d+", "steps=60"),
)
LONGEST_EXAMPLE = 30


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run_python(*arguments, **settings):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, **settings)


@pytest.mark.slow
def test_the_pages_build_without_a_warning_and_fetch_nothing(tmp_path):
    built = run_python("-m", "sphinx", "-W", "--keep-going", "-q", DOCS, tmp_path / "html", check=False)

    assert (built.returncode, built.stderr) == (0, "")
    pages = {path: path.read_text() for path in (tmp_path / "html").glob("**/*.html")}
    assert len(pages) > len(list(DOCS.glob("*.md")))
    for page in pages.values():
        assert not re.search(r'<(script|img|iframe)[^>]*src="(https?:)?//', page)
        assert not re.search(r'<link[^>]*rel="(stylesheet|preload)"[^>]*href="(https?:)?//', page)


def test_the_python_interface_is_documented_whole():
    documented = re.findall(r"^\.\. auto\w+:: ripplecarry\.(\w+)$", (DOCS / "python.md").read_text(), re.M)

    assert sorted(documented) == rc.__all__


def test_the_python_interface_can_be_read_without_building_it():
    """Every name is explained before the directives, and each verb with the parameters that it has."""
    text = (DOCS / "python.md").read_text().partition("## Reference")[0]

    for name in rc.__all__:
        assert re.search(rf"`(rc\.)?{name}\b", text) or re.search(rf"\b{name}s?`", text), name
    for name in (
        each for each in rc.__all__ if getattr(rc, each).__module__.startswith("ripplecarry.verbs.")
    ):
        if name[0].isupper():
            continue
        (row,) = re.findall(rf"^\| `rc\.{name}\(([^`]*)\)`", text, re.MULTILINE)
        told = set(re.findall(r"\b([a-z_]+)(?==|,|$)", re.sub(r'="\w+"', "=", row)))
        there = set(options_of(getattr(rc, name))) - {"store", "engine"}
        if name == "train":
            told.remove("settings")
        assert told == there, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted(ROOT.glob("README*.md")), ids=lambda page: page.name)
def test_a_readme_begins_with_what_one_gets_and_how_long_it_takes(page):
    first, _, rest = page.read_text().partition("\n## ")

    places = [
        first.index(words) for words in ("page.png", "refuted:", "certified:", "`make study SEEDS=3`")
    ]
    assert places == sorted(places)
    for words in ("`train`", "`evaluate`", "`make test`", "`ripplecarry study generalisation width`"):
        assert any(line.startswith("- ") and words in line for line in first.splitlines()), words
    (commands,) = re.findall(r"(?:^    ripplecarry .*\n)+", rest.partition("\n## ")[0], re.MULTILINE)[:1]
    assert commands.count("\n") <= 6


def check_options(line, shown):
    for option in (word for word in line.split("#")[0].split() if word.startswith("--")):
        assert re.search(rf"{option.split('=')[0]}\b", shown), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_there_with_their_options(page, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for line in re.findall(r"^    ripplecarry (.+)$", page.read_text(), re.MULTILINE):
        assert call([line.split()[0], "--help"]) == 0, line
        check_options(line, capsys.readouterr().out)


def test_benchmarks_take_the_options_that_the_pages_give_them(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert benchmarks.call(["--help"]) == 0
    shown = capsys.readouterr().out
    lines = [
        line
        for page in PAGES
        for line in re.findall(r"\bpython -m benchmarks\b([^`\n]*)", page.read_text())
    ]
    assert lines
    for line in lines:
        check_options(line, shown)


# The tour runs as the notebook, and extending.md's study as a file.
EXAMPLES = [
    page for page in PAGES if blocks(page, "python") and page.name not in ("tour.md", "extending.md")
]


class RecordedTracker:
    """Stands in for the module wandb, and for its run."""

    def __init__(self):
        self.rows, self.is_finished = [], False

    def init(self, *, project, name, config, mode):
        assert mode == "offline"
        assert config["cell"] == "gru"
        return self

    def log(self, values, *, step):
        self.rows.append((step, values))

    def finish(self):
        self.is_finished = True


def test_curves_go_to_a_tracker(in_empty_folder, monkeypatch):
    tracker = RecordedTracker()
    monkeypatch.setitem(sys.modules, "wandb", tracker)
    (example,) = (block for block in blocks(DOCS / "export.md", "python") if "wandb" in block)

    exec(compile(example.replace("steps=300", "steps=60"), "export.md", "exec"), {})

    assert tracker.is_finished
    assert [step for step, _ in tracker.rows] == list(range(60))
    assert sum("exact_match" in values for _, values in tracker.rows) == 2
    assert all("loss" in values for _, values in tracker.rows)


def test_the_jobs_of_an_array_make_the_study(in_empty_folder, capsys):
    Path("mine.py").write_text(
        "from ripplecarry import Study, Trial\n"
        "STUDY = Study(name='mine', question='?', grid={'layers': (1, 2)}, seeds=1, "
        "base=Trial(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=10))\n"
    )
    (script,) = blocks(DOCS / "scale.md", "sh")
    Path("job.sh").write_text(script.replace("generalisation", "mine.py").replace("/16", "/2"))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    for task in ("1", "2"):
        environment = os.environ | {"SLURM_ARRAY_TASK_ID": task, "PATH": path}
        subprocess.run(["bash", "job.sh"], check=True, env=environment, capture_output=True)
    assert call(["merge", "shards/1", "shards/2", "--store", "results"]) == 0
    assert "added: 2" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.name)
def test_examples_run(page, in_empty_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", RecordedTracker())
    short = replace(layers.STUDY, base=layers.STUDY.base.model_copy(update={"steps": 60}))
    monkeypatch.setattr(layers, "STUDY", short)
    run = rc.train(**TINY)
    assert call(["export", run.id, "--onnx"]) == 0
    names = {"rc": rc, "np": np, "run": run, "__name__": "example"}
    for example in blocks(page, "python"):
        for pattern, words in SHORTER:
            # A study declares seeds; only the call that carries it out takes workers.
            is_call = "Study(" not in example
            example = re.sub(pattern, words if is_call else words.split(",")[0], example)
        exec(compile(example.replace("RUN", run.id), page.name, "exec"), names)


def test_the_notebook_is_the_tour():
    notebook = json.loads((DOCS / "tour.ipynb").read_text())
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    text = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    page = (DOCS / "tour.md").read_text()

    assert code == [block.strip() for block in blocks(DOCS / "tour.md", "python")], "run docs/notebook.py"
    parts = re.split(r"^```python\n.*?^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert text == [part.strip() for part in parts if part.strip()], "run docs/notebook.py"


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom(tmp_path):
    """In a process of its own: a kernel talks through sockets, which tests have none of."""
    words = (
        "import sys, nbformat, nbclient\n"
        "notebook = nbformat.read(sys.argv[1], 4)\n"
        "nbclient.NotebookClient(notebook, timeout=300, kernel_name='python3').execute()\n"
        "nbformat.write(notebook, 'run.ipynb')\n"
    )
    folders = {name: str(tmp_path) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    result = run_python(
        "-c", words, DOCS / "tour.ipynb", cwd=tmp_path, check=False, env=os.environ | folders
    )

    assert result.returncode == 0, result.stderr
    notebook = json.loads((tmp_path / "run.ipynb").read_text())
    shown = json.dumps([cell.get("outputs") for cell in notebook["cells"]])
    assert "For 2 operands of any length in base 10" in shown
    assert "confirmed - " in shown


@pytest.mark.slow
def test_the_study_of_ones_own_runs_as_it_stands(in_empty_folder, capsys):
    study = blocks(DOCS / "extending.md", "python")[0]
    assert len(study.splitlines()) < LONGEST_EXAMPLE
    Path("widths.py").write_text(study)

    assert call(["study", "widths.py", "--seeds", "1", "--workers", "1", "--json"]) == 0

    (report,) = json.loads(capsys.readouterr().out)["studies"]
    assert [verdict["claim"] for verdict in report["verdicts"]] == ["V1", "V2"]
    assert find_studies(["widths.py"])[0].seeds == 5


def test_the_task_of_ones_own_is_the_remainder(in_empty_folder):
    task = blocks(DOCS / "extending.md", "python")[1]
    assert len(task.splitlines()) < LONGEST_EXAMPLE
    names: dict = {}

    exec(compile(task, "extending.md", "exec"), names)

    run = names["run"]
    digits = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(np.uint8)
    assert (run.task.answer(digits[:, :, None])[:, -1] == np.arange(256) % 3).all()


def test_the_cells_file_trains(in_empty_folder):
    Path("mgu.py").write_text(blocks(DOCS / "extending.md", "python")[2])

    run = rc.train(cell="mgu.py", **TINY)

    assert run.trial.cell_code == (run.folder / "cell.py").read_text()
    assert isinstance(rc.add(run, 1, 2), int)


@pytest.fixture
def with_own_cell(tmp_path):
    """A folder with the package that knows the page's cell, and the environment to run it in."""
    (patch,) = blocks(DOCS / "extending.md", "diff")
    assert len(patch.splitlines()) < LONGEST_EXAMPLE
    (tmp_path / "mgu.diff").write_text(patch)
    subprocess.run(
        ["cp", "-rp", ROOT / "src", tmp_path], check=True
    )  # with times: compiled files stay good
    applied = subprocess.run(["git", "apply", "mgu.diff"], cwd=tmp_path, capture_output=True, text=True)
    assert applied.returncode == 0, applied.stderr
    return {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(tmp_path / "src")}}


@pytest.mark.slow
def test_every_verb_takes_the_cell_of_ones_own_or_refuses_it_in_a_line_and_it_learns(with_own_cell):
    result = run_python(ROOT / "tests" / "own_cell.py", check=False, **with_own_cell)
    assert result.returncode == 0, result.stderr
    told, numbers = json.loads(result.stdout)

    refusals = {
        " natively": "this run's cell is mgu; the torch engine computes it",
        " on a GPU": "the GPU engine computes rnn, gru, lstm; this run's cell is mgu; the torch engine",
        "cert": "proofs cover rnn, gru, lstm, mingru, diagonal, diagonal_signed; this run's cell is mgu",
        "polish": "proofs cover rnn, gru, lstm, mingru, diagonal, diagonal_signed; this run's cell is mgu",
        "ONNX": "ONNX exports hold rnn, gru, lstm; this run's cell is mgu",
        "page": "the page shows rnn, gru, lstm, mingru, minlstm, diagonal, diagonal_signed; this run's",
    }
    for verb, (status, lines) in told.items():
        words = [refusal for part, refusal in refusals.items() if part in verb]
        if words:
            assert (status, len(lines)) == (2, 1), verb
            assert words[0] in lines[0], verb
        else:
            assert status in ((0, 1) if verb in ("evaluate", "extract", "import") else (0,)), (verb, lines)
    assert "these are the weights of run" in told["import"][1][0]
    assert numbers["sum"] == 46
    assert numbers["loss"] < 0.5
    assert numbers["num_pairs"] > 1000


def test_the_files_hold_what_is_said_of_them(in_empty_folder, capsys):
    run = rc.train(**TINY)
    call(["evaluate", run.id, "--lengths", "3", "--samples", "2"])
    said = (DOCS / "files.md").read_text()

    evaluation = json.loads(Path("results", "evaluations", run.id, "evaluation.json").read_text())
    names = [*(path.name for path in run.folder.iterdir()), *run.config, *evaluation.keys() - {"adder"}]
    names += [*evaluation["grid"][0], "outcome", "steps_done"]
    for name in names:
        assert f"`{name}`" in said, name
