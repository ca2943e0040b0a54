"""The playground's settings, its addresses and the command line that it shows."""

import shlex
from random import Random

import pytest
from called_modules import content_of

from ripplecarry.arithmetic.philox import MAX_SEED
from ripplecarry.cli import app
from ripplecarry.networks.architecture import parameter_shapes
from ripplecarry.reports.page.playground import BASES, DEPTHS, FACTORS, KINDS, MODULI
from ripplecarry.runs.page_training import PAGE_SETTINGS
from ripplecarry.runs.trial import Trial

NEEDS = {
    "factor": {"task": "times"},
    "modulus": {"task": "counter"},
    "group": {"task": "group", "group": "s3"},
    "depth": {"task": "dyck", "kinds": 2},
    "kinds": {"task": "dyck", "depth": 2},
    "times": {"factor": 2},
    "counter": {"modulus": 3},
    "remainder": {"modulus": 3},
    "dyck": {"depth": 2, "kinds": 2},
}
"""What a setting or a task goes with."""


@pytest.fixture(scope="module")
def table(modules):
    """The page's settings, but for the seeds."""
    settings = modules.call("settings")
    assert settings.pop("seed") == {"kind": "seed", "initial": "0"}
    assert settings.pop("seeds")["initial"] == 1
    return settings


def test_defaults_are_those_of_a_trial(table):
    assert table.keys() - {"seeds"} == PAGE_SETTINGS
    own = {name: setting["initial"] for name, setting in table.items() if "belongsTo" not in setting}

    assert own == {name: getattr(Trial(), name) for name in own}


def test_a_trial_takes_every_value_that_is_allowed(table):
    for name, setting in table.items():
        ends = [setting.get("least", setting["initial"]), setting.get("most")]
        for value in setting.get("allowed", ends):
            needed = NEEDS.get(name, {}) | NEEDS.get(value, {})
            assert getattr(Trial.build(needed | {name: value}), name) == value
    offered = {"base": BASES, "factor": FACTORS, "modulus": MODULI, "depth": DEPTHS, "kinds": KINDS}
    for name, values in offered.items():
        assert [values[0], values[-1]] == [table[name]["least"], table[name]["most"]]


def made_up(table, number: int) -> dict[str, object]:
    """Settings that go together."""
    random = Random(number)
    settings = {}
    for name, setting in table.items():
        some = random.random() < 0.6
        if some and setting["kind"] == "choice":
            settings[name] = random.choice(setting["allowed"])
        elif some and setting["kind"] == "whole":
            settings[name] = random.randint(setting["least"], setting["most"])
        elif some:
            settings[name] = random.choice([100, 0.1, 1e-7, random.random(), 3.25e-12])
        else:
            settings[name] = setting["initial"]
    if settings["task"] != "addition":
        settings["operands"] = "uniform"
    for name, setting in table.items():
        tasks = setting.get("belongsTo", [settings["task"]])
        if settings["task"] not in tasks or settings["task"] in setting.get("notFor", ()):
            settings[name] = setting["initial"]
    seed = random.choice([0, 7, 2**53 + 1, MAX_SEED])
    return settings | {"seed": str(seed), "seeds": random.randint(1, 8)}


@pytest.fixture(scope="module")
def many(table):
    return [made_up(table, number) for number in range(200)]


def test_an_address_that_is_written_is_read_as_the_same_settings(modules, many):
    addresses = modules.call_each("addressOf", many)

    assert modules.call_each("settingsOf", addresses) == many


def test_the_command_line_trains_the_same_trial(modules, many):
    shown = [(settings, number + 1) for number, settings in enumerate(many)]
    trials = [Trial.build(settings) for settings in modules.call_each("trialOf", shown)]
    commands = modules.call_each("commandLine", shown)

    for (settings, steps), trial, command in zip(shown, trials, commands, strict=True):
        program, *words = shlex.split(command)
        _, bound, _ = app(["train"]).parse_args(words, exit_on_error=False, print_error=False)
        given = {name: value for name, value in bound.arguments.items() if value is not None}
        assert program == "ripplecarry"
        assert (str(given.pop("seed", 0)), given.pop("engine")) == (settings["seed"], "native")
        assert Trial.build(given) == trial
        wanted = settings | {"steps": steps}
        assert {name: getattr(trial, name) for name in given} == {name: wanted[name] for name in given}


def test_shapes_are_those_of_the_package(modules, many):
    plain = [(settings, settings["steps"]) for settings in many]
    trials = [Trial.build(settings) for settings in modules.call_each("trialOf", plain)]
    given = [
        {"settings": settings, "task": content_of(trial)}
        for settings, trial in zip(many, trials, strict=True)
    ]

    found = modules.call_each("shapesOf", given)

    for trial, shapes in zip(trials, found, strict=True):
        wanted = parameter_shapes(trial, trial.build_task())
        assert shapes == [[name, list(shape)] for name, shape in wanted.items()]


OLD = {
    "": {},
    "#": {},
    "#v=1": {},
    "#v=1&cell=gru&seed=3": {"cell": "gru", "seed": "3"},
    "v=1&task=times&factor=7&base=16": {"task": "times", "factor": 7, "base": 16},
    "#v=1&task=counter&modulus=10&digits=20": {"task": "counter", "modulus": 10, "digits": 20},
    "#v=1&task=cycle_navigation&modulus=5&cell=diagonal_signed": {
        "task": "cycle_navigation", "modulus": 5, "cell": "diagonal_signed",
    },
    "#v=1&task=dyck&depth=3&kinds=1": {"task": "dyck", "depth": 3, "kinds": 1},
    "#v=1&learning_rate=1e-7&optimiser=sgd&steps=1000000": {
        "learning_rate": 1e-7, "optimiser": "sgd", "steps": 1_000_000,
    },
    "#operands=carry-balanced&lengths=mixed&v=1": {"operands": "carry-balanced", "lengths": "mixed"},
    "#v=1&layers=4&hidden_size=128&embedding_size=1&batch_size=1&seeds=8": {
        "layers": 4, "hidden_size": 128, "embedding_size": 1, "batch_size": 1, "seeds": 8,
    },
    "#v=1&seed=18446744073709551615": {"seed": str(MAX_SEED)},
}  # fmt: skip
"""Addresses that people may have kept: they always mean the same."""
OLD_DEFAULTS = {
    "cell": "rnn", "layers": 2, "hidden_size": 64, "embedding_size": 32, "task": "addition", "factor": 2,
    "modulus": 3, "group": "s3", "depth": 2, "kinds": 2,
    "base": 10, "digits": 9, "operands": "uniform", "lengths": "fixed", "batch_size": 200,
    "optimiser": "adam", "learning_rate": 0.001, "steps": 1000, "seed": "0", "seeds": 1,
}  # fmt: skip


def test_old_addresses_keep_their_meaning(modules):
    found = modules.call_each("settingsOf", list(OLD))

    assert found == [OLD_DEFAULTS | settings for settings in OLD.values()]


WRONG = {
    "#v=1&colour=red": "bad.name",
    "#v=1&constructor=1": "bad.name",
    "#v=1&cell=gru&cell=gru": "bad.twice",
    "#v=1&v=1": "bad.twice",
    "#v=2&cell=gru": "bad.version",
    "#cell=gru": "bad.version",
    "#v=1&cell=GRU": "bad.value",
    "#v=1&cell": "bad.value",
    "#v=1&layers=1.5": "bad.value",
    "#v=1&layers=0": "bad.value",
    "#v=1&layers=5": "bad.value",
    "#v=1&layers=%201": "bad.value",
    "#v=1&layers=0x2": "bad.value",
    "#v=1&steps=1000001": "bad.value",
    "#v=1&learning_rate=0": "bad.value",
    "#v=1&learning_rate=-1": "bad.value",
    "#v=1&learning_rate=100.1": "bad.value",
    "#v=1&learning_rate=1e-999": "bad.value",
    "#v=1&learning_rate=NaN": "bad.value",
    "#v=1&learning_rate=.": "bad.value",
    f"#v=1&seed={2**64}": "bad.value",
    "#v=1&seed=-1": "bad.value",
    "#v=1&seeds=9": "bad.value",
    "#v=1&cell=deltanet": "bad.value",
    "#v=1&operands=carry-balanced&task=parity": "bad.balanced",
    "#v=1&operands=carry-balanced&task=subtraction": "bad.balanced",
    "#v=1&task=times&operands=carry-balanced": "bad.balanced",
}


def test_wrong_addresses_are_refused(modules):
    found = modules.call_each("settingsOf", list(WRONG))

    assert found == [{"key": key} for key in WRONG.values()]
