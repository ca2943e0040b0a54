"""The command `ripplecarry`, and `python -m ripplecarry`."""

import gc
import os
import sys
import warnings

from ripplecarry.ctrl_c import CtrlC


def main() -> None:
    """Runs the command of `sys.argv` and exits with its status."""
    sys.exit(CtrlC("ripplecarry").run(_command))


def _command() -> int:
    # What others plug into pydantic is no concern of this process, and takes long to look for.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(50_000)  # loading modules makes many objects and hardly any garbage
    from ripplecarry.cli import call  # once Ctrl-C is heard, since this takes long
    from ripplecarry.cli.say import say

    warnings.showwarning = lambda words, *_, **__: say(str(words))
    return call(sys.argv[1:])


if __name__ == "__main__":
    main()
