"""Ctrl-C ends every program at any moment with one line and exit status 130."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ripplecarry.sweeps.executors import DeafProcesses

ROOT = Path(__file__).parents[1]
TRAIN = ["train", "--engine=torch", "--hidden-size=4", "--digits=2", "--steps=3", "--json"]

STUDY = """
from ripplecarry import Study, Trial
STUDY = Study(name="mine", question="Mine?", base=Trial(hidden_size=4, digits=2, steps=3), seeds=1)
"""
AT_AN_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
COMMAND = "from ripplecarry.__main__ import main; main()"
INSIDE = """
import atexit, os, signal, sys
from ripplecarry.ctrl_c import CtrlC
def press():
    os.kill(os.getpid(), signal.SIGINT)
class Dies:
    def __del__(self):
        press()
def main():
    {body}
    return 0
sys.exit(CtrlC("it").run(main))
"""


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def start(*arguments, **how):
    """A process that hears Ctrl-C, even where the tests themselves ignore it."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **how,
    )


def ended(process):
    printed, said = process.communicate(timeout=600)
    return process.returncode, printed, said


@pytest.mark.parametrize(
    ("module", "words"),
    [
        *[(module, ["--help"]) for module in ("ripplecarry.cli", "cyclopts")],
        *[(module, ["runs", "--help"]) for module in ("numpy", "pydantic")],
        *[(module, TRAIN) for module in ("ripplecarry.engines.registry", "ripplecarry.runs.run")],
        ("matplotlib", ["study", "mine.py", "--workers=1"]),
    ],
)
def test_while_it_imports(module, words):
    hook = AT_AN_IMPORT.format(module=module)
    Path("mine.py").write_text(STUDY)

    status, printed, said = ended(start("-c", hook + COMMAND, *words))
    assert (status, printed, said.splitlines()[-1]) == (130, "", "ripplecarry: interrupted")


@pytest.mark.parametrize("module", ["numpy", "pydantic"])
def test_from_outside_once_a_module_appears_in_the_trace(module):
    process = start("-X", "importtime", "-m", "ripplecarry", "runs")
    for line in process.stderr:
        if line.endswith(f"| {module}\n") or f" {module}." in line:
            os.kill(process.pid, signal.SIGINT)
            break
    else:
        pytest.fail(f"{module} was never imported")
    status, printed, said = ended(process)

    assert (status, printed) == (130, "")
    assert [line for line in said.splitlines() if not line.startswith("import time:")] == [
        "ripplecarry: interrupted"
    ]


@pytest.mark.parametrize(
    "body",
    [
        "press()",
        "Dies()",
        "atexit.register(press)",
        "try: press()\n    except BaseException: raise ValueError('reworded') from None",
        "try: press()\n    except BaseException: pass",
        "import subprocess; subprocess.run(['kill', '-INT', str(os.getpid())]); input()",
    ],
)
def test_wherever_python_or_a_library_would_make_something_else_of_it(body):
    assert ended(start("-c", INSIDE.format(body=body))) == (130, "", "it: interrupted\n")


def test_other_errors_and_statuses_pass():
    assert ended(start("-c", INSIDE.format(body="return 3"))) == (3, "", "")
    status, _, said = ended(start("-c", INSIDE.format(body="raise ValueError('own')")))
    assert status == 1
    assert said.endswith("ValueError: own\n")


def test_a_program_that_ignores_it_goes_on_ignoring_it():
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + INSIDE
    assert ended(start("-c", ignoring.format(body="press()"))) == (0, "", "")


@pytest.mark.parametrize(
    ("program", "module", "name"),
    [
        ("source.py", "torch", "source.py"),
        ("handout/pt.py", "torch", "pt.py"),
        ("benchmarks/__main__.py", "cyclopts", "benchmarks"),
    ],
)
def test_the_other_programs(program, module, name):
    code = AT_AN_IMPORT.format(module=module)
    code += f"import runpy; sys.argv = [{program!r}]; sys.path.insert(0, {str(ROOT)!r})\n"
    code += f"runpy.run_path({str(ROOT / program)!r}, run_name='__main__')"

    assert ended(start("-c", code)) == (130, "", f"{name}: interrupted\n")


def test_the_checker_in_one_file():
    checker = str(ROOT / "verify_certificate.py")
    code = (
        "import os, signal, runpy, sys, pathlib\npathlib.Path.is_file = lambda p: os.kill(os.getpid(), 2)\n"
    )
    code += f"sys.argv = ['x', 'a', 'b']; runpy.run_path({checker!r}, run_name='__main__')"

    assert ended(start("-c", code)) == (130, "", "not proved: interrupted\n")


def blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_processes_of_a_sweep_start_deaf_to_it():
    with DeafProcesses(1) as pool:
        assert pool.submit(blocked).result() is True
    assert not blocked()


def test_while_it_searches_for_a_proof():
    words = ("--digits=2", "--steps=3")  # 64 units, which take seconds to search
    assert ended(start("-m", "ripplecarry", "train", *words))[0] == 0
    process = start("-m", "ripplecarry", "certify", "last")
    while "searching for an invariant" not in (line := process.stderr.readline()):
        assert line, "it ended before it searched"

    os.kill(process.pid, signal.SIGINT)

    assert ended(process) == (130, "", "ripplecarry: interrupted\n")
