"""Sentences made from labelled ones: some tokens are exchanged for others that have the same tag.

They need not make sense where a model labels them for another to learn. Source: Dai and Adel 2020, "An analysis of
simple data augmentation for named entity recognition", label-wise token replacement.
"""

from collections.abc import Sequence

import numpy as np

from rnncli.data.sentence import Sentence


def variants(sentences: Sequence[Sentence], copies: int, share: float, rng: np.random.Generator) -> list[Sentence]:
    """Copies of all sentences, in each of which this share of the tokens is exchanged at random.

    A token takes its columns with it. What else a file says of a sentence is left out.
    """
    tokens: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for sentence in sentences:
        for token, columns, tag in _rows(sentence):
            tokens.setdefault(tag, []).append((token, columns))
    made = []
    for sentence in [*sentences] * copies:
        is_exchanged = rng.random(len(sentence.tokens)) < share
        places = rng.random(len(sentence.tokens))
        rows = []
        for (token, columns, tag), exchanged, place in zip(_rows(sentence), is_exchanged, places, strict=True):
            others = tokens[tag]
            rows.append(others[int(place * len(others))] if exchanged else (token, columns))
        made.append(Sentence([row[0] for row in rows], sentence.tags, [row[1] for row in rows], sentence.line))
    return made


def _rows(sentence: Sentence) -> list[tuple[str, tuple[str, ...], str]]:
    """Token, columns and tag; where there are no columns, their rows may be left out."""
    columns = sentence.columns or [()] * len(sentence.tokens)
    return list(zip(sentence.tokens, columns, sentence.tags, strict=True))
