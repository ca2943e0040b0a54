"""Evaluations as `ripplecarry evaluate` keeps them, made up."""


def made_evaluation(failure, lengths=(2, 5)):
    """Two kinds of runs at some lengths, the carry runs worse, the first length tried in full."""
    worst = {
        "kind": "carry", "run": 3, "num_pairs": 100, "num_exact": 99, "low": 0.9, "high": 0.99,
        "is_exhaustive": False, "num_digits": 300, "num_right_digits": 299,
    }  # fmt: skip
    better = worst | {"kind": "idle", "run": 1, "num_exact": 100, "low": 0.95, "high": 1.0}
    first = better | {"length": lengths[0], "is_exhaustive": True}
    grid = [
        first,
        *(cell | {"length": length} for length in lengths[1:] for cell in (better, worst, better)),
    ]
    return {"grid": grid, "failure": failure, "hard_cases": []}
