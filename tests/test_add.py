"""`ripplecarry add` and `rc.add` from end to end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hand_made_adders import carryless_weights, exact_trial, exact_weights, keep, random_weights

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.engines.kernel import is_available
from ripplecarry.errors import ConfigurationError, OperandError
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial

PROGRAM = [sys.executable, "-m", "ripplecarry", "add"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def exact():
    return keep(Store(), exact_trial(10), exact_weights(10)).id


@pytest.fixture
def carryless():
    return keep(Store(), exact_trial(10), carryless_weights(10), seed=7).id


def test_two_numbers_come_out_as_one(exact, capsysbinary):
    assert call(["add", exact, "0099", "1"]) == 0
    assert call(["add", exact, "0", "00"]) == 0

    assert capsysbinary.readouterr() == (b"100\n0\n", b"")


@pytest.mark.parametrize(
    ("base", "operands", "total"),
    [(36, ["zZ", "1"], "100"), (16, ["FF", "f1"], "1f0"), (2, ["11", "1"], "100")],
)
def test_digits_of_a_base_are_read_in_either_case_and_written_in_lower(base, operands, total, capsys):
    run = keep(Store(), exact_trial(base), exact_weights(base)).id

    assert call(["add", run, *operands, "--verify"]) == 0

    output = capsys.readouterr()
    assert output.out == f"{total}\n"
    assert output.err == "ripplecarry: the sum is exact\n"


def test_a_wrong_answer_is_printed_as_it_is_and_verify_says_where(carryless, capsys):
    assert call(["add", carryless, "1205", "37"]) == 0
    assert capsys.readouterr() == ("1232\n", "")

    assert call(["add", carryless, "1205", "37", "--verify"]) == 1
    output = capsys.readouterr()
    assert output.out == "1232\n"
    assert output.err == (
        "ripplecarry: the sum is wrong: 1205 + 37 = 1242, the network answers 1232 (first wrong at "
        "position 1); the shortest wrong sum known: 5 + 7 = 12, the network answers 2 (first wrong at "
        "position 1)\n"
    )


def test_lines_of_a_file_become_lines_and_verify_counts(carryless, capsys):
    Path("pairs").write_text("1 2\n5 5\n99 1\n")

    assert call(["add", carryless, "--from", "pairs", "--verify"]) == 1

    output = capsys.readouterr()
    assert output.out == "3\n0\n90\n"
    assert "2 of 3 sums are wrong; line 2: 5 + 5 = 10, the network answers 0 (first" in output.err


def test_json_holds_the_sums_and_what_was_verified(carryless, capsys):
    Path("pairs").write_text("1 2\n5 5\n")

    assert call(["add", carryless, "--from=pairs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"sums": ["3", "0"], "verified": None}

    assert call(["add", carryless, "--from=pairs", "--json", "--verify"]) == 1
    assert json.loads(capsys.readouterr().out)["verified"] == {
        "num_sums": 2,
        "num_wrong": 1,
        "first_wrong": {"number": 2, "position": 1, "answer": "0", "exact": "1"},
        "counterexample": {
            "task": "addition",
            "base": 10,
            "operands": ["5", "5"],
            "answer": "0",
            "right": "10",
            "positions": 4,
            "length": 1,
            "first_wrong_position": 1,
            "is_shortest": False,
        },
    }


def test_three_operands_come_from_arguments_lines_or_files(capsys):
    trial = Trial(num_operands=3, hidden_size=6, embedding_size=3, digits=3)
    run = keep(Store(), trial, random_weights(trial))
    expected = str(rc.add(run, 123, 4, 56789)) + "\n"
    Path("line").write_text("123 4 56789\n")
    for number in ("123", "4", "56789"):
        Path(number).write_text(f"{number}\n")

    assert call(["add", run.id, "123", "4", "56789"]) == 0
    assert call(["add", run.id, "--from", "line"]) == 0
    assert call(["add", run.id, "--from", "123", "--from", "4", "--from", "56789"]) == 0

    assert capsys.readouterr().out == expected * 3


def piped(arguments, content):
    result = subprocess.run([*PROGRAM, *arguments], input=content, capture_output=True, check=False)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_pipes_and_files_as_standard_input_are_the_same(exact):
    content = f"{'9' * 3000} 1\n1 2\n".encode()
    expected = 0, f"1{'0' * 3000}\n3\n", ""
    Path("pairs").write_bytes(b"not read " + content)

    assert piped([exact], content) == expected
    assert piped([exact, "--from", "-"], content) == expected
    with open("pairs", "rb", buffering=0) as file:
        file.read(9)  # the rest is what standard input holds
        result = subprocess.run([*PROGRAM, exact], stdin=file, capture_output=True, check=False)
    assert (result.returncode, result.stdout.decode()) == expected[:2]


def test_a_number_may_come_through_a_named_pipe(exact, capsys):
    os.mkfifo("pipe")
    Path("file").write_text("\n 1 \n\n")
    writer = threading.Thread(target=Path("pipe").write_text, args=("9" * 100_000,))
    writer.start()

    assert call(["add", exact, "--from", "pipe", "--from", "file"]) == 0

    writer.join()
    assert capsys.readouterr().out == f"1{'0' * 100_000}\n"


BAD = [
    (["1"], "this run takes 2 numbers; 1 came"),
    (["1", "2", "3"], "this run takes 2 numbers; 3 came"),
    (
        ["-5", "2"],
        "operand 1, column 1: '-' is not a digit of base 10, which has 0 to 9; numbers have no sign",
    ),
    (["5", "+2"], "operand 2, column 1: '+' is not a digit"),
    (["5", ""], "operand 2 is empty"),
    (["12a", "2"], "operand 1, column 3: 'a' is not a digit of base 10"),
    (["1 2", "2"], "operand 1, column 3: a second number begins"),
    (["1", "2", "--vrify"], "unknown option '--vrify'"),
    (["1", "2", "--from", "good"], "not both: 2 and 1 were given"),
    (["--from", "good", "good"], "not both: 1 and 1 were given"),
    (["--from", "none"], "cannot read none: No such file or directory"),
    (["--from", "."], "cannot read .: Is a directory"),
    (["--from", "good", "--from", "none"], "cannot read none"),
    (["--from", "good", "--from", "."], "cannot read .: Is a directory"),
    (
        ["--from", "good", "--from", "good", "--from", "good"],
        "this run takes 2 numbers; 3 files came",
    ),
    (["--from", "-", "--from", "-"], "standard input was given more than once"),
    (["--from", "good", "--from", "good"], "good, line 1, column 3: a second number begins"),
    (["--from", "empty"], "empty is empty"),
    (["--from", "late"], "late, line 3 has 1 number; it needs 2"),
    (["--from", "rubbish"], "rubbish, line 1, column 1: byte 0x8e is not a digit"),
    (["--from", "/dev/zero"], "/dev/zero, line 1, column 1: byte 0x00 is not a digit"),
    (["--from", "one-line"], "one-line, line 1, column 3000002: 'x' is not a digit"),
    (["1", "2", "--engine", "steam"], "steam"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_gets_one_clear_line_status_2_and_no_output(arguments, words, exact, capsys):
    Path("good").write_text("1 2\n")
    Path("empty").write_bytes(b"")
    Path("late").write_text("1 2\n3 4\n5\n")
    Path("rubbish").write_bytes(np.random.default_rng(0).bytes(100_000).replace(b"\n", b"")[5:])
    Path("rubbish").write_bytes(b"\x8e" + Path("rubbish").read_bytes())
    Path("one-line").write_bytes(b"7" * 3_000_000 + b" x")

    assert call(["add", exact, *arguments]) == 2

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("ripplecarry: ")
    assert output.err.count("\n") == 1
    assert words in output.err


def test_endless_rubbish_is_refused_at_once(exact):
    endless = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    result = subprocess.run(
        [*PROGRAM, exact], stdin=endless.stdout, capture_output=True, check=False, timeout=600
    )
    endless.kill()
    endless.communicate()

    assert result.returncode == 2
    assert b"standard input, line 1, column 1: 'y' is not a digit" in result.stderr


def test_a_run_with_more_answers_than_characters_is_refused(capsys):
    trial = Trial(task="counter", modulus=37, hidden_size=5, digits=3)
    run = keep(Store(), trial, random_weights(trial))

    assert call(["add", run.id, "12"]) == 2
    assert "counter modulo 37, which has base 10 and 37 answers; add reads" in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match="at most 36 of each"):
        rc.add(run, 12)


@pytest.mark.parametrize(("stream", "words"), [(1, "standard output"), (0, "standard input")])
def test_a_closed_stream_is_one_line(stream, words, exact):
    shell = 'exec "$@" ' + (">&-" if stream else "<&-")
    numbers = ["1", "2"] if stream else []
    result = subprocess.run(
        ["sh", "-c", shell, "sh", *PROGRAM, exact, *numbers], capture_output=True, check=False, text=True
    )

    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_answer_that_cannot_be_written_is_no_success(exact):
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [*PROGRAM, exact, "1", "2"], stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )

    assert result.returncode == 2
    assert result.stderr == (
        "ripplecarry: cannot write to standard output: No space left on device; what came is not whole\n"
    )


def test_a_full_disk_for_temporary_files_is_one_line(exact, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ripplecarry.files.os.write", full)

    assert call(["add", exact, "1", "2"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "No space left on device; set TMPDIR to another folder" in output.err
    assert output.err.count("\n") == 1


def open_files(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            yield os.readlink(descriptor)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_addition_prints_nothing_and_leaves_nothing(number, exact, tmp_path):
    spools = tmp_path / "spools"
    spools.mkdir()
    process = subprocess.Popen(
        [*PROGRAM, exact],
        stdin=subprocess.PIPE,  # it stays open, so that the addition cannot end before the signal
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(spools)},
        text=True,
        # tests that a shell put in the background ignore it, and what they start would as well
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdin is not None
    process.stdin.write(f"1 2\n{'7' * 1_000_000}")
    process.stdin.flush()
    deadline = time.monotonic() + 600
    # files have names while it is tried out which folder takes them; the spools have none
    while not any(
        name.startswith(str(spools)) and name.endswith("(deleted)") for name in open_files(process.pid)
    ):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    printed, said = process.communicate(timeout=600)

    expected = (
        (130, "", "ripplecarry: interrupted\n") if number == signal.SIGINT else (-signal.SIGTERM, "", "")
    )
    assert (process.returncode, printed, said) == expected
    assert list(spools.iterdir()) == []


MEASURED = """
import sys
from ripplecarry.cli import call
status = call(sys.argv[1:])
with open("/proc/self/status") as file:
    peak = next(line for line in file if line.startswith("VmHWM")).split()[1]
print(status, peak, *sys.modules, file=sys.stderr)
"""


@pytest.mark.skipif(not is_available(), reason="the native engine is not built")
@pytest.mark.parametrize("way", ["two files", "one line", "a pipe", "many lines", "blanks"])
def test_memory_is_constant_and_nothing_heavy_loads(way, exact):
    """The peak of the process's own memory; the kernel keeps it for what runs between fork and exec too."""
    size = 3_000_000
    Path("a").write_text("9" * size)
    Path("b").write_text("1")
    Path("line").write_text(f"{'9' * size} 1\n")
    Path("lines").write_text("99999999 1\n" * (size // 10))
    with open("blanks", "wb") as blanks:
        blanks.write(b"9" + b" " * 60_000_000 + b"1\n")
    arguments = {
        "blanks": ["--from=blanks"],
        "two files": ["--from=a", "--from=b"],
        "one line": ["--from=line"],
        "a pipe": [],
        "many lines": ["--from=lines"],
    }[way]
    with open("line", "rb") as line:
        feed = subprocess.Popen(["cat"], stdin=line, stdout=subprocess.PIPE)
    result = subprocess.run(
        [sys.executable, "-c", MEASURED, "add", exact, "--verify", *arguments],
        stdin=feed.stdout,
        capture_output=True,
        text=True,
        check=True,
    )
    feed.kill()
    feed.communicate()

    verdict, measured = result.stderr.splitlines()
    status, peak_kb, *modules = measured.split()
    assert status == "0"
    assert "exact" in verdict
    assert not {"torch", "pandas", "duckdb", "matplotlib", "scipy", "pyarrow"} & set(modules)
    assert int(peak_kb) < 120_000
    expected = {"blanks": "10\n", "many lines": "100000000\n" * (size // 10)}
    assert result.stdout == expected.get(way, f"1{'0' * size}\n")


def test_without_the_kernel_pytorch_adds_with_a_word(exact, capsys, monkeypatch):
    monkeypatch.setattr("ripplecarry.engines.kernel.is_available", lambda: False)

    assert call(["add", exact, f"{'9' * 1500}", "1"]) == 0

    output = capsys.readouterr()
    assert output.out == f"1{'0' * 1500}\n"
    assert output.err.count("native engine is not built") == 1


def test_from_python_integers_arrays_and_lists_add():
    run = keep(Store(), exact_trial(10), exact_weights(10))

    assert rc.add(run, 10**5000 - 1, 1) == 10**5000
    assert rc.add(run, np.array([3, 2, 1]), 877) == 1000
    assert rc.add(run, [1, 10**1500, 3], [4, 5, np.array([6, 0])]) == [5, 10**1500 + 5, 9]
    assert rc.add(run, [], []) == []
    with pytest.raises(OperandError, match="takes 2 numbers; 1 came"):
        rc.add(run, 1)
    with pytest.raises(OperandError, match="lists that are all as long"):
        rc.add(run, [1], 2)
    with pytest.raises(OperandError, match="negative"):
        rc.add(run, -1, 2)
