"""`ripplecarry certify`: a proof for every length."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ripplecarry.cli.command import command
from ripplecarry.cli.say import say
from ripplecarry.errors import Interrupted
from ripplecarry.verbs import certify as verb

if TYPE_CHECKING:
    from ripplecarry.arithmetic.counterexample import Counterexample
    from ripplecarry.sweeps.certifying import Unknown
    from ripplecarry.verification.certificate import Certificate
    from ripplecarry.verification.forgetting import Forgetting


@command(verb.certify)
def certify(run: str, *, store: Path, as_json: bool, **options: Any) -> int:
    """Prove that a run's network is right at every length, or find a wrong answer.

    The answer is `certified`, with a certificate in the store (exit status 0); `refuted`, with a wrong
    answer (1); or `unknown` (1). With `--polish`, where the network as it is has no proof, a copy is
    trained until it has one: for one layer of rnn near the network first, and further away where that
    fails. The copy is a run of its own, and the answer says how far its weights moved. The engine is what
    confirms a wrong answer. How strongly the network forgets is estimated where the answer is `unknown`,
    and with `--forgetting` in any case, which takes 1 to 30 seconds once; the store keeps it, and `runs`
    lists it.

    Example: ripplecarry certify 44136fa355-native-0 --polish
    """
    from ripplecarry.cli.interruption import say_interrupted, stop_on_signals
    from ripplecarry.runs.store import Store
    from ripplecarry.sweeps.events import StopRequest
    from ripplecarry.verbs.find_run import find_run

    subject, stop = find_run(run, store), StopRequest()
    from ripplecarry.verification.certificate import Certificate

    own: list[Counterexample | Unknown] = []
    estimates: list[Forgetting | None] = []

    def answered(answer: "Counterexample | Unknown") -> None:
        own.append(answer)
        if not as_json:
            print(_sentence(answer))
        polishing.enter_context(stop_on_signals(stop))  # which heeds it; a search is ended at once

    with ExitStack() as polishing:
        try:
            found = verb.certify(
                subject,
                store=store,
                say=say,
                answered=answered,
                estimated=estimates.append,
                stop=stop,
                **options,
            )
        except Interrupted:
            return say_interrupted()
    result = {"run": subject.id, **_as_dict(own[0] if own else found)}
    if own:
        result["polished"] = None if found is own[0] else _as_dict(found)
    for estimate in estimates:
        result["forgetting"] = estimate and list(estimate.ratios)
    if isinstance(found, Certificate):
        result["certificate"] = str(Store(store).certificate_path(str(found.content["run"])))
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        print(_sentence(found))
        if "certificate" in result:
            print(f"certificate: {result['certificate']}")
        for estimate in filter(None, estimates):
            print(f"forgetting: {estimate.sentence}")
    return 0 if isinstance(found, Certificate) else 1


def _as_dict(found: "Certificate | Counterexample | Unknown") -> dict[str, object]:
    from ripplecarry.arithmetic.counterexample import Counterexample
    from ripplecarry.verification.certificate import Certificate

    if isinstance(found, Certificate):
        change = {} if found.change is None else {"change": found.change}
        return {"answer": "certified", "run": found.content["run"], **change, **found.proof.as_dict()}
    if isinstance(found, Counterexample):
        return {"answer": "refuted", "counterexample": found.as_dict()}
    return {
        "answer": "unknown",
        "margin": found.margin,
        "forgetting": found.forgetting and list(found.forgetting.ratios),
        "last_round": found.last_round and asdict(found.last_round),
        "why": found.sentence,
    }


def _sentence(found: "Certificate | Counterexample | Unknown") -> str:
    from ripplecarry.arithmetic.counterexample import Counterexample
    from ripplecarry.verification.certificate import Certificate

    if isinstance(found, Certificate):
        words = certified_words(str(found.content["run"]), found.margin, found.statement)
        if found.change is None:
            return words
        return f"{words}\npolishing moved the weights by {found.change:.2%} of their norm"
    return f"{'refuted' if isinstance(found, Counterexample) else 'unknown'}: {found.sentence}"


def certified_words(run_id: str, margin: float, statement: str) -> str:
    """What was proved of a run, in words."""
    return f"certified: run {run_id}, smallest margin {margin:.4g}\n{statement}"
