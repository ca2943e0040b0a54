"""The exception tree.

RipplecarryError
├── InputError               the request cannot be met: exit status 2
│   ├── ConfigurationError   a trial, study or option that does not fit together
│   ├── OperandError         an operand or digit out of range
│   ├── CertificateError     a file that is not a certificate
│   └── StoreError           a run or folder that is missing or cannot be read or written
│       └── DamageError      a store's content differs from what was written
├── CertificateRefused       a certificate that does not prove what it says: exit status 1
└── Interrupted              asked to stop; the work so far is saved and resumes
"""


class RipplecarryError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(RipplecarryError):
    """The request cannot be met; the message says what came and what is allowed."""


class ConfigurationError(InputError):
    """A configuration with unknown names, values out of range or parts that do not fit."""


class OperandError(InputError):
    """An operand or digit out of range."""


class StoreError(InputError):
    """A run or folder that is missing or cannot be read or written."""


class DamageError(StoreError):
    """A run's file is missing or differs from what was written; the run can be discarded."""


class CertificateError(InputError):
    """A file that is not a certificate, is cut short or is malformed."""


class CertificateRefused(RipplecarryError):  # noqa: N818 - a refusal is not the caller's error
    """A certificate that does not prove what it says."""


class Interrupted(RipplecarryError):  # noqa: N818 - stopping on request is not an error
    """Work stopped on request; it resumes from its last checkpoint."""
