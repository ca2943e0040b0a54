"""`ripplecarry check`: the independent check of a certificate."""

import json
from typing import Any

from ripplecarry.cli.command import command
from ripplecarry.errors import CertificateRefused
from ripplecarry.verbs import check as verb


@command(verb.check)
def check(certificate: str, *, as_json: bool, **options: Any) -> int:
    """Verify a certificate against the weights, by two programs that share nothing with the search.

    The second is verify_certificate.py: one file on Python's standard library alone, in exact integers.
    Exit status 0 where both accept it, 1 where one refuses it, 2 where it is no certificate.

    Example: ripplecarry check 44136fa355-torch-0
    """
    try:
        found = verb.check(certificate, **options)
    except CertificateRefused as refused:
        answer = {"answer": "refused", "why": str(refused)}
        print(json.dumps(answer, indent=1) if as_json else f"refused: {refused}")
        return 1
    if as_json:
        result = {"answer": "proved", "run": found.run_id, "weights": str(found.weights_path)}
        result |= found.proof.as_dict() | {"second_margin": found.second_margin}
        print(json.dumps(result, indent=1))
    else:
        print(f"proved of {found.run_id or found.weights_path}: {found.proof.statement}")
        print(f"smallest margin by ripplecarry's checker: {found.proof.margin:.4g}")
        print(f"smallest margin by verify_certificate.py: {found.second_margin:.4g}")
    return 0
