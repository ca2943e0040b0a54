"""The command line: parse, call, print.

Exit status: 0 done; 1 the answer is no, or a run failed; 2 wrong usage; 130 interrupted.
A command's module is loaded when it is called, and loads only what that command needs.
"""

import io
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from ripplecarry.cli.say import say
from ripplecarry.errors import InputError
from ripplecarry.progress.status_line import keeps_log

_COMMANDS = {
    "study": "Execute studies, resuming what was begun, and draw their figures.",
    "train": "Train one network and keep the run.",
    "runs": "List the finished runs in the store, or show one of them with its curves.",
    "compare": "Set runs side by side: what differs in their settings, what came of them, "
    "their curves in one figure.",
    "evaluate": "Test a network where its task is hard: by length and longest run, on hard cases, "
    "and by a search for a wrong answer.",
    "add": "Add numbers of any length with a run's network, in constant memory.",
    "certify": "Prove that a run's network is right at every length, or find a wrong answer.",
    "check": "Verify a certificate against the weights, by two programs that "
    "share nothing with the search.",
    "extract": "Learn the finite-state machine that a run's network is, and draw it beside the task's.",
    "import": "Make a run of a file of weights: from the playground, from PyTorch, or an export.",
    "merge": "Copy the runs of other stores into one, as shards leave them; the others stay as they are.",
    "page": "Write one self-contained HTML page to explore a run's network: "
    "type numbers and watch it carry.",
    "playground": "Write one self-contained HTML page in which networks train in the browser.",
    "export": "Write a run's network as an ONNX model, as a PyTorch state dict, or both.",
}
"""Every command, with the first paragraph of its own help."""
_MODULES = {"import": "import_run"}
"""Commands whose name is a keyword of Python."""


def call(arguments: Sequence[str], commands: App | None = None) -> int:
    """Runs one command and returns its exit status."""
    commands = commands or app(arguments)
    for stream in (sys.stdout, sys.stderr):  # a path may have characters that they do not take
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    before = keeps_log.set(True)
    try:
        status = commands(
            list(arguments), exit_on_error=False, print_error=False, result_action="return_value"
        )
        return status if isinstance(status, int) else 0
    except CycloptsError as error:
        from ripplecarry.cli.usage_errors import usage_error

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
    finally:
        keeps_log.reset(before)


def app(arguments: Sequence[str] = ()) -> App:
    """All commands, none of whose modules is loaded before it is called."""
    commands = App(
        name="ripplecarry",
        help="Train recurrent networks that add digit by digit; compare them over seeds.",
        help_format="plaintext",  # which takes half as long to show as Markdown
        version=_version,
        suppress_keyboard_interrupt=False,
    )
    for name, line in _COMMANDS.items():
        module = _MODULES.get(name, name)
        shown = None if name in arguments else line  # it would replace the command's own help
        commands.command(
            f"ripplecarry.cli.{module}:{module}", name=name, help=shown, help_format="markdown"
        )
    return commands


def _version() -> str:
    from importlib.metadata import version

    return version("ripplecarry")
