"""Command lines, configurations, study declarations and operands that somebody made up."""

import importlib
import io
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import NAMES, SCALARS, VALUES, changed_bytes, nested
from watched import fuzz, refused, said, watched

import ripplecarry as rc
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.claims.study import Study
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError, InputError
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.studies.catalogue import STUDIES
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.sweeps.sweep import SweepResult

SETTINGS = tuple(Trial.model_fields)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of base 16 in a store of its own; nobody trains more of them."""
    store = Store(tmp_path_factory.mktemp("words") / "store")
    trial = Trial(hidden_size=4, embedding_size=2, batch_size=5, digits=3, steps=20, layers=1, base=16)
    return execute_run(RunRequest(trial, 0, open_engine().name), store)


@pytest.fixture(scope="module", autouse=True)
def nothing_takes_long(run):
    """What would train, measure or certify for minutes is asked for and not done."""

    def swept(requests, store, **how):
        result = SweepResult()
        for _, request in zip(range(3), requests, strict=False):
            result.failed[request.id] = "not done"
        return result

    def refuse(*arguments, **how):
        raise ConfigurationError("not done")

    importlib.import_module("ripplecarry.reports.document")  # on first use, fonts are looked for and noted
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ripplecarry.sweeps.sweep.sweep", swept)
        patched.setattr("ripplecarry.verbs.train.execute_run", refuse)
        patched.setattr("ripplecarry.runs.evaluating.Evaluation.measure", refuse)
        patched.setattr("ripplecarry.sweeps.certifying.certify", refuse)
        patched.setattr("ripplecarry.verification.extraction.extract_machine", refuse)
        patched.chdir(run.folder.parent.parent)
        yield


@contextmanager
def standard_input(content: bytes):
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(content))
    try:
        yield
    finally:
        sys.stdin = before


COMMANDS = ("study", "train", "runs", "evaluate", "add", "certify", "check", "extract", "help", "")
OPTIONS = st.sampled_from(
    [f"--{name.replace('_', '-')}" for name in SETTINGS]
    + ["--seed", "--seeds", "--config", "--engine", "--json", "--workers", "--where", "--sort", "--polish"]
    + ["--adder", "--lengths", "--samples", "--max-digits", "--from", "--verify", "--weights", "--help"]
    + ["--discard-damaged", "--store", "--version", "-h"]
    + ["--no-json", "--json=3", "--", "---", "--=", "-1", "--seed=", "--settings", "--config=/dev/null"]
)
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
WORDS = st.one_of(
    OPTIONS,
    OPTIONS,
    TEXT,
    NAMES.filter(lambda name: "\x00" not in name and name.isprintable()),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        [*STUDIES, "all", "nothing.py", "/", "/dev/null", "native", "torch", "rnn", "gru", "nan"]
    ),
    st.sampled_from(
        ["1e400", "true", "1=1", "seed desc", "1; drop table runs", "/proc/self/mem", "\udcff"]
    ),
)


@st.composite
def command_lines(draw, run) -> list[str]:
    command = draw(st.sampled_from(COMMANDS))
    runs = st.sampled_from([run.id, run.id[:4], str(run.folder)])
    rest = draw(st.lists(WORDS | runs if command in COMMANDS[2:8] else WORDS, max_size=5))
    return [command, *rest]


@fuzz(250)
@given(data=st.data())
def test_command_lines(run, data):
    words = data.draw(command_lines(run))
    # numbers on standard input are another test's; here it is empty
    words = [word for word in words if word not in ("-", "--store", "--discard-damaged")]
    with standard_input(b""):
        said(run.folder.parent.parent, words)


def in_toml(name: str, value: object) -> str:
    shown = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    if isinstance(value, str):
        shown = '"' + "".join(f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'
    elif isinstance(value, list):
        shown = "[" + ", ".join(in_toml("", each).removeprefix('"" = ') for each in value) + "]"
    elif isinstance(value, dict):
        shown = "{" + ", ".join(in_toml(key, each) for key, each in value.items()) + "}"
    elif shown is None:
        shown = repr(value)
    key = '"' + "".join(f"\\U{ord(c):08x}" for c in name if not 0xD800 <= ord(c) < 0xE000) + '"'
    return f"{key} = {shown}"


GOOD_TOML = (
    b'cell = "gru"\nlayers = 1\nhidden_size = 4\ndigits = 3\nsteps = 20\nbase = 2\ntask = "machine"\n'
)
TABLES = b"[machine]\nnext_state = [[0, 0, 0, 0]]\noutput = [[0, 1, 1, 0]]\n"


@fuzz(150)
@given(data=st.data())
def test_configurations(run, data):
    settings = st.dictionaries(st.sampled_from(SETTINGS) | NAMES, VALUES, max_size=4)
    as_toml = settings.map(lambda made: "\n".join(in_toml(*pair) for pair in made.items()).encode())
    content = data.draw(as_toml | changed_bytes(GOOD_TOML + TABLES) | st.binary(max_size=40))
    path = run.folder.parent.parent / "made.toml"
    path.write_bytes(content)

    said(run.folder.parent.parent, ["train", "--config", str(path), "--engine", "auto"])


@pytest.mark.parametrize(
    "content",
    [
        b"a = " + nested(100_000),
        b".".join([b"a"] * 50_000) + b" = 1",
        b"seed = " + b"9" * 100_000,
        b"a = 1\n" * 300_000,
        b"\xff\xfe",
        b'a = "' + b"x" * 900_000 + b'"',
    ],
)
def test_configurations_that_are_too_much(run, content):
    path = run.folder.parent.parent / "made.toml"
    path.write_bytes(content)

    status, _, words = said(run.folder.parent.parent, ["train", "--config", str(path)])

    assert status == 2
    assert len(words) < 2000


@fuzz(150)
@given(data=st.data())
def test_trials(data):
    settings = data.draw(st.dictionaries(st.sampled_from(SETTINGS), SCALARS, max_size=5))
    with refused(InputError):
        trial = Trial.build(settings)
        assert Trial.build(trial.model_dump()).id == trial.id


@fuzz(150)
@given(data=st.data())
def test_study_declarations(data):
    names = st.sampled_from(SETTINGS) | NAMES
    axes = names | st.tuples(names, names) | SCALARS
    values = st.lists(st.sampled_from(["rnn", "gru", 1, 2, 3]) | SCALARS, max_size=3)
    rows = st.lists(st.tuples(SCALARS, SCALARS), max_size=2)
    parts = {
        "name": st.just("mine") | NAMES | VALUES,
        "question": st.just("Which?") | VALUES,
        "base": st.just(Trial()) | VALUES,
        "grid": st.dictionaries(axes, values | values.map(tuple) | rows | VALUES, max_size=2) | VALUES,
        "labels": st.none() | st.lists(SCALARS, max_size=3).map(tuple) | VALUES,
        "controls": st.just(())
        | st.lists(st.dictionaries(names, SCALARS, max_size=2), max_size=2)
        | VALUES,
        "claims": st.just(()) | VALUES,
        "seeds": st.integers(1, 20) | VALUES,
    }
    kept = ["name", "question", *data.draw(st.lists(st.sampled_from(list(parts)[2:]), unique=True))]
    declared = {part: data.draw(parts[part]) for part in kept}

    with refused(InputError):
        study = Study(**declared)
        study.requests(3, "native")
        assert study.title is not None
        assert study.axis is not None
        assert study.member_axis is not None


@fuzz(150)
@given(data=st.data())
def test_operands_on_the_command_line_and_in_files(run, data):
    store = run.folder.parent.parent
    digits = st.text("0123456789abcdef", max_size=30)
    number = digits | TEXT | st.sampled_from(["-1", "+1", "1.5", "1e9", "0x1", "٣", "𝟙", " 1", "--1", "_"])
    numbers = data.draw(st.lists(number, max_size=3))
    ending = data.draw(st.sampled_from([[], ["--verify"], ["--json", "--verify"]]))
    with standard_input(b""):
        if numbers:
            said(store, ["add", run.id, *numbers, *ending])
        line = st.tuples(digits, digits).map(lambda pair: f"{pair[0]} {pair[1]}\n".encode())
        lines = st.lists(line, min_size=1, max_size=4).map(b"".join)
        path = store / "operands"
        content = data.draw(lines | lines.flatmap(changed_bytes) | st.binary(max_size=30))
        path.write_bytes(content)
        said(store, ["add", run.id, "--from", str(path), *ending])


@fuzz(100)
@given(data=st.data())
def test_operands_from_python(run, data):
    arrays = st.sampled_from(
        [
            np.zeros(0, dtype=np.uint8),
            np.array([15, 16], dtype=np.uint8),
            np.array([-1]),
            np.array([1.5]),
            np.zeros((2, 2), dtype=np.int64),
            np.array([2**63], dtype=np.uint64),
            np.array(["1"]),
            np.array([None]),
            np.array(3),
        ]
    )
    operand = st.integers(-5, 2**200) | arrays
    operands = data.draw(st.lists(operand | st.lists(operand, max_size=3), max_size=3))

    with watched(run.folder), refused(InputError):
        rc.add(run, *operands)


def test_a_task_of_a_million_symbols_is_the_largest():
    assert TaskChoice(base=10, num_operands=6).base == 10
    with pytest.raises(ConfigurationError, match="more than 1000000 symbols"):
        TaskChoice.build({"base": 36, "num_operands": 8})
