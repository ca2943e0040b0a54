"""Runs with pages, made once a session, and how they are opened."""

import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from called_modules import Modules

from ripplecarry.engines.registry import open_engine
from ripplecarry.reports.page.writer import write_page
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.execute_run import execute_run

SMALL = {"hidden_size": 24, "embedding_size": 8, "batch_size": 100, "digits": 5, "learning_rate": 0.01}
RUNS = {
    "rnn": SMALL | {"steps": 300},
    "gru": SMALL | {"cell": "gru", "steps": 300},
    "lstm": SMALL | {"cell": "lstm", "steps": 300},
    "certified": {
        "certify": True, "layers": 1, "hidden_size": 32, "base": 4, "digits": 5, "batch_size": 60,
        "steps": 500,
    },
    "times": SMALL | {"task": "times", "factor": 7, "steps": 60, "cell": "gru"},
    "three": SMALL | {"num_operands": 3, "base": 16, "steps": 30},
    "subtraction": SMALL | {"task": "subtraction", "base": 2, "steps": 60, "layers": 1},
    "comparison": SMALL | {"task": "comparison", "steps": 60, "cell": "lstm", "layers": 3},
    "counter": SMALL | {"task": "counter", "modulus": 40, "base": 5, "steps": 30},
    "mingru": SMALL | {"cell": "mingru", "steps": 60},
    "minlstm": SMALL | {"cell": "minlstm", "task": "remainder", "modulus": 3, "base": 2, "steps": 60},
    "diagonal": SMALL | {"cell": "diagonal", "task": "flip_flop", "steps": 60},
    "diagonal_signed": SMALL | {"cell": "diagonal_signed", "task": "group", "group": "s3", "steps": 60},
    "named": SMALL | {
        "task": "machine", "base": 2, "num_operands": 1, "steps": 30,
        "machine": {
            "next_state": [[0, 1], [1, 0]], "output": [[0, 1], [1, 0]],
            "states": ["even", "odd"], "symbols": ["stay", "flip"],
        },
    },
}  # fmt: skip


@dataclass
class Pages:
    """Writes the page of a run when first asked for."""

    store: Store

    @cache  # noqa: B019 - one object a session
    def run(self, name: str) -> Run:
        trial = Trial.build(RUNS[name])
        return execute_run(RunRequest(trial, 0, trial.engine(open_engine().name)), self.store)

    @cache  # noqa: B019
    def page(self, name: str) -> Path:
        return write_page(self.run(name), self.store)[0]

    __hash__ = object.__hash__


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> Pages:
    return Pages(Store(tmp_path_factory.mktemp("pages")))


@pytest.fixture(scope="session")
def modules(tmp_path_factory) -> Modules:
    return Modules(tmp_path_factory.mktemp("modules"))


@pytest.fixture
def copied(pages, tmp_path):
    """A store of one's own with the runs `rnn` and `certified`."""
    for name in ("rnn", "certified"):
        pages.run(name)
    shutil.copytree(pages.store.root, tmp_path / "store", dirs_exist_ok=True)
    return Store(tmp_path / "store")


@dataclass
class Seen:
    """A page that is open, with all that it complained of and asked for."""

    page: object
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(chromium):
    """Opens a page from disk; at the end nothing may have been complained of, nor asked for."""
    opened = []

    def open_it(path: Path, width=1000, height=800, address="", **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        seen = Seen(page)
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        opened.append((context, seen))
        page.goto(path.as_uri() + address)
        page.wait_for_selector("body[data-state=ready]")
        return page

    yield open_it
    for context, seen in opened:
        context.close()
        assert seen.complaints == []
        outside = [url for url in seen.requests[1:] if not url.startswith(("blob:", "data:"))]
        assert outside == []
