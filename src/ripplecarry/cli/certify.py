"""`ripplecarry certify` and `check`: a proof for every length, and its independent check."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from ripplecarry.sweeps.certifying import Unknown
    from ripplecarry.sweeps.execute_run import Progress
    from ripplecarry.verification.certificate import Certificate
    from ripplecarry.verification.counterexample import Counterexample


def certify(
    run: Annotated[str, Parameter(help="A run's id, its beginning, or folder.")],
    /,
    *,
    polish: Annotated[bool, Parameter(negative="", help="Train a copy until it is certified.")] = False,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Prove that a run's network is right at every length, or find a wrong answer.

    The answer is `certified`, with a certificate in the store (exit status 0); `refuted`, with a wrong
    answer (1); or `unknown` (1). With `--polish`, where the network as it is has no proof, a copy is
    trained until it has one; the copy is a run of its own.

    Example: ripplecarry certify 44136fa355-native-0 --polish
    """
    from ripplecarry.cli.interruption import say_interrupted, stop_on_signals
    from ripplecarry.errors import Interrupted
    from ripplecarry.runs.store import Store
    from ripplecarry.sweeps.certifying import certify as certify_run
    from ripplecarry.sweeps.certifying import polish as polish_run
    from ripplecarry.verification.certificate import Certificate

    kept = Store(store)
    kept.prepare()
    subject = kept.find(run).verify()
    found = certify_run(subject, kept, say=_say)
    result = {"run": subject.id, **_as_dict(found)}
    if polish and not isinstance(found, Certificate):
        if not as_json:
            print(_sentence(found))
        _say("polishing a copy")
        with stop_on_signals() as stop:
            try:
                polished = polish_run(subject, kept, is_stopped=stop.is_made, report=_report)
            except Interrupted:
                return say_interrupted()
        result["polished"] = None if polished is None else _as_dict(polished)
        found = polished or found
    if isinstance(found, Certificate):
        path = kept.certificate_path(str(found.content["run"]))
        result["certificate"] = str(path)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        print(_sentence(found))
        if "certificate" in result:
            print(f"certificate: {result['certificate']}")
    return 0 if isinstance(found, Certificate) else 1


def check(
    certificate: Annotated[Path, Parameter(help="A certificate's file.")],
    /,
    *,
    weights: Annotated[
        Path | None,
        Parameter(help="Safetensors file; by default the run's that the certificate is named after."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Verify a certificate against the weights, by two programs that share nothing with the search.

    The second is verify_certificate.py: one file on Python's standard library alone, in exact integers.
    Exit status 0 where both accept it, 1 where one refuses it, 2 where it is no certificate.

    Example: ripplecarry check results/certificates/44136fa355-torch-0.json
    """
    from ripplecarry.errors import CertificateRefused
    from ripplecarry.runs.certificates import CertificateSubject

    subject = CertificateSubject.of(certificate, weights)
    try:
        proof, second_margin = subject.proof(), subject.second_margin()
    except CertificateRefused as refused:
        if as_json:
            print(json.dumps({"answer": "refused", "why": str(refused)}, indent=1))
        else:
            print(f"refused: {refused}")
        return 1
    run_id = None if subject.run is None else subject.run.id
    if as_json:
        result = {"answer": "proved", "run": run_id, "weights": str(subject.weights_path)}
        print(json.dumps(result | proof.as_dict() | {"second_margin": second_margin}, indent=1))
    else:
        print(f"proved of {run_id or subject.weights_path}: {proof.statement}")
        print(f"smallest margin by ripplecarry's checker: {proof.margin:.4g}")
        print(f"smallest margin by verify_certificate.py: {second_margin:.4g}")
    return 0


def _as_dict(found: "Certificate | Counterexample | Unknown") -> dict[str, object]:
    from ripplecarry.verification.certificate import Certificate
    from ripplecarry.verification.counterexample import Counterexample

    if isinstance(found, Certificate):
        return {"answer": "certified", "run": found.content["run"], **found.proof.as_dict()}
    if isinstance(found, Counterexample):
        return {"answer": "refuted", "counterexample": found.as_dict()}
    return {"answer": "unknown", "margin": found.margin, "why": found.sentence}


def _sentence(found: "Certificate | Counterexample | Unknown") -> str:
    from ripplecarry.verification.certificate import Certificate
    from ripplecarry.verification.counterexample import Counterexample

    if isinstance(found, Certificate):
        return certified_words(str(found.content["run"]), found.margin, found.statement)
    return f"{'refuted' if isinstance(found, Counterexample) else 'unknown'}: {found.sentence}"


def certified_words(run_id: str, margin: float, statement: str) -> str:
    """What was proved of a run, in words."""
    return f"certified: run {run_id}, smallest margin {margin:.4g}\n{statement}"


def _say(words: str) -> None:
    print(f"ripplecarry: {words}", file=sys.stderr, flush=True)


def _report(progress: "Progress") -> None:
    if sys.stderr.isatty():
        print(f"\rstep {progress.step}/{progress.num_steps} at most", end="", file=sys.stderr, flush=True)
