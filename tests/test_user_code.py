"""Other people's adders and studies: their imports, errors, huge numbers and time."""

import sys
import threading
from pathlib import Path

import pytest

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError
from ripplecarry.user_code import TimeLimit, complaint

ADDER = "def build_model(): return 0\ndef add(m, a, b): "
WITH_NEIGHBOUR = """
from beside import total
def build_model():
    import later
    return later
def add(model, a, b):
    import last
    return total(a, b)
"""
SLOW = (
    ADDER
    + "\n    import time\n    while True:\n        try: time.sleep(60)\n        except Exception: pass"
)


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def neighbours(folder, total):
    path = Path(folder)
    path.mkdir()
    (path / "beside.py").write_text(f"def total(a, b): return {total}")
    (path / "later.py").write_text("")
    (path / "last.py").write_text("")
    (path / "adder.py").write_text(WITH_NEIGHBOUR)
    return str(path / "adder.py")


def test_an_adder_imports_its_neighbours_and_nobody_elses():
    right, wrong = neighbours("right", "a + b"), neighbours("wrong", "a")
    before = list(sys.path)

    assert rc.evaluate(adder=right, max_digits=1).is_exact
    assert not rc.evaluate(adder=wrong, max_digits=1).is_exact
    assert rc.evaluate(adder=right, max_digits=1).is_exact
    assert sys.path == before


def test_a_study_imports_its_neighbour_and_has_dataclasses(capsys):
    Path("folder").mkdir()
    Path("folder/sizes.py").write_text("LAYERS = (1, 2)")
    Path("folder/mine.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom sizes import LAYERS\n"
        "from ripplecarry import Study, Trial\n@dataclass\nclass Size:\n    layers: int\n"
        "STUDY = Study(name='mine', question='Mine?', grid={'layers': LAYERS}, seeds=1,\n"
        "    base=Trial(hidden_size=4, embedding_size=2, batch_size=5, digits=2, steps=3))\n"
    )

    assert len(rc.study("folder/mine.py", workers=1).runs) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return -(10**5000)", "the answer is an integer of 16610 bits, which is negative"),
        ("raise ValueError(10**5000)", "ValueError"),
        ("print(10**5000)", "ValueError: Exceeds the limit"),
        ("raise BaseException('no\\nluck')", "BaseException: no luck"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise ValueError('x' * 10**6)", "ValueError: xxx"),
        ("return 'many'", ": Type"),
    ],
)
def test_an_adder_that_gives_no_answer_is_wrong_and_its_complaint_is_one_line(body, words, capsys):
    Path("adder.py").write_text(f"import sys\nsys.set_int_max_str_digits(4300)\n{ADDER}{body}")

    assert call(["evaluate", "--adder=adder.py", "--max-digits=1"]) == 1

    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("ripplecarry: the adder gave no answer: asked for ")
    assert words in line
    assert len(line) < 500


def test_long_operands_that_an_adder_refuses_are_told(text_of_640_digits):
    def add(a, b):
        if a > 10**699:
            raise ValueError("too long")
        return a + b

    found = rc.evaluate(add, max_digits=700, lengths=700, samples=1)

    assert not found.is_exact
    assert "asked for an integer of 23" in found.first_error
    assert found.first_error.endswith("ValueError: too long")
    assert found.as_dict()["is_exact"] is False


@pytest.mark.parametrize("content", ["raise BaseException", "import sys; raise ValueError(10**5000)"])
def test_a_file_that_raises_anything_is_one_line(content, capsys):
    Path("adder.py").write_text(content)
    Path("study.py").write_text(content)

    assert call(["evaluate", "--adder=adder.py"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("ripplecarry: adder file adder.py: ")
    assert call(["study", "study.py"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("ripplecarry: study file study.py: ")


@pytest.mark.parametrize(
    "content",
    [
        SLOW,
        "import time\ntime.sleep(60)",
        "def build_model():\n  while True: pass\ndef add(m, a, b): return 0",
    ],
)
def test_slow_code_has_a_time_limit(content, capsys):
    Path("adder.py").write_text(content)

    assert call(["evaluate", "--adder=adder.py", "--time-limit=1"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("ripplecarry: --time-limit is 1; the adder's code has run for so many seconds")
    assert rc.evaluate(lambda a, b: a + b, max_digits=1, time_limit=600).is_exact


def test_a_time_limit_is_for_all_calls_and_ends_those_that_return_in_other_threads():
    def used_up():
        limit = TimeLimit(1e-9)
        with pytest.raises(ConfigurationError, match="is not done"), limit.running():
            pass

    limit = TimeLimit(60)
    for _ in range(3):
        with limit.running():
            pass
    failures = []
    thread = threading.Thread(target=lambda: failures.append(used_up()))
    thread.start()
    thread.join()
    assert failures == [None]


def test_a_time_limit_is_not_for_runs(capsys):
    assert call(["evaluate", "some-run", "--time-limit=3"]) == 2
    assert "--time-limit is for the code of others" in capsys.readouterr().err


def test_a_slow_adder_shows_progress_from_pair_to_pair():
    told = []
    rc.evaluate(lambda a, b: a + b, max_digits=1, report=lambda amount, total: told.append((amount, total)))

    assert told[:100] == [(1, told[0][1])] * 100


def test_an_error_that_cannot_be_written_out_is_told_by_its_kind():
    assert complaint(ValueError(10**5000)) == "ValueError"
    assert complaint(OSError("a\nb")) == "OSError: a b"
