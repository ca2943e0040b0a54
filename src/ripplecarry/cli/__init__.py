"""The command line: parse, call, print.

Exit status: 0 done; 1 the answer is no, or a run failed; 2 wrong usage; 130 interrupted.
Commands import what they need when called, so that `--help` stays quick.
"""

import io
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from ripplecarry.cli.add import add
from ripplecarry.cli.certify import certify
from ripplecarry.cli.check import check
from ripplecarry.cli.command import say
from ripplecarry.cli.compare import compare
from ripplecarry.cli.evaluate import evaluate
from ripplecarry.cli.export import export
from ripplecarry.cli.extract import extract
from ripplecarry.cli.merge import merge
from ripplecarry.cli.page import page
from ripplecarry.cli.runs import runs
from ripplecarry.cli.study import study
from ripplecarry.cli.train import train
from ripplecarry.cli.usage_errors import usage_error
from ripplecarry.errors import InputError

app = App(
    name="ripplecarry",
    help="Train recurrent networks that add digit by digit; compare them over seeds.",
    suppress_keyboard_interrupt=False,
)
_COMMANDS = (
    study,
    train,
    runs,
    compare,
    evaluate,
    add,
    certify,
    check,
    extract,
    merge,
    page,
    export,
)
for _command in _COMMANDS:
    app.command(_command)


def call(arguments: Sequence[str], commands: App = app) -> int:
    """Runs one command and returns its exit status."""
    for stream in (sys.stdout, sys.stderr):  # a path may have characters that they do not take
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = commands(
            list(arguments), exit_on_error=False, print_error=False, result_action="return_value"
        )
        return status if isinstance(status, int) else 0
    except CycloptsError as error:
        say(usage_error(error))
        return 2
    except InputError as error:
        say(" ".join(str(error).split()))
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except MemoryError:
        say("not enough memory for what was asked")
        return 2
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:  # a disk that is full while figures are drawn, a name that is too long
        where = f"{error.filename}: " if error.filename else ""
        say(f"{where}{error.strerror or error}")
        return 2
