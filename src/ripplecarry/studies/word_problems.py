"""Which cells multiply in A5 and S5, the groups that no circuit of constant depth is known to track?

Merrill et al. 2024, "The illusion of state in state-space models", count a word problem as learnt where
more than 90 % of sequences of the training length are right in every answer. One layer of RNN learns A5 so
at up to 20 symbols; S4 and Mamba, diagonal recurrences, need more layers the longer the sequences. Here
sequences have 1 to 8 symbols.
"""

from ripplecarry.claims.claim import Claim, Comparison
from ripplecarry.claims.comparisons import AllOf, Less, Mostly
from ripplecarry.claims.measures import Measure, Property, last
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

LEARNT = 0.9
GROUPS = ("a5", "s5")
NONLINEAR, LINEAR = ("rnn", "gru", "lstm"), ("mingru", "diagonal", "diagonal_signed")

_share = last("exact_match").of
_learns = Property("learn it (more than 90 % of sequences right)", lambda run: _share(run) > LEARNT)
_fails = Property("do not learn it (at most 90 % right)", lambda run: _share(run) <= LEARNT)
_wrong = Measure("share of wrong answers", lambda run: 1 - last("digit_accuracy").of(run))


def _claims() -> list[Claim]:
    claims: list[tuple[str, Comparison]] = []
    for group in GROUPS:
        name, of = group.upper(), {"group": group}
        for cell in (*NONLINEAR, *LINEAR):
            verb, found = ("learns", _learns) if cell in NONLINEAR else ("does not learn", _fails)
            statement = f"one layer of {cell} {verb} products of 8 in {name} (after Merrill et al. 2024)"
            claims.append((statement, Mostly(found, of | {"cell": cell})))
        for cell in NONLINEAR:
            each = [Less(_wrong, of | {"cell": cell}, of | {"cell": other}) for other in LINEAR]
            claims.append(
                (f"{cell} gets more products in {name} right than linear recurrences", AllOf(*each))
            )
    return [Claim(f"W{number}", *claim) for number, claim in enumerate(claims, start=1)]


STUDY = Study(
    name="word_problems",
    question=__doc__,
    base=Trial(
        task="group",
        group="a5",
        layers=1,
        hidden_size=64,
        embedding_size=32,
        digits=8,
        lengths="mixed",
        batch_size=100,
        steps=2000,
        learning_rate=0.005,
        exactness_to=500,
    ),
    grid={"group": GROUPS, "cell": (*NONLINEAR, *LINEAR)},
    labels=tuple(f"{group.upper()}, {cell}" for group in GROUPS for cell in (*NONLINEAR, *LINEAR)),
    claims=tuple(_claims()),
)
