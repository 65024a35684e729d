"""A pair of sentences that shows why memory is needed: one word with two tags."""

from collections.abc import Sequence
from functools import partial

from rnncli.data.tokenizer_choice import typed
from rnncli.data.tsv import Sentence

_SHORTEST, _LONGEST = 3, 12


def contrast_pair(sentences: Sequence[Sentence], tokenizer: str) -> list[str]:
    """Return two short texts that share a word with different tags, or nothing if there are none.

    They are the shortest such sentences, so the result depends on the data alone. O does not count as a tag here,
    and B-x and I-x count as the same tag.
    """
    join = partial(typed, joint="") if "characters" in tokenizer.split("+") else " ".join
    seen: dict[str, dict[str, Sentence]] = {}  # token -> type of its tag -> first sentence
    for sentence in sorted(sentences, key=lambda s: len(s.tokens)):
        if not _SHORTEST <= len(sentence.tokens) <= _LONGEST:
            continue
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            kind = tag.partition("-")[2] or tag
            sentences_by_kind = seen.setdefault(token, {})
            for kind_before, sentence_before in sentences_by_kind.items():
                differs = kind_before != kind and "O" not in (kind_before, kind)
                if differs and sentence_before is not sentence:
                    return [join(sentence_before.tokens), join(sentence.tokens)]
            sentences_by_kind.setdefault(kind, sentence)
    return []
