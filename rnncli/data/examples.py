"""A pair of sentences that shows why memory is needed: one word with two tags."""

from collections.abc import Sequence

from rnncli.data.tsv import Sentence

_SHORTEST, _LONGEST = 3, 12


def contrast_pair(sentences: Sequence[Sentence], tokenizer: str) -> list[str]:
    """Return two short texts that share a word with different tags, or nothing if there are none.

    Among the shortest such sentences, those that follow each other in the file's order are taken, so the
    choice is a function of the data.
    """
    joint = "" if tokenizer == "characters" else " "
    seen: dict[str, tuple[str, Sentence]] = {}
    for sentence in sorted(sentences, key=lambda s: len(s.tokens)):
        if not _SHORTEST <= len(sentence.tokens) <= _LONGEST:
            continue
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            other_tag, other = seen.setdefault(token, (tag, sentence))
            if tag != other_tag and "O" not in (tag, other_tag) and other is not sentence:
                return [joint.join(other.tokens), joint.join(sentence.tokens)]
    return []
