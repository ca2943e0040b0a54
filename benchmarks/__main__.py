"""`python -m benchmarks`: training steps side by side with what a user would pick instead."""

import sys

from ripplecarry.ctrl_c import CtrlC


def _command() -> int:
    from benchmarks.command import call

    return call(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(CtrlC("benchmarks").run(_command))
