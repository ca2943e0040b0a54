"""Axes in signatures are checked while tests run, and are plain arrays elsewhere."""

import subprocess
import sys

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from ripplecarry.arithmetic.tasks import addition


@pytest.mark.parametrize("symbols", [np.zeros(3, dtype=np.int64), np.zeros((2, 3))])
def test_a_wrong_shape_or_type_is_refused_while_tests_run(symbols):
    with pytest.raises(TypeCheckError, match="symbols"):
        addition().machine.run(symbols)


def test_elsewhere_axes_are_the_arrays_themselves():
    words = """
import sys, typing
import numpy as np
from ripplecarry.arithmetic.machine import Machine
assert typing.get_type_hints(Machine.run)["symbols"] is np.ndarray
assert "jaxtyping" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", words], check=True)
