"""Which optimiser, which batch? SGD, momentum and Adam, each at its better rate; 20 to 2,000 pairs.

The better of two rates is chosen for each optimiser on seeds 0 to 2, and the other seeds judge.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Less, LessAtBest
from ripplecarry.claims.measures import area
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

RATES = {"adam": (0.003, 0.01), "momentum": (0.03, 0.1), "sgd": (0.3, 1.0)}
BATCHES = (20, 200, 2000)
CHOOSING_SEEDS = 3


def at_rates(optimiser: str) -> tuple[dict[str, object], ...]:
    """The optimiser's trials at batch 200."""
    return tuple(
        {"optimiser": optimiser, "learning_rate": rate, "batch_size": 200} for rate in RATES[optimiser]
    )


STUDY = Study(
    name="batch_and_optimiser",
    question=__doc__,
    base=Trial(steps=500),
    grid={
        ("optimiser", "learning_rate"): tuple(
            (optimiser, rate) for optimiser, rates in RATES.items() for rate in rates
        ),
        "batch_size": BATCHES,
    },
    claims=(
        *(
            Claim(
                f"O{number}",
                f"Adam's loss falls faster than that of {words}, each at its better rate (batch 200)",
                LessAtBest(
                    area("loss"),
                    at_rates("adam"),
                    at_rates(other),
                    chosen_by=area("loss"),
                    split=CHOOSING_SEEDS,
                ),
            )
            for number, (other, words) in enumerate(
                {"sgd": "plain gradient descent", "momentum": "momentum"}.items(), start=1
            )
        ),
        *(
            Claim(
                f"O{number}",
                f"a step on {larger} pairs teaches more than one on {smaller} (Adam at 0.003)",
                Less(
                    area("loss"),
                    {"optimiser": "adam", "learning_rate": 0.003, "batch_size": larger},
                    {"optimiser": "adam", "learning_rate": 0.003, "batch_size": smaller},
                ),
            )
            for number, (smaller, larger) in enumerate(((20, 200), (200, 2000)), start=3)
        ),
    ),
    seeds=8,
)
