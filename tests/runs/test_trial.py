import pytest

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import RunRequest, Trial


def test_the_id_depends_on_what_differs_from_the_defaults_alone():
    # These ids are names of folders that people have: they must never change.
    assert Trial().id == "44136fa355"
    assert Trial(steps=1000, cell="rnn").id == Trial().id
    assert Trial(layers=3).id != Trial().id
    assert RunRequest(Trial(), 7, "torch").id == "44136fa355-torch-7"


def test_all_problems_are_told_in_one_line():
    with pytest.raises(ConfigurationError) as caught:
        Trial.build({"cell": "gruu", "layers": 0, "learning_rate": float("nan"), "diggits": 3})

    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "unknown cell 'gruu'; choose from rnn, gru, lstm",
        "layers is 0; it must be at least 1",
        "learning_rate is nan",
        "unknown option 'diggits'; did you mean digits?",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"positions": 5}, "operands have 9 digits"),
        ({"lower_rate": 0.1}, "go together"),
        ({"decay": "cosine", "lower_rate": 1e-4, "lower_rate_after": 5}, "give one of them"),
        ({"warmup": 1000}, "warmup is 1000; it must be below the 1000 steps"),
        ({"weight_decay": 20, "learning_rate": 0.05}, "must be below 1"),
        ({"clip": 0}, "clip is 0; it must be above 0"),
        ({"grow_over": 1001}, "training has only 1000 steps"),
        ({"certify": True, "grow_over": 10, "clip": 1}, "leave out clip, grow_over"),
        ({"learning_rate": float("inf")}, "learning_rate is inf"),
        ({"steps": 0}, "steps is 0"),
        ({"batch_size": -5}, "batch_size is -5"),
        ({"base": 1}, "base is 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ConfigurationError, match=words):
        Trial.build(settings)


def test_a_trial_never_changes():
    with pytest.raises(ValueError, match="frozen"):
        Trial().layers = 3  # type: ignore[misc]
