"""Nothing that comes from a file is unpickled, and nothing reaches for the network."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ripplecarry.errors import InputError
from ripplecarry.runs.certificates import CertificateSubject
from ripplecarry.runs.imported_run import import_run
from ripplecarry.runs.run import Run
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.training.checkpoint import check_checkpoint

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for name in ("src", "benchmarks") for path in (ROOT / name).rglob("*.py"))
UNPICKLERS = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}
NETWORK = {
    "socket",
    "ssl",
    "urllib",
    "http",
    "ftplib",
    "smtplib",
    "requests",
    "httpx",
    "aiohttp",
    "socketserver",
}
CALLS = {"read_pickle", "allow_pickle", "weights_only", "jit.load", "hub", "from_pretrained"}


EXCEPTIONS = {"ray_pool": {"socket"}, "cell_file": {"exec"}}
"""Whether somebody listens where the user says that a cluster is; the user's own cell, which is said."""


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def suspicious(source: str) -> set[str]:
    """Imports and calls by which a source could unpickle or connect."""
    tree = ast.parse(source)
    found = imported(tree) & (UNPICKLERS | NETWORK)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("torch.load", "np.load", "numpy.load", "eval", "exec", "__import__"):
                found.add(called)
        if isinstance(node, ast.Attribute) and node.attr in CALLS:
            found.add(node.attr)
        if isinstance(node, ast.keyword) and node.arg in CALLS:
            found.add(str(node.arg))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_source_unpickles_or_connects(path):
    assert suspicious(path.read_text()) == EXCEPTIONS.get(path.stem, set())


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from urllib import request",
        "torch.load(p)",
        "pd.read_pickle(p)",
        "f(allow_pickle=1)",
    ],
)
def test_sources_that_would_are_found(source):
    assert suspicious(source)


PROTOCOL_0 = b"cbuiltins\nopen\n(S'unpickled'\nS'w'\ntR."


def test_a_pickle_under_any_name_is_refused_and_not_run(tmp_path, monkeypatch, store):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "made.safetensors"
    path.write_bytes(PROTOCOL_0)
    folder = store.run_folder(RunRequest(Trial(), 0, "torch").id)
    folder.mkdir(parents=True)
    for name in ("config.json", "state.json", "weights.safetensors", "curves.parquet"):
        (folder / name).write_bytes(PROTOCOL_0)
    for read in (
        lambda: import_run(path, 3, store),
        lambda: CertificateSubject.of(path).proof(),
        lambda: CertificateSubject.of(path, path).proof(),
        lambda: check_checkpoint(path),
        lambda: Run.open(folder),
    ):
        with pytest.raises(InputError):
            read()

    assert not (tmp_path / "unpickled").exists()


WORDS = """
import sys
refused = []
sys.addaudithook(lambda event, arguments: refused.append(event) if event in {watched} else None)
from ripplecarry.cli import call
assert call(["train", "--hidden-size=4", "--batch-size=5", "--digits=2", "--steps=10", "--json"]) == 0
assert call(["runs"]) == 0
assert not refused, refused
"""


def test_training_and_listing_neither_connect_nor_unpickle(tmp_path):
    watched = {"socket.connect", "socket.getaddrinfo", "socket.bind", "urllib.Request", "pickle.find_class"}
    words = WORDS.format(watched=watched)

    subprocess.run([sys.executable, "-c", words], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
