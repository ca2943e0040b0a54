"""What the laboratory does for addition it does for every task: training, evaluation, figures."""

import json
from pathlib import Path

import numpy as np
import pytest

import ripplecarry as rc
from ripplecarry.arithmetic.longest_runs import longest_runs
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError

TINY = {"cell": "rnn", "layers": 1, "hidden_size": 4, "embedding_size": 2, "digits": 4, "steps": 3}
TABLES = {"next_state": [[0, 1, 2], [0, 2, 1], [0, 1, 0]], "output": [[0, 1, 2], [1, 1, 0], [2, 0, 0]]}
TASKS = {
    "subtraction": {"task": "subtraction"},
    "times": {"task": "times", "factor": 3},
    "comparison": {"task": "comparison"},
    "counter": {"task": "counter", "modulus": 3},
    "three operands": {"num_operands": 3},
    "table": {"task": "machine", "machine": TABLES, "base": 3, "num_operands": 1},
}


@pytest.fixture(scope="module", autouse=True)
def in_one_folder(tmp_path_factory):
    """One store for all, as its runs are only read after training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("every_task"))
        yield


@pytest.fixture(scope="module", params=TASKS.values(), ids=TASKS)
def run(request, in_one_folder):
    return rc.train(**request.param, **TINY, operands="balanced", exactness_to=12)


def test_training_on_balanced_operands_ends_with_a_grid(run, capsys):
    cells = run.exactness

    assert set(cells.kind) == {"reset-free"}
    assert set(cells.length) == {1, 3, 4, 10, 12}
    assert call(["runs", run.id]) == 0
    assert "Answers by length" in " ".join(capsys.readouterr().out.split())


def test_training_operands_have_every_longest_run_that_occurs(run):
    batches = run.trial.training_batches(run.seed)
    drawn = np.concatenate([batches.draw(step).operands for step in range(3)])

    longest = longest_runs(run.task, drawn[:, : run.trial.digits], "reset-free")

    expected = {4} if run.task.name.startswith("counter") else set(range(5))
    assert set(longest.tolist()) == expected


def test_a_network_that_has_learned_little_fails_the_evaluation(run, capsys):
    words = ["evaluate", run.id, "--lengths", "6", "--samples", "5"]

    assert call([*words, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {cell["kind"] for cell in found["grid"]} == {"reset-free"}
    assert found["counterexample"]["task"] == run.task.name
    assert all(Path(figure).stat().st_size for figure in found["figures"])
    assert found["figures"]

    assert call(words) == 1
    out = capsys.readouterr().out
    assert "by longest reset-free run, from 0 to the whole length" in out
    assert "carry" not in out.replace("ripplecarry", "")
    assert "Sums" not in out
    assert ("pairs" in out) == (run.task.num_operands == 2)
    assert f"not exact, of {found['num_pairs']:,} {run.task.inputs_word}; the shortest wrong answer" in out


def test_a_new_run_says_that_it_can_be_evaluated(run, capsys):
    path = Path("trial.toml")
    path.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in TINY.items()))

    assert call(["train", "--config", str(path), "--task", "comparison"]) == 0

    out = capsys.readouterr().out
    assert "is it right where it is hard?" in out
    assert "watch it carry" not in out


def test_carry_balanced_operands_are_additions_alone():
    with pytest.raises(ConfigurationError, match="not for comparison; choose balanced"):
        rc.Trial(task="comparison", operands="carry-balanced")
    assert rc.Trial(operands="balanced").id != rc.Trial().id


@pytest.mark.parametrize("lengths", ["fixed", "mixed"])
@pytest.mark.parametrize("settings", [{}, TASKS["comparison"]], ids=["addition", "comparison"])
def test_engines_train_on_the_same_balanced_operands(settings, lengths):
    ended = [
        rc.train(**settings, **TINY, operands="balanced", lengths=lengths, engine=engine)
        for engine in ("native", "torch")
    ]

    first, second = (run.curves["loss"].dropna().to_numpy() for run in ended)
    assert first == pytest.approx(second, rel=1e-4)


def test_numbers_are_answered_by_every_task(run, capsys):
    numbers = ["021", "12", "2"][: run.task.num_operands]

    status = call(["add", run.id, *numbers, "--verify", "--json"])

    found = json.loads(capsys.readouterr().out)
    (written,) = found["sums"]
    length = 3 + (run.task.name in ("addition", "times 3"))
    digits = [[int(each) for each in reversed(number.zfill(length))] for number in numbers]
    operands = np.array(digits, dtype=np.uint8).T[None]
    right = "".join(map(str, run.task.answer(operands)[0, ::-1]))
    if run.task.form is not None:
        right = right.lstrip("0") or "0"
    assert status == (written != right)
    assert found["verified"]["num_wrong"] == status
    call(["add", run.id, *numbers, "--verify"])
    said = capsys.readouterr().err
    assert ("sum" in said) == (run.task.name == "addition")
    assert ("answer" in said) or run.task.name == "addition"


ODD = {
    "one state": ([[0, 0]], {0}),
    "unreachable states": ([[0, 0], [1, 1], [2, 0]], {0}),
    "no state is told apart from the next": ([[1, 1], [0, 0]], {1, 3, 4}),
    "300 states": ([[(state + symbol) % 300 for symbol in (0, 1)] for state in range(300)], {1, 3, 4}),
}


@pytest.mark.parametrize(("next_state", "runs"), ODD.values(), ids=ODD)
def test_odd_machines_are_evaluated_too(next_state, runs, capsys):
    tables = {"next_state": next_state, "output": [[state % 2, 1] for state in range(len(next_state))]}
    run = rc.train(
        **TINY, task="machine", machine=tables, base=2, num_operands=1, operands="balanced", exactness_to=4
    )

    assert set(run.exactness.run) == runs
    assert call(["evaluate", run.id, "--lengths", "5", "--samples", "3"]) in (0, 1)
    assert call(["extract", run.id]) in (0, 1)
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (
            {"next_state": [[0], [0]], "output": [[0], [1]]},
            "task 'machine' has 1 symbols; 1 operands in base 2",
        ),
        ({"next_state": [[0, 1], [0]], "output": [[0, 1], [1, 1]]}, "next_state has 1 entry in row 1"),
        ({"next_state": [[0, 2]], "output": [[0, 1]]}, "next state 2 is not one of 0 to 0"),
        ({"next_state": [], "output": []}, "needs at least one state and one symbol"),
    ],
)
def test_tables_with_something_missing_are_one_line(tables, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        rc.Trial(task="machine", base=2, num_operands=1, machine=tables)

    assert "\n" not in str(caught.value)
