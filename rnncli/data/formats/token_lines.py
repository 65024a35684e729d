"""Lines of tokens with TABs between columns, as TSV has them."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from rnncli.data.batch import Ints, Longs

# What ends a cell or a line, and the symbols that are written in its place.
_ENDS = str.maketrans({"\t": "␉", "\n": "␊", "\r": "␍"})
_HAS_END = re.compile(r"[\t\n\r]")


def _cells(texts: Sequence[str]) -> Sequence[str]:
    """Texts that can be cells: a TAB, line feed or carriage return in one becomes a visible symbol."""
    return [text.translate(_ENDS) for text in texts] if _HAS_END.search(" ".join(texts)) else texts


def format_sentence(rows: Iterable[Iterable[str]]) -> str:
    """Lines of a sentence, columns joined by TAB, with the blank line that ends it."""
    return "".join("\t".join(_cells(list(cells))) + "\n" for cells in rows) + "\n"


def format_block(tokens: Sequence[str], starts: Longs, tags: Ints, names: Sequence[str]) -> str:
    """Format sentences end to end as :func:`format_sentence` does each, in a few operations for all.

    starts  (B + 1,) first token of each sentence, and the end of the last
    tags    (N,)     number of each token's tag among ``names``
    """
    ends = [f"\t{name}\n" for name in _cells(names)]
    ends += [end + "\n" for end in ends]  # of a sentence's last token
    last = starts[1:][np.diff(starts) > 0] - 1
    chosen = tags.copy()
    chosen[last] += len(names)
    cells = [""] * (2 * len(tokens))
    cells[::2] = _cells(tokens)
    cells[1::2] = [ends[number] for number in chosen.tolist()]
    if len(last) < len(starts) - 1:  # a sentence without tokens is an empty line
        for start in reversed(starts[:-1][np.diff(starts) == 0].tolist()):
            cells.insert(2 * start, "\n")
    return "".join(cells)
