"""data/exchange.py: spans of training sentences in the places of others."""

from itertools import pairwise

import numpy as np
import pytest

from rnncli.data.batch import Encoded
from rnncli.data.exchange import LONGEST, Exchange
from rnncli.data.tags import Scheme


def exchanged(rows: list[list[str]], scheme: Scheme, share: float, seed: int = 0) -> list[list[str]]:
    """The tags of sentences after an exchange; every token knows its own tag."""
    tags = sorted({tag for row in rows for tag in row})
    numbers = np.array([tags.index(tag) for row in rows for tag in row], np.int32)
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    encoded = Encoded(numbers, numbers[None], [], numbers, starts)
    sentences = np.arange(len(rows))
    positions, ends = Exchange(encoded, tags, scheme).cut(sentences, share, np.random.default_rng(seed))
    return [[tags[numbers[i]] for i in positions[first:end]] for first, end in pairwise(ends)]


def types(rows: list[list[str]], scheme: Scheme) -> list[list[str]]:
    return [[span.type for span in scheme.spans(row)] for row in rows]


ROWS = {
    "IOB2": ["B-x I-x O B-y", "O B-y I-y B-y O", "B-x B-x I-x I-x O"],
    "IOB1": ["I-x I-x O I-y", "O I-y I-y B-y O", "I-x B-x I-x I-x O"],
    "IOE1": ["I-x I-x O I-y", "O I-y E-y I-y O", "E-x I-x I-x I-x O"],
    "IOE2": ["I-x E-x O E-y", "O I-y E-y E-y O", "E-x I-x I-x E-x O"],
    "IOBES": ["B-x E-x O S-y", "O B-y E-y S-y O", "S-x B-x I-x E-x O"],
}


@pytest.mark.parametrize("name", ROWS)
def test_the_types_of_the_spans_and_what_is_outside_stay_and_the_tags_are_legal(name: str) -> None:
    rows = [row.split() for row in ROWS[name]]
    scheme = Scheme(name)
    results = [exchanged(rows, scheme, 1.0, seed) for seed in range(40)]
    assert len({str(result) for result in results}) >= 4
    for result in results:
        assert types(rows, scheme) == types(result, scheme)
        assert [row.count("O") for row in rows] == [row.count("O") for row in result]
    assert len({len(result[0]) for result in results}) > 1


def test_a_share_of_the_spans_is_exchanged_for_all_that_fit() -> None:
    rows = [["O", "B-x", "O"], ["B-x", "I-x"]] * 1000
    result = exchanged(rows, Scheme("IOB2"), 0.5)
    longer = sum(len(row) == 4 for row in result[::2])
    assert 200 < longer < 300  # a quarter: a half of the spans, and then one of two that fit
    assert rows == exchanged(rows, Scheme("IOB2"), 0.0)


def test_a_long_span_stays_and_has_no_other_place() -> None:
    rows = [["B-x"] + ["I-x"] * LONGEST, ["O", "B-x"]]
    assert all(rows == exchanged(rows, Scheme("IOB2"), 1.0, seed) for seed in range(20))


def test_tags_without_spans_stay() -> None:
    rows = [["DET", "NOUN"], ["VERB"]]
    assert rows == exchanged(rows, Scheme("plain"), 1.0)
