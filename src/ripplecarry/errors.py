"""The exception tree.

RipplecarryError
├── InputError               what was asked for cannot be: exit status 2
│   ├── ConfigurationError   a trial, study or option that does not fit together
│   ├── OperandError         an operand or digit out of range
│   ├── CertificateError     a file that is no certificate
│   └── StoreError           a run or folder that is missing or cannot be read or written
│       └── DamageError      what a store holds is not what was written there
├── CertificateRefused       a certificate that does not prove what it says: exit status 1
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
    """A run or folder that is missing or cannot be read or written."""


class DamageError(StoreError):
    """A file of a run is gone or is not what was written; the run can be discarded."""


class CertificateError(InputError):
    """A file that is no certificate, or one that is cut short or of the wrong form."""


class CertificateRefused(RipplecarryError):  # noqa: N818 - the answer no is no error of the caller
    """A certificate that does not prove what it says."""


class Interrupted(RipplecarryError):  # noqa: N818 - a stop on request is no error
    """Work stopped on request; it resumes from its last checkpoint."""
