"""`python -m benchmarks`: training steps side by side with what a user would pick instead."""

import sys

from benchmarks.command import call

if __name__ == "__main__":
    sys.exit(call(sys.argv[1:]))
