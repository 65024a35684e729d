"""Tags of one scheme as tags of another, through the spans that they mark."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rnncli.data import tags
from rnncli.data.formats.charspans import iob2
from rnncli.errors import DataError, UsageError

TARGETS = ("IOB2",)


class Respelling(NamedTuple):
    """Writes the tags of a sentence, which mark spans by the scheme ``source``, by the scheme ``target``."""

    source: str
    target: str

    def rewritten(self, sentence_tags: Sequence[str]) -> list[str]:
        """The tags that mark the same spans."""
        return iob2(tags.spans(sentence_tags), len(sentence_tags))

    def malformed(self, sentence_tags: Sequence[str]) -> int:
        """How many moves from tag to tag the source scheme does not allow."""
        return 0 if tags.obeys([sentence_tags], self.source) else 1


def respelling(target: str, sentences: Iterable[Sequence[str]], name: str) -> Respelling:
    """Recognise the scheme of all these tags; :class:`.DataError` with the file's name if they mark no spans."""
    if target not in TARGETS:
        raise UsageError(f"--scheme {target}: not known")
    distinct: set[str] = set()
    source = tags.recognise(_watched(sentences, distinct))
    if source == "plain" and not distinct <= {"O"}:
        raise DataError("the tags mark no spans", where=name, hint="these are plain tags")
    return Respelling(source, target)


def _watched(sentences: Iterable[Sequence[str]], distinct: set[str]) -> Iterator[Sequence[str]]:
    """The same sentences; their tags are put into ``distinct``."""
    for sentence_tags in sentences:
        distinct.update(sentence_tags)
        yield sentence_tags
