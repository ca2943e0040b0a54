"""A verb and its command take the same: names, defaults, choices, ranges, and the same refusals."""

import inspect
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

import ripplecarry as rc
from ripplecarry.arithmetic.philox import MAX_SEED
from ripplecarry.cli import app, call
from ripplecarry.errors import ConfigurationError, InputError
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.verbs.parameters import options_of

NAMES = (
    *("train", "study", "add", "evaluate", "certify", "check", "extract"),
    *("page", "playground", "export", "compare", "merge"),
)
VERBS = {"runs": rc.list_runs, "import": rc.import_run} | {name: getattr(rc, name) for name in NAMES}

FOR_PYTHON = {
    "train": {"listener", "stop", "settings"},
    "study": {"listener", "stop"},
    "add": {"report"},
    "evaluate": {"say", "report"},
    "certify": {"say", "answered", "estimated", "report", "stop"},
    "extract": {"say"},
    "page": {"say"},
    "import": {"say"},
    "runs": {"damaged", "deleted"},
}
"""Callables and objects; and what stands for a trial's settings, which are options one by one."""
PRINTED = {"as_json", "as_csv", "as_latex"}
"""How a command prints; Python has the values themselves."""
NEEDED = {"import": ["net.safetensors"]}
"""Words without which a command does nothing."""
TABLES = {"machine", "cell_code", "polished_from", "stay_near"}
"""Settings that no option gives: tables, and what polishing fills in."""


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def offered(command):
    """What a command takes, as cyclopts sees it: by name, its options, type and default."""
    return {
        argument.field_info.name: argument
        for argument in app()[command].assemble_argument_collection()
        if argument.field_info.name not in PRINTED
    }


def test_every_command_is_a_verb():
    assert {name for name in app() if not name.startswith("-")} == set(VERBS)


@pytest.mark.parametrize("command", VERBS)
def test_both_take_the_same_parameters(command):
    own = inspect.signature(VERBS[command]).parameters
    wanted = own.keys() - FOR_PYTHON.get(command, set())
    if command == "train":
        wanted |= Trial.model_fields.keys() - TABLES

    assert offered(command).keys() == wanted
    assert FOR_PYTHON.get(command, set()) <= own.keys()


@pytest.mark.parametrize("command", VERBS)
def test_names_defaults_and_choices_are_the_same(command):
    own = inspect.signature(VERBS[command]).parameters
    for name, argument in offered(command).items():
        option = f"--{name.strip('_').replace('_', '-')}"
        is_word = name in own and own[name].kind is not inspect.Parameter.KEYWORD_ONLY
        assert argument.names == (name.upper() if is_word else option,)
        if name not in own:  # a setting, which has its default in Trial
            continue
        assert argument.field_info.default == own[name].default
        kind, *_ = get_args(own[name].annotation)
        if get_origin(kind) is Literal:
            assert get_args(argument.hint) == get_args(kind)


def ranges():
    """Every number with bounds, and the numbers next to them outside."""
    for command, verb in VERBS.items():
        for name, (_, _, option) in options_of(verb).items():
            if option.low is not None:
                yield command, name, option.low - 1
            if option.high is not None:
                yield command, name, option.high + 1


@pytest.mark.parametrize(("command", "name", "value"), list(ranges()))
def test_a_number_out_of_range_is_refused_by_both_alike(command, name, value, capsys):
    with pytest.raises(ConfigurationError) as refused:
        VERBS[command](*NEEDED.get(command, []), **{name: value})
    assert str(refused.value).startswith(f"{name} is {value}; it must be a whole number, ")

    option = f"--{name.replace('_', '-')}"
    assert call([command, *NEEDED.get(command, []), f"{option}={value}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line == f"ripplecarry: {option}{str(refused.value).removeprefix(name)}"


def test_the_numbers_with_bounds_are_known():
    """A bound that is lost would leave the test above with less to do."""
    names = {(command, name) for command, name, _ in ranges()}
    evaluate = {("evaluate", name) for name in ("lengths", "samples", "max_digits", "time_limit")}
    others = {("train", "seed"), ("study", "seeds"), ("study", "workers"), ("import", "digits")}
    assert names == others | evaluate


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, True, 1.0, "0.0", None])
def test_what_is_no_seed_is_refused_everywhere(seed):
    with pytest.raises(ConfigurationError, match="seed is"):
        rc.train(seed=seed, steps=1)
    with pytest.raises(ConfigurationError, match="seed is"):
        RunRequest(Trial(), seed, "torch")
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("train", {"engine": "native", "certify": True}),
        ("train", {"cell": "gruu", "layers": "0"}),
        ("train", {"config": "none.toml"}),
        ("study", {"executor": "threads", "address": "auto"}),
        ("study", {"shard": "3/2"}),
        ("runs", {"where": "x ="}),
        ("runs", {"store": "nowhere"}),
        ("evaluate", {}),
        ("evaluate", {"adder": "none.py"}),
        ("merge", {}),
        ("compare", {}),
    ],
)
def test_what_one_refuses_the_other_refuses_in_its_own_words(command, settings, capsys):
    with pytest.raises(InputError) as refused:
        VERBS[command](**settings)

    words = [f"--{name}" if value is True else f"--{name}={value}" for name, value in settings.items()]
    assert call([command, *words]) == 2
    said = capsys.readouterr().err.splitlines()[-1].removeprefix("ripplecarry: ")
    plain = str(refused.value)
    for name in options_of(VERBS[command]):
        plain = plain.replace(f"{name}=", f"--{name} ").replace(f"{name} is", f"--{name} is")
    assert said == plain


def test_an_unknown_choice_is_refused_with_those_there_are():
    with pytest.raises(ConfigurationError, match="unknown engine 'steam'; choose from auto, native"):
        rc.certify("any", engine="steam")
    with pytest.raises(ConfigurationError, match="unknown executor 'steam'; choose from local"):
        rc.study("cell", executor="steam")


def test_bad_values_are_refused_in_one_line_wherever_they_are_given():
    for refused in (lambda: rc.Trial(layers=0), lambda: rc.Trial(celll="gru"), lambda: rc.train(5)):
        with pytest.raises(ConfigurationError) as told:
            refused()
        assert "\n" not in str(told.value)


def test_written_sums_have_a_short_representation():
    run = rc.train(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=1)
    assert repr(rc.add(run, "1" * 3000, "2")).startswith("<WrittenSums: answers of ")
    short = rc.add(run, "111", "2", verify=True)
    (answer,) = short
    assert repr(short) == f"<WrittenSums: {answer}; 1 of 1 sums wrong>"
    with short.spool:
        pass
    assert repr(short).startswith("<WrittenSums: answers of ")


def test_a_short_run_says_after_how_many_steps_it_was_read():
    run = rc.train(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=2)
    assert repr(run).endswith(" after 1 of 2 steps>")
    assert "3 symbols" in repr(rc.train(task="parity", hidden_size=6, digits=3, steps=1))


def test_a_page_makes_no_folder(tmp_path):
    run = rc.train(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=1)
    with pytest.raises(InputError, match="there is no folder"):
        rc.page(run, out=tmp_path / "nope" / "x.html")
    assert not (tmp_path / "nope").exists()


def test_a_run_is_checked_by_its_id():
    run = rc.train(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=1)
    for name in (run, run.id, "last"):
        with pytest.raises(InputError, match=f"run {run.id} has no certificate; `ripplecarry certify"):
            rc.check(name)


def test_exactness_that_was_measured_is_shown(capsys):
    words = ["--hidden-size=6", "--embedding-size=3", "--batch-size=10", "--digits=3", "--steps=1"]
    assert call(["train", *words, "--exactness-to=4", "--json"]) == 0
    assert "Sums by length: " in capsys.readouterr().out
