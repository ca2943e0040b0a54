"""The table of start-up times."""

import pytest

from benchmarks.startup import time_startups
from ripplecarry.engines.kernel import is_available


@pytest.mark.skipif(not is_available(), reason="the native engine is not built")
def test_commands_are_timed_beside_the_import_of_numpy():
    numpy, *commands = time_startups(rounds=1)

    assert (numpy.times_numpy, numpy.at_most) == (1, None)
    assert [each.command for each in commands] == [
        "ripplecarry --help",
        "ripplecarry runs",
        "ripplecarry train --steps 1",
    ]
    assert all(each.ms > 0 and each.at_most for each in commands)
