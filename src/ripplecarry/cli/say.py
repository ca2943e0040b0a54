"""Messages to people, on standard error."""

import sys


def say(words: str) -> None:
    """Tells people, on standard error, what is happening."""
    print(f"ripplecarry: {words}", file=sys.stderr, flush=True)
