"""How small may an adder be that training finds and that is proved? RNNs of one layer, in base 2 and 10.

Two units add in any base, as networks built by hand show. Here each size is trained in one of two ways:
until certified, or in the ordinary way, for longer; `ripplecarry certify`, with and without `--polish`, is
then tried on the ordinary networks.

The expectation, stated before the runs: trained until certified, most seeds succeed with 8 units in base 2
and with 24 in base 10, none with 2 or 4 units in base 2. Ordinary training gets further down: with 3 units
in base 2 some network is proved as it is, and with 16 in base 10 some after polishing; none with 2 units in
base 2 or with 8 in base 10.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_certified, is_right_at_the_end
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

SIZE = ("base", "hidden_size", "embedding_size")
FOR_A_PROOF = ((2, 2, 1), (2, 4, 1), (2, 6, 1), (2, 8, 1), (10, 16, 4), (10, 24, 4))
ORDINARY = ((2, 2, 1), (2, 3, 1), (2, 4, 1), (10, 8, 4), (10, 16, 4))

TRAINING = ("certify", "steps", "learning_rate", "decay", "weight_decay", "operands")
UNTIL_CERTIFIED = (True, 600, 0.001, "none", 0.0, "uniform")  # a rate that certifying does not read
BY_BASE = {
    2: (False, 10_000, 0.03, "cosine", 0.0, "balanced"),
    10: (False, 15_000, 0.01, "cosine", 0.01, "balanced"),
}

CASES = (
    *(("until certified", (*size, *UNTIL_CERTIFIED)) for size in FOR_A_PROOF),
    *(("ordinary", (*size, *BY_BASE[size[0]])) for size in ORDINARY),
)

STUDY = Study(
    name="smallest_adders",
    question=__doc__,
    base=Trial(layers=1, digits=5),
    grid={(*SIZE, *TRAINING): tuple(values for _, values in CASES)},
    labels=tuple(f"base {values[0]}, {values[1]} units, {how}" for how, values in CASES),
    claims=(
        *(
            Claim(
                f"M{number}",
                f"trained until certified, {units} units in base {base} are certified",
                Mostly(is_certified(), {"certify": True, "base": base, "hidden_size": units}),
            )
            for number, (base, units, _) in enumerate(FOR_A_PROOF, start=1)
        ),
        *(
            Claim(
                f"M{number}",
                f"trained in the ordinary way, {units} units in base {base} get every test sum right",
                Mostly(is_right_at_the_end(), {"certify": False, "base": base, "hidden_size": units}),
            )
            for number, (base, units, _) in enumerate(ORDINARY, start=1 + len(FOR_A_PROOF))
        ),
    ),
    seeds=6,
)
