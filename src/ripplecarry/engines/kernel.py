"""The C++ kernel's library through ctypes."""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

import numpy as np

from ripplecarry.errors import ConfigurationError

_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_BUILT = Path(__file__).with_name("_kernel" + _SUFFIX)
LEVELS = {4: "x86-64-v4", 3: "x86-64-v3", 2: "x86-64-v2", 0: "generic"}

_I32, _I64, _U32, _U64, _F64 = (
    ctypes.c_int32,
    ctypes.c_int64,
    ctypes.c_uint32,
    ctypes.c_uint64,
    ctypes.c_double,
)


def _array(dtype: type) -> type:
    return np.ctypeslib.ndpointer(dtype=dtype, flags="C_CONTIGUOUS")


_FLOATS, _BYTES, _INTS = _array(np.float32), _array(np.uint8), _array(np.int32)
_SIGNATURES = {
    "rc_build": (ctypes.c_char_p, []),
    "rc_instruction_set": (_I32, []),
    "rc_multiply_add": (_I64, [_I32]),
    "rc_apply": (None, [_I32, _I32, _I64, _FLOATS, _FLOATS]),
    "rc_open": (ctypes.c_void_p, [_INTS, _I32]),
    "rc_close": (None, [ctypes.c_void_p]),
    "rc_num_parameters": (_I64, [ctypes.c_void_p]),
    "rc_set_parameters": (None, [ctypes.c_void_p, _FLOATS]),
    "rc_get_parameters": (None, [ctypes.c_void_p, _FLOATS]),
    "rc_set_machine": (_I32, [ctypes.c_void_p, _I32, _I32, _INTS, _BYTES]),
    "rc_gradients": (_I32, [ctypes.c_void_p, _BYTES, _BYTES, _I32, _I32, ctypes.POINTER(_F64), _FLOATS]),
    "rc_logits": (_I32, [ctypes.c_void_p, _BYTES, _I32, _I32, ctypes.c_void_p, _FLOATS]),
    "rc_draw": (_I32, [ctypes.c_void_p, _U64, _U32, _INTS, _U32, _BYTES, _BYTES]),
    "rc_initial_values": (_I32, [ctypes.c_void_p, _U64, _FLOATS]),
    "rc_train": (
        _I32,
        [ctypes.c_void_p, _U64, _U32, _INTS, _I32, _F64, _F64, _array(np.float64), _I64, _I32]
        + [_FLOATS] * 3
        + [ctypes.c_void_p] * 2,
    ),
}


@cache
def kernel_library() -> ctypes.CDLL:
    """The kernel's library.

    Raises:
        ImportError: it is not built, or another version's.
        OSError: it does not load on this machine.
    """
    path = os.environ.get("RIPPLECARRY_NATIVE_LIBRARY")  # a build of one's own, as for sanitizers
    if path is None:
        if not _BUILT.exists():
            raise ImportError(f"{_BUILT} is not there")
        path = str(_BUILT)
    library = ctypes.CDLL(path)
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"{path} is of another version: it has no {name}") from None
        function.restype, function.argtypes = result, arguments
    return library


def is_available() -> bool:
    """Whether the kernel is built and loads here."""
    try:
        kernel_library()
    except (ImportError, OSError):
        return False
    return True


def check_memory(was_given: int, use: str) -> None:
    """Refuses a call for which the system gave the kernel no memory."""
    if not was_given:
        raise ConfigurationError(f"the system refused the native engine the memory for {use}")
