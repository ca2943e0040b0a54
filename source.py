"""The course's entry point: `python source.py` trains both of the report's networks."""

import argparse
import sys

from ripplecarry.ctrl_c import CtrlC


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--framework", "-f", default="pt", help="pt, the only one there is")
    framework = parser.parse_args().framework
    if framework != "pt":
        print(f"source.py: no framework {framework!r} here; choose from pt", file=sys.stderr)
        return 2

    from handout.pt import pt_adv_main, pt_main

    pt_main()
    pt_adv_main()
    return 0


if __name__ == "__main__":
    sys.exit(CtrlC("source.py").run(main))
