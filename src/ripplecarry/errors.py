"""The exception tree.

RipplecarryError
├── InputError               what was asked for cannot be: exit status 2
│   ├── ConfigurationError   a trial, study or option that does not fit together
│   ├── OperandError         an operand or digit out of range
│   └── StoreError           a run or folder that is missing, damaged or cannot be written
└── Interrupted              asked to stop; what was done so far is kept and resumes
"""


class RipplecarryError(Exception):
    """Any error that this package raises on purpose."""


class InputError(RipplecarryError):
    """What was asked for cannot be done; the message says what came and what is allowed."""


class ConfigurationError(InputError):
    """A configuration with unknown names, values out of range or parts that do not fit."""


class OperandError(InputError):
    """An operand or digit out of range."""


class StoreError(InputError):
    """A run or folder that is missing, damaged or cannot be written."""


class Interrupted(RipplecarryError):  # noqa: N818 - a stop on request is no error
    """Work stopped on request; it resumes from its last checkpoint."""
