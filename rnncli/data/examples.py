"""A pair of sentences that shows why memory is needed: one word with two tags."""

from collections.abc import Sequence

from rnncli.data.tsv import Sentence

_SHORTEST, _LONGEST = 3, 12


def contrast_pair(sentences: Sequence[Sentence], tokenizer: str) -> list[str]:
    """Return two short texts that share a word with different tags, or nothing if there are none.

    The shortest such sentences are taken, so the choice is a function of the data. O counts for nothing, and
    neither does the place in a span (B-x and I-x are one).
    """
    joint = "" if tokenizer == "characters" else " "
    seen: dict[str, dict[str, Sentence]] = {}  # token -> type of its tag -> first sentence
    for sentence in sorted(sentences, key=lambda s: len(s.tokens)):
        if not _SHORTEST <= len(sentence.tokens) <= _LONGEST:
            continue
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            kind = tag.partition("-")[2] or tag
            types = seen.setdefault(token, {})
            for other in (types[other] for other in types if "O" not in (kind, other) and other != kind):
                if other is not sentence:
                    return [joint.join(other.tokens), joint.join(sentence.tokens)]
            types.setdefault(kind, sentence)
    return []
