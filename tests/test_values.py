"""A value is what was typed: the same number, or one line that says how to write it."""

from typing import Literal, get_args, get_origin

import numpy as np
import pytest
import torch

import ripplecarry as rc
from ripplecarry.arithmetic.philox import MAX_SEED
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError, InputError
from ripplecarry.runs.trial import Trial
from ripplecarry.values import decimal_number, shown, whole_number
from ripplecarry.verbs.parameters import options_of

VERBS = [rc.list_runs] + [getattr(rc, name) for name in ("train", "study", "evaluate", "add", "certify")]
NO_WHOLE_NUMBERS = [
    1.5,
    "1.5",
    2.0,
    "2.0",
    True,
    "true",
    "1e3",
    "1,000",
    "1_0",
    "２",
    "0x2",
    "",
    np.ones(2),
]
WHOLE = {name for name, field in Trial.model_fields.items() if "int" in str(field.annotation)} - {"machine"}
CHOICES = {name: get_args(s.annotation) for name, s in Trial.model_fields.items()
           if get_origin(s.annotation) is Literal}  # fmt: skip


@pytest.mark.parametrize("value", [7, "7", " 7 ", "+7", np.uint8(7), np.int64(7), torch.tensor(7)])
def test_a_whole_number_is_an_integer_or_its_digits(value):
    assert whole_number(value, "seed", 0) == 7
    assert type(whole_number(value, "seed", 0)) is int


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        *[("1e3", 1000), ("1.5e3", 1500), ("1,000", 1000), ("1，000,000", 1000000), ("1 000", 1000)],
        *[("1_0", 10), ("２", 2), ("2.0", 2), (2.0, 2), (1e3, 1000)],
        *[("1.000", None), ("1.5", None), ("1,5", None), ("12,34", None), ("1e99", None), ("x", None)],
        *[(1.5, None), (1e300, None), (float("nan"), None), (True, None), (None, None), ([2.0], None)],
    ],
)
def test_what_is_no_integer_is_refused_and_the_hint_is_what_is_meant(value, meant):
    with pytest.raises(ConfigurationError) as refused:
        whole_number(value, "seed", 0, MAX_SEED)

    hint = "" if meant is None else f"; write {meant}"
    assert str(refused.value) == f"seed is {value!r}; it must be a whole number, from 0 to {MAX_SEED}{hint}"


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize("value", NO_WHOLE_NUMBERS, ids=str)
def test_no_setting_takes_it_as_an_integer(name, value):
    with pytest.raises(ConfigurationError, match=f"(^|; ){name} is .*; it must be a whole number"):
        Trial.build({name: value})


def test_the_settings_that_are_integers_are_known():
    assert {"layers", "steps", "digits", "positions", "read_at", "factor", "lower_rate_after"} <= WHOLE
    assert {"cell", "decay", "optimiser", "task", "operands", "lengths"} == CHOICES.keys()


@pytest.mark.parametrize("value", ["1.5", "1e3", "1,000", "1_0", "0x10", "２", "True"])
def test_no_option_takes_it_as_an_integer(value, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    seen = 0
    for verb in VERBS:
        command = "runs" if verb is rc.list_runs else verb.__name__
        for name, (_, _, option) in options_of(verb).items():
            if option.low is None:
                continue
            seen += 1
            typed = f"--{name.replace('_', '-')}"
            assert call([command, f"{typed}={value}"]) == 2
            said = capsys.readouterr().err.splitlines()[-1]
            assert said.startswith(f"ripplecarry: {typed} is {value!r}; it must be a whole number")
            with pytest.raises(ConfigurationError, match=f"{name} is .*; it must be a whole number"):
                verb(**{name: value})
    assert seen >= 6
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [1.5, True, "1.0", np.float64(1)])
def test_tables_hold_integers_alone(value):
    settings = {"task": "machine", "base": 2, "num_operands": 1}
    tables = {"next_state": [[0, 0]], "output": [[0, 1]]}
    assert Trial.build(settings | {"machine": tables}).machine.output == ((0, 1),)
    as_array = tables | {"output": np.array([[0, 1]])}
    assert Trial.build(settings | {"machine": as_array}).machine.output == ((0, 1),)

    with pytest.raises(ConfigurationError, match=r"a table's entry is .*; it must be a whole number"):
        Trial.build(settings | {"machine": tables | {"output": [[0, value]]}})


def test_of_many_wrong_entries_the_first_are_told():
    tables = {"next_state": [[0.5] * 1000], "output": [[0] * 1000]}
    with pytest.raises(ConfigurationError, match=r"; and 950 more$"):
        Trial.build({"task": "machine", "machine": tables})


@pytest.mark.parametrize(
    ("value", "hint"), [("0,5", "; write 0.5"), ("1_0", ""), ("０", ""), ("nan", ""), (True, ""), ("", "")]
)
def test_a_rate_is_a_number(value, hint):
    with pytest.raises(ConfigurationError) as refused:
        Trial.build({"learning_rate": value})
    assert str(refused.value) == f"learning_rate is {value!r}; it must be a number{hint}"
    assert decimal_number("1e-3", "rate") == "1e-3"
    assert Trial.build({"learning_rate": "1e-3"}).learning_rate == 0.001


@pytest.mark.parametrize("value", ["yes", "true", 1, 0.0])
def test_a_switch_is_true_or_false(value):
    with pytest.raises(ConfigurationError, match=r"certify is .*; it must be true or false"):
        Trial.build({"certify": value})


@pytest.mark.parametrize(
    ("name", "word"), [(n, w) for n, words in CHOICES.items() for w in words if (n, w) != ("cell", "file")]
)  # a cell from a file is named by the file
def test_choices_may_be_written_in_capitals(name, word):
    needs = {"times": {"factor": 3}, "counter": {"modulus": 3}, "remainder": {"modulus": 3}}
    needs |= {"group": {"group": "s3"}, "dyck": {"depth": 2, "kinds": 2}}
    tables = {"next_state": [[0] * 100], "output": [[0] * 100]}
    more = needs.get(word, {"machine": tables} if word == "machine" else {})
    for text in (word.upper(), word.title()):
        assert getattr(Trial.build({name: text} | more), name) == word


def test_a_choice_in_capitals_is_the_same_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Trial.build({"cell": "GRU"}).id == Trial(cell="gru").id
    assert (
        call(["train", "--cell=GRU", "--engine=Torch", "--hidden-size=4", "--digits=2", "--steps=3"]) == 0
    )
    (folder,) = (tmp_path / "results/runs").iterdir()
    assert "-torch-0" in folder.name
    with pytest.raises(ConfigurationError, match="unknown engine 'STEAM'; choose from auto, native"):
        rc.certify("any", engine="STEAM")


def test_errors_show_long_values_shortened():
    assert shown(2**64) == str(2**64)
    assert shown(10**5000) == "an integer of 16610 bits"
    assert shown([10**5000]) == "[an integer of 16610 bits]"
    assert "\n" not in shown(np.zeros((9, 9)))
    assert len(shown("x" * 10**6)) < 100
    with pytest.raises(
        ConfigurationError, match="layers is an integer of 16610 bits; it must be at most 64"
    ):
        Trial.build({"layers": 10**5000})


def test_a_reading_is_at_a_step_that_is_read():
    assert rc.reading(100).words == "exact match at step 100"
    for step in (120, 100.0, "x", -50):
        with pytest.raises(ConfigurationError, match="step is"):
            rc.reading(step)


def test_truth_is_no_operand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = rc.train(hidden_size=4, embedding_size=2, batch_size=5, digits=2, steps=3)
    with pytest.raises(InputError, match="an operand is True"):
        rc.add(run, True, 1)
