"""`python -m ripplecarry` is the command `ripplecarry`."""

from ripplecarry.cli import main

if __name__ == "__main__":
    main()
