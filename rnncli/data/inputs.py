"""What sentences look like to the network: their words and tags as numbers, end to end."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from rnncli.data.batch import Encoded
from rnncli.data.vocabulary import Vocabulary


def encode(
    sentences: Sequence[Sequence[str]],
    vocabulary: Vocabulary,
    tags: Iterable[Sequence[str]] = (),
    tag_numbers: Mapping[str, int] | None = None,
) -> Encoded:
    """Encode tokens, and tags where given; a tag that is not among ``tag_numbers`` is −1."""
    starts = np.zeros(len(sentences) + 1, np.int64)
    np.cumsum([len(tokens) for tokens in sentences], out=starts[1:])
    known: dict[str, int] = {}  # one look-up per distinct token
    words = np.empty(int(starts[-1]), np.int32)
    position = 0
    for tokens in sentences:
        for token in tokens:
            number = known.get(token)
            if number is None:
                number = known[token] = vocabulary.number(token)
            words[position] = number
            position += 1
    numbers = tag_numbers or {}
    gold = [numbers.get(tag, -1) for sentence in tags for tag in sentence]
    return Encoded(words, np.array(gold, np.int32) if gold else np.full(len(words), -1, np.int32), starts)
