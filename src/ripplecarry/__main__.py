"""The command `ripplecarry`, and `python -m ripplecarry`."""

import sys

from ripplecarry.ctrl_c import CtrlC


def main() -> None:
    """Runs the command of `sys.argv` and exits with its status."""
    sys.exit(CtrlC("ripplecarry").run(_command))


def _command() -> int:
    from ripplecarry.cli import call  # once Ctrl-C is heard, since this takes seconds

    return call(sys.argv[1:])


if __name__ == "__main__":
    main()
