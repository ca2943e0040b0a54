"""The results of an evaluation, in rows and lines."""

from ripplecarry.arithmetic.longest_runs import RunKind
from ripplecarry.evaluation.exactness import Exactness

_LENGTHS_PRINTED = 6


def rows_by_length(found: Exactness, kind: RunKind) -> list[dict[str, object]]:
    """A row a length: the share right over its runs, and the run that did worst with what is at least
    right there at 95 %; of several that did, the one with the fewest pairs."""
    rows: list[dict[str, object]] = []
    for length in dict.fromkeys(cell.length for cell in found.cells):
        cells = [cell for cell in found.cells if cell.length == length and cell.kind == kind]
        worst = min(cells, key=lambda cell: (cell.exact_match, cell.interval[0]))
        ties = sum(cell.exact_match == worst.exact_match for cell in cells) - 1
        pairs = sum(cell.num_pairs for cell in cells)
        rows.append(
            {
                f"{found.task.digit_word}s": length,
                found.task.inputs_word: pairs,
                "exact match": sum(cell.num_exact for cell in cells) / pairs,
                f"{found.task.digit_word} accuracy": sum(cell.num_right_digits for cell in cells)
                / sum(cell.num_digits for cell in cells),
                f"worst {kind} run": _worst_words(worst.run, ties, len(cells)),
                "right there": f"{worst.num_exact} of {worst.num_pairs}"
                + (", all there are" if worst.is_exhaustive else ""),
                "share at least (95 %)": worst.interval[0],
            }
        )
    return rows


def _worst_words(run: int, ties: int, num_runs: int) -> str:
    if not ties:
        return str(run)
    others = "all others" if ties == num_runs - 1 else f"{ties} other{'s' if ties > 1 else ''}"
    return f"{run}, as {others}"


def rows_of_hard_cases(found: Exactness) -> list[dict[str, object]]:
    """A row for each name, over all lengths."""
    rows: list[dict[str, object]] = []
    for name in dict.fromkeys(each.name for each in found.hard):
        mine = [each for each in found.hard if each.name == name]
        wrong = [str(each.length) for each in mine if each.num_exact < each.num_pairs]
        more = len(wrong) - _LENGTHS_PRINTED
        rows.append(
            {
                "operands": name,
                found.task.inputs_word: sum(each.num_pairs for each in mine),
                "right": sum(each.num_exact for each in mine),
                "wrong at": ", ".join(wrong[:_LENGTHS_PRINTED]) + (f" and {more} more" if more > 0 else ""),
            }
        )
    return rows
