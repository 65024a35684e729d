"""Tags of one scheme as tags of another, through the spans that they mark."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rnncli.data import schemes
from rnncli.data.tags import SCHEMES, Scheme
from rnncli.errors import DataError, UsageError

TARGETS = tuple(SCHEMES)


class Respelling(NamedTuple):
    """Writes the tags of a sentence, which mark spans by the scheme ``source``, by the scheme ``target``."""

    source: Scheme
    target: Scheme

    def rewritten(self, tags: Sequence[str]) -> list[str]:
        """The tags that mark the same spans."""
        return self.target.write(self.source.spans(tags), len(tags))

    def malformed(self, tags: Sequence[str]) -> int:
        """How many moves from tag to tag the source scheme does not allow."""
        return len(self.source.malformed([tags]))


def respelling(target: str, sentences: Iterable[Sequence[str]], name: str) -> Respelling:
    """Recognise the scheme of all these tags, whose spelling is kept.

    Raises :class:`.DataError` with the file's name if they mark no spans.
    """
    if target not in TARGETS or target == "plain":
        known = ", ".join(scheme for scheme in TARGETS if scheme != "plain")
        raise UsageError(f"--scheme {target}: not a scheme of spans", hint=f"known: {known}")
    distinct: set[str] = set()
    source = schemes.recognise(_watched(sentences, distinct))
    if not source.has_spans:
        if not distinct <= {"O", "o"}:
            raise DataError("the tags mark no spans", where=name, hint="these are plain tags")
        source = Scheme("IOB2")
    return Respelling(source, replace(source, name=target))


def _watched(sentences: Iterable[Sequence[str]], distinct: set[str]) -> Iterator[Sequence[str]]:
    """The same sentences; their tags are put into ``distinct``."""
    for tags in sentences:
        distinct.update(tags)
        yield tags
