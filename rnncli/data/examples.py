"""A pair of sentences that shows why memory is needed: one word with two tags."""

from collections.abc import Callable, Sequence
from functools import partial

from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme
from rnncli.data.tokenizer_choice import typed

_SHORTEST, _LONGEST = 3, 12

# Two requests that differ in one word; they are the examples of a model of the bundled corpus.
BOOKING_PAIR = ["arrive Taipei on November 2nd", "leave Taipei on November 2nd"]


def contrast_pair(sentences: Sequence[Sentence], tokenizer: str, scheme: Scheme) -> list[str]:
    """Return two short texts that share a word with different types of tags, or nothing if there are none.

    They are the shortest such sentences, so the result depends on the data alone. A tag outside has no type.
    """
    join = _join(tokenizer)
    seen: dict[str, dict[str, Sentence]] = {}  # token -> type of its tag -> first sentence
    for sentence in sorted(sentences, key=lambda s: len(s.tokens)):
        if not _SHORTEST <= len(sentence.tokens) <= _LONGEST:
            continue
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            kind = scheme.type_of(tag)
            if kind is None:
                continue
            sentences_by_kind = seen.setdefault(token, {})
            for kind_before, sentence_before in sentences_by_kind.items():
                if kind_before != kind and sentence_before is not sentence:
                    return [join(sentence_before.tokens), join(sentence.tokens)]
            sentences_by_kind.setdefault(kind, sentence)
    return []


def example(sentences: Sequence[Sentence], tokenizer: str) -> str:
    """The text of the first sentence that is neither short nor long, else the beginning of the first one."""
    usual = (sentence for sentence in sentences if _SHORTEST <= len(sentence.tokens) <= _LONGEST)
    return _join(tokenizer)(next(usual, sentences[0]).tokens[:_LONGEST])


def _join(tokenizer: str) -> Callable[[Sequence[str]], str]:
    """The function that makes a text of tokens."""
    return partial(typed, joint="") if "characters" in tokenizer.split("+") else " ".join
