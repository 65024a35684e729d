"""The weight of each tag's errors in training: balanced, so that rare tags weigh more, or from a file."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from rnncli.data import opening, textfile
from rnncli.data.faults import Fault, Faults
from rnncli.errors import DataError
from rnncli.spec import suggestion

BALANCED = "balanced"
LONGEST_LINE = 1 << 20  # characters


def balanced(counts: Mapping[str, int]) -> dict[str, float]:
    """Weight each of K tags by N / (K · n_tag): the weights of all tags have the same sum, and their mean is 1.

    N is the number of tokens. This is how King and Zeng (2001) weight rare events, and scikit-learn balances
    classes. Tags that do not occur are left out.
    """
    occurring = {tag: count for tag, count in counts.items() if count > 0}
    total = sum(occurring.values())
    return {tag: total / (len(occurring) * count) for tag, count in occurring.items()}


def read(path: str, known: Collection[str] | None = None) -> dict[str, float]:
    """Read lines of tag<TAB>weight; all faults are reported together as one :class:`DataError`.

    Weights must be finite and above 0, and a tag may have only one. Blank lines are skipped.

    known  the tags that may occur; ``None`` allows all
    """
    faults = Faults(opening.name_of(path))
    weights: dict[str, float] = {}
    for number, text in textfile.numbered(path, faults, LONGEST_LINE):
        cells = text.split("\t")
        if not text.strip():
            continue
        fault = _fault(number, text, cells, weights, known)
        if fault:
            faults.add(fault)
        else:
            weights[cells[0]] = float(cells[1])
    faults.raise_any()
    if not weights:
        raise DataError("no weight in this file", where=faults.name, hint="expected lines of tag<TAB>weight")
    return weights


def _fault(
    number: int, text: str, cells: list[str], before: Collection[str], known: Collection[str] | None
) -> Fault | None:
    hint = "separate tag and weight by one TAB character"
    if len(cells) != 2:
        if len(cells) < 2:
            return Fault(number, len(text) + 1, "expected tag<TAB>weight, found one column", text, hint)
        column = len(cells[0]) + len(cells[1]) + 2
        return Fault(number, column, f"expected tag<TAB>weight, found {len(cells)} columns", text, hint)
    tag, weight = cells
    if not tag:
        return Fault(number, 1, "empty tag", text, hint)
    if tag in before:
        return Fault(number, 1, "this tag has a weight already", tag, "name every tag once")
    if known is not None and tag not in known:
        return Fault(number, 1, "training never shows this tag", tag, suggestion(tag, known))
    if not _is_weight(weight):
        hint = "give a number above 0; 1 changes nothing"
        return Fault(number, len(tag) + 2, "not a weight", weight or text, hint)
    return None


def _is_weight(text: str) -> bool:
    """Tell whether this is a number that is finite and above 0 in single precision."""
    try:
        value = float(text)
    except ValueError:
        return False
    if not text.isascii() or "_" in text:  # which Python allows
        return False
    with np.errstate(all="ignore"):
        return bool(0 < np.float32(value) < np.inf)


def for_tags(choice: str | Mapping[str, float], tags: Sequence[str], counts: Mapping[str, int]) -> list[float]:
    """Return the weight of each of the tags; 1 for a tag that the choice leaves out.

    choice  ``balanced``, the path of a file for :func:`read` that has no other tags, or the weights themselves
    """
    if isinstance(choice, str):
        choice = balanced(counts) if choice == BALANCED else read(choice, tags)
    return [choice.get(tag, 1.0) for tag in tags]
