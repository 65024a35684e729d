"""Variants of sentences keep tags and lengths, and exchange tokens for others with the same tag."""

import numpy as np

from rnncli.data.sentence import Extra, Sentence
from rnncli.data.variants import variants

SENTENCES = [
    Sentence(["to", "Rome", "or", "Oslo"], ["O", "B-city", "O", "B-city"], [("p",), ("n",), ("c",), ("n",)], 1),
    Sentence(["Paris"], ["B-city"], [("m",)], 6, Extra(text="Paris")),
]


def test_a_token_comes_with_its_columns_from_the_tokens_with_its_tag():
    pairs = {
        "O": {("to", ("p",)), ("or", ("c",))},
        "B-city": {("Rome", ("n",)), ("Oslo", ("n",)), ("Paris", ("m",))},
    }
    made = variants(SENTENCES, 50, 1.0, np.random.default_rng(1))
    assert [sentence.tags for sentence in SENTENCES * 50] == [sentence.tags for sentence in made]
    seen = {"O": set(), "B-city": set()}
    for sentence in made:
        assert sentence.extra == Extra()
        for token, columns, tag in zip(sentence.tokens, sentence.columns, sentence.tags, strict=True):
            seen[tag].add((token, columns))
    assert pairs == seen


def test_the_share_is_that_of_the_tokens():
    long = Sentence([f"w{i}" for i in range(10_000)], ["O"] * 10_000, [], 1)
    (made,) = variants([long], 1, 0.3, np.random.default_rng(2))
    changed = sum(a != b for a, b in zip(long.tokens, made.tokens, strict=True))
    assert 2_850 < changed < 3_150
    assert SENTENCES[0].tokens == variants(SENTENCES, 1, 0.0, np.random.default_rng(3))[0].tokens
    assert [] == variants(SENTENCES, 0, 0.3, np.random.default_rng(3))
