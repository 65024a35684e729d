"""Tags of one scheme as tags of another, through the spans that they mark."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from rnncli.data import schemes
from rnncli.data.tags import SCHEMES, Scheme
from rnncli.errors import DataError, UsageError

TARGETS = tuple(name for name in SCHEMES if name != "plain")


@dataclass
class Respelling:
    """Writes the tags of sentences, which mark spans by the scheme ``source``, by the scheme ``target``.

    malformed  how many moves from tag to tag the source does not allow
    joined     how many spans became one with the span before them, because the target does not divide them
    """

    source: Scheme
    target: Scheme
    malformed: int = 0
    joined: int = 0
    _allowed: dict[tuple[str, str], bool] = field(default_factory=dict)

    def rewritten(self, tags: Sequence[str]) -> list[str]:
        """The tags that mark the same spans."""
        self.malformed += sum(
            not self._allows(move) for move in pairwise([self.source.outside, *tags, self.source.outside])
        )
        spans = self.source.spans(tags)
        written = self.target.write(spans, len(tags))
        if not self.target.limits_moves:
            self.joined += len(spans) - len(self.target.spans(written))
        return written

    def _allows(self, move: tuple[str, str]) -> bool:
        if move not in self._allowed:
            inner = [tag for tag in move if tag != self.source.outside]
            wrong = self.source.malformed([inner])
            self._allowed[move] = not any((one.before, one.tag) == move for one in wrong)
        return self._allowed[move]


def respelling(target: str | Scheme, sentences: Iterable[Sequence[str]], name: str) -> Respelling:
    """Recognise the scheme of all these tags.

    Tags without letters are read as io if some are outside: neighbours with the same tag are a span. Raises
    :class:`.DataError` with the file's name if the tags mark no spans.

    target  a name: its tags are spelled as those of the file; or a scheme
    """
    if isinstance(target, str) and target not in TARGETS:
        raise UsageError(f"--scheme {target}: not a scheme of spans", hint=f"known: {', '.join(TARGETS)}")
    distinct: dict[str, None] = {}
    source = schemes.recognise(_watched(sentences, distinct))
    if not source.has_spans:
        outside = next((tag for tag in ("O", "o") if tag in distinct), "")
        if not outside:
            hint = f"tags that do are B-{next(iter(distinct), 'x')}, I-{next(iter(distinct), 'x')} and O"
            raise DataError("the tags mark no spans", where=name, hint=hint)
        source = Scheme("io", outside=outside)
    return Respelling(source, replace(source, name=target) if isinstance(target, str) else target)


def _watched(sentences: Iterable[Sequence[str]], distinct: dict[str, None]) -> Iterator[Sequence[str]]:
    """The same sentences; their tags are put into ``distinct``."""
    for tags in sentences:
        distinct.update(dict.fromkeys(tags))
        yield tags
