"""Which scheme the tags of a file follow, and the tags in it that cannot be meant so.

A scheme is recognised by shares, so that one odd tag among many does not change what all others mean. Tags fit a
scheme where nearly all of them are spelled as its tags are. Where single words could be spelled so by chance ("IN",
"ISSUE", "S"), their order must be that of the scheme too.
"""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnncli.data.faults import SHOWN_FAULTS, Fault, Faults, line_in_words
from rnncli.data.formats import tsv
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN, SCHEMES, Scheme, spellings
from rnncli.errors import DataError, UsageError

# Ties are decided by this order. Some files mix IOB1 and IOB2; the spans are the same by both.
_WITH_LETTERS = ("IOB2", "IOB1", "IOBES", "IOE2", "IOE1", "BILOU", "BMES", "BMEWO")

# The share of the tags, without those outside, that fit the scheme; all others are then faults.
LEAST_SHARE = 0.5  # where tags have separators and pairs
LEAST_SHARE_OF_WORDS = 0.9  # where tags may fit by chance
LEAST_SHARE_BY_NAME = 0.8  # where the scheme is asked for
PAIRED_SHARE = 0.5  # of the tags in a span whose type has two letters, as B-x and I-x
MALFORMED_SHARE = 0.5  # of what tags in a random order would have, and of the moves that only a scheme explains

SHOWN_MOVES = 3
MOST_NEAREST = 100  # odd tags of a file that are compared with all others

_LIKE_O = str.maketrans("0\u041e\u043e\u039f\u03bf", "OOOOO")  # zero; O and o of Cyrillic and of Greek


class Odd(NamedTuple):
    """A tag that is not one of the scheme of its file."""

    sentence: int  # from 0
    token: int  # from 0
    tag: str


def recognise(sentences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme of the tags of these sentences; plain where they fit none, or are all outside. Never io."""
    return _Tags(sentences).recognise()


def choose(name: str, sentences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme of this name as these sentences spell it; for "auto" the one that is recognised.

    Raises :class:`.UsageError` where the tags cannot be of this scheme.
    """
    if name == "plain":
        return PLAIN
    tags = _Tags(sentences)
    recognised = tags.recognise()
    if name in ("auto", recognised.name):
        return recognised
    if name == "io":
        if not recognised.has_spans:
            return Scheme("io", outside=tags.outside)
        letters = ", ".join(SCHEMES[recognised.name].letters)
        raise UsageError(
            f"--scheme io: the tags have letters of their own ({letters}): they are {recognised.name}",
            hint=f"give --scheme {recognised.name}, or leave it out",
        )
    fit = tags.best([name])
    if fit is not None and fit.share >= LEAST_SHARE_BY_NAME and fit.is_orderly:
        return fit.scheme
    found = recognised.name if recognised.has_spans else "no spans; --scheme io joins neighbours with the same tag"
    hint = f"leave it out: --scheme auto finds {found}"
    raise UsageError(f"--scheme {name}: the tags are not {name}{tags.example(fit)}", hint=hint)


def could_be_io(sentences: Iterable[Sequence[str]]) -> bool:
    """Tell whether plain tags look like spans without letters: O is the most frequent, others are side by side."""
    tags = _Tags(sentences)
    numbers = (0, tags.numbers.get(tags.outside, 0))
    is_same = (tags.before == tags.after) & ~np.isin(tags.before, numbers)
    return [tags.outside] == [tag for tag, _ in tags.counts.most_common(1)] and bool(is_same.any())


def odd_tags(sentences: Iterable[Sequence[str]], scheme: Scheme) -> Iterator[Odd]:
    """The tags that are not of this scheme, one after another."""
    is_odd: dict[str, bool] = {}
    for sentence, tags in enumerate(sentences):
        for token, tag in enumerate(tags):
            if tag not in is_odd:
                looks_outside = tag != scheme.outside and _like_o(tag) == "O"
                looks_like_another = scheme.has_spans and (looks_outside or _has_invisible_end(tag))
                is_odd[tag] = looks_like_another or not scheme.is_legal(tag)
            if is_odd[tag]:
                yield Odd(sentence, token, tag)


def nearest(tag: str, scheme: Scheme, tags: Iterable[str]) -> str:
    """The legal tag among these, or the tag outside, that is the most like an odd one; of equal ones the first."""
    folded = _like_o(tag)
    if folded == "O":
        return scheme.outside
    legal = [scheme.outside, *(known for known in dict.fromkeys(tags) if scheme.is_legal(known) and known != tag)]
    matcher = difflib.SequenceMatcher(None, "", folded, autojunk=False)
    likeness = []
    for known in legal:
        matcher.set_seq1(_like_o(known))
        likeness.append(matcher.ratio())
    best = max(likeness)
    return legal[likeness.index(best)] if best >= 0.5 else scheme.outside


def odd_faults(corpus: Corpus, scheme: Scheme, tags: Sequence[str], most: int = SHOWN_FAULTS) -> Faults:
    """The odd tags of a file, each as a fault that names the most similar of these tags; ``most`` are kept."""
    faults = Faults(corpus.name, most=most)
    legal: dict[str, str] = {}
    for odd in odd_tags((sentence.tags for sentence in corpus.sentences), scheme):
        if faults.count >= most:  # it is counted only
            faults.count += 1
            continue
        sentence = corpus.sentences[odd.sentence]
        message = f"not a tag of {scheme.text}"
        if odd.tag not in legal and len(legal) < MOST_NEAREST:
            legal[odd.tag] = nearest(odd.tag, scheme, tags)
        if odd.tag in legal:
            message += f'; the nearest is "{legal[odd.tag]}"'
        hint = "mend the tags, or give --force: they are outside all spans; or --scheme plain: no tag marks a span"
        column = _column_of_tag(corpus, sentence, odd.token)
        faults.add(Fault(sentence.line_of(odd.token), column, message, odd.tag, hint))
    return faults


def _column_of_tag(corpus: Corpus, sentence: Sentence, token: int) -> int:
    """Where the tag of a token begins in its line, in characters from 1; 0 if that is not known.

    It is known in TSV, if all columns before the tag were read.
    """
    if corpus.format != tsv.FORMAT.name:
        return 0
    features = sentence.columns[token]
    names = corpus.names
    last = len(features) + 1 if names.tag is None else names.tag
    cells = {names.token: sentence.tokens[token]}
    for number, feature in enumerate(features):
        name = names.features[number] if number < len(names.features) else str(number + 2)
        cells[names.cells.index(name) if name in names.cells else int(name) - 1] = feature
    before = range(last)
    return 1 + sum(len(cells[i]) + 1 for i in before) if cells.keys() >= set(before) else 0


def refuse_odd(corpus: Corpus, scheme: Scheme, tags: Sequence[str]) -> None:
    """Raise a :class:`.DataError` if there are odd tags; see :func:`odd_faults`."""
    faults = odd_faults(corpus, scheme, tags)
    if faults.count:
        own = recognise(sentence.tags for sentence in corpus.sentences)
        _refuse_other(corpus, scheme, own, "the training data")
        faults.raise_any()


def refuse_another(corpus: Corpus, scheme: Scheme) -> None:
    """Raise a :class:`.DataError` if the tags are in the order of another scheme than that of a model."""
    tags = [sentence.tags for sentence in corpus.sentences]
    if any(odd_tags(tags, scheme)) or scheme.malformed(tags):
        _refuse_other(corpus, scheme, recognise(tags), "the model")


def describe_odd(
    corpus: Corpus, scheme: Scheme, tags: Sequence[str], force: bool = False, whose: str = "the model"
) -> str:
    """How many odd tags there are, and the first of them; "" if there are none.

    The spans of a file that has another scheme, or no letters, would be read wrong: a :class:`.DataError`, except
    with ``force``.

    whose  what has the scheme and these tags
    """
    faults = odd_faults(corpus, scheme, tags)
    if not faults.count:
        return ""
    own = recognise(sentence.tags for sentence in corpus.sentences)
    if not force and (own.named(scheme.name) != scheme or not set(own.letters) <= set(scheme.letters)):
        _refuse_other(corpus, scheme, own, whose)
    marked = sum(tag != scheme.outside for sentence in corpus.sentences for tag in sentence.tags)
    if not force and scheme.has_spans and not own.has_spans and 2 * faults.count > marked:
        message = f"the tags here mark no spans, those of {whose} are {scheme.text}"
        hint = f"rnncli convert FILE OUT --scheme {scheme.name} makes spans of neighbours with the same tag"
        raise DataError(message, where=corpus.name, hint=hint)
    first = faults.kept[0]
    count = "1 tag is" if faults.count == 1 else f"{faults.count:,} tags are"
    where = line_in_words(corpus.name, first.line)
    return f"{corpus.name}: {count} none of {scheme.text}, such as {first.text} in {where}"


def _refuse_other(corpus: Corpus, scheme: Scheme, own: Scheme, whose: str) -> None:
    """Raise a :class:`.DataError` if the file has a scheme of its own, which is another."""
    if own.has_spans and own != scheme:
        message = f"the tags here are {own.text}, those of {whose} are {scheme.text}"
        hint = f"write them as {scheme.text}"
        if own.named(scheme.name) == scheme:
            hint += f": rnncli convert FILE OUT --scheme {scheme.name}"
        raise DataError(message, where=corpus.name, hint=hint)


def describe_malformed(corpus: Corpus, scheme: Scheme) -> str:
    """How many moves the scheme does not allow, and the first few of them; "" if there are none."""
    malformed = scheme.malformed(sentence.tags for sentence in corpus.sentences)
    if not malformed:
        return ""
    examples = []
    for move in malformed[:SHOWN_MOVES]:
        sentence = corpus.sentences[move.sentence]
        last = len(sentence.tags)
        where = f"in {line_in_words(corpus.name, sentence.line_of(min(move.token, last - 1)))}"
        if move.token == 0:
            examples.append(f"{move.tag} {where} begins a sentence")
        elif move.token == last:
            examples.append(f"{move.before} {where} ends a sentence")
        else:
            examples.append(f"{move.tag} {where} follows {move.before}")
    more = ", …" if len(malformed) > len(examples) else ""
    count = "1 tag is" if len(malformed) == 1 else f"{len(malformed):,} tags are"
    rest = "spans are read as conlleval reads them"
    return f"{corpus.name}: {count} not in the order of {scheme.text}: {', '.join(examples)}{more}; {rest}"


def _has_invisible_end(tag: str) -> bool:
    """Whether a tag begins or ends with what is not seen, such as a no-break space, and so looks like another."""
    return any(end.isspace() or unicodedata.category(end) == "Cf" for end in (tag[:1], tag[-1:]) if end)


def _like_o(tag: str) -> str:
    """A tag without differences that are hard to see: blanks, case, full width, a zero or another script's O."""
    return unicodedata.normalize("NFKC", tag).strip().translate(_LIKE_O).upper()


class _Fit(NamedTuple):
    """How well the tags of a corpus fit a scheme; all numbers count tokens."""

    scheme: Scheme
    fitting: int  # tags in a span of the scheme
    odd: int  # tags that fit neither so nor as the tag outside
    excused: int  # of those, tags that are like the tag outside
    malformed: int  # moves that the scheme does not allow
    expected: float  # the same if the tags came in a random order
    confirming: int  # moves from one letter to another inside a span
    typed: int  # of the fitting ones, those with a type
    paired: int  # of the fitting ones, those whose type has several letters, or with a separator I alone
    letters: frozenset[str]  # the parts that occur

    @property
    def cost(self) -> int:
        """What would have to be changed to make the tags those of the scheme."""
        return 2 * self.odd + self.malformed

    @property
    def share(self) -> float:
        """The share of the tags in a span that fit."""
        return self.fitting / max(1, self.fitting + self.odd - self.excused)

    @property
    def is_orderly(self) -> bool:
        """Whether the moves are those of the scheme, and neither at random nor long runs of one tag."""
        return self.malformed <= MALFORMED_SHARE * min(self.expected, self.confirming)

    @property
    def is_certain(self) -> bool:
        """Whether this can only be a scheme, and no set of plain tags."""
        scheme = self.scheme
        one_letter = len(self.letters) == 1 and self.letters <= {"B", "I"}
        if 2 * self.typed <= self.fitting:  # bare letters
            several = len(self.letters) > 1 or (one_letter and not scheme.is_lower)
            return several and self.is_orderly and self.share >= LEAST_SHARE_OF_WORDS
        is_paired = self.paired >= PAIRED_SHARE * self.fitting
        is_usual = scheme.separator == "-" and not scheme.is_suffix and not scheme.is_lower
        fits = not self.odd or (is_paired and self.share >= LEAST_SHARE)
        if fits and is_usual and scheme.name not in ("BILOU", "BMES", "BMEWO"):
            return True
        if not self.is_orderly or not (is_paired or (one_letter and scheme.separator)):
            return False
        return self.share >= (LEAST_SHARE if is_paired and scheme.separator else LEAST_SHARE_OF_WORDS)


class _Tags:
    """The tags of sentences, counted."""

    def __init__(self, sentences: Iterable[Sequence[str]]) -> None:
        moves: Counter[tuple[str | None, str | None]] = Counter()  # None: before and after a sentence
        for tags in sentences:
            moves.update(pairwise([None, *tags, None]))
        self.counts: Counter[str] = Counter()
        for (before, _), count in moves.items():
            if before is not None:
                self.counts[before] += count
        self.outside = "o" if self.counts["o"] > self.counts["O"] else "O"
        self.like_outside = {tag for tag in self.counts if _like_o(tag) == "O"}
        # The distinct moves, as numbers of tags, 0 for None, and how often each occurs.
        self.numbers: dict[str | None, int] = {None: 0}
        self.numbers |= {tag: number for number, tag in enumerate(self.counts, 1)}
        rows = [(self.numbers[before], self.numbers[tag], count) for (before, tag), count in moves.items()]
        self.before, self.after, self.times = np.array(rows, np.int64).reshape(-1, 3).T

    def recognise(self) -> Scheme:
        fits = [fit for fit in self._fits(_WITH_LETTERS) if fit.is_certain]
        return min(fits, key=lambda fit: fit.cost).scheme if fits else PLAIN

    def best(self, names: Sequence[str]) -> _Fit | None:
        """The fit of least cost."""
        return min(self._fits(names), key=lambda fit: fit.cost, default=None)

    def example(self, fit: _Fit | None) -> str:
        """For a message: what does not fit."""
        if fit is None:
            return ""
        odd = next((tag for tag, _ in self.counts.most_common() if not fit.scheme.is_legal(tag)), None)
        if odd is not None and fit.share < LEAST_SHARE_BY_NAME:
            return f', such as "{odd}"'
        return f": {fit.malformed:,} of them follow a tag that they cannot follow"

    def _count(self, tags: Iterable[str]) -> int:
        return sum(self.counts[tag] for tag in tags)

    def _fits(self, names: Sequence[str]) -> Iterator[_Fit]:
        # Fewer fitting tags would be too small a share, whatever is meant by the others.
        outside = {*self.like_outside, *(tag for tag, _ in self.counts.most_common(1))}
        least = LEAST_SHARE * (self.counts.total() - self._count(outside))
        for spelling in spellings(self.outside):
            if not self.counts[self.outside]:
                spelling = replace(spelling, outside="o" if spelling.is_lower else "O")
            letters: dict[str, list[str]] = {}  # tags by their letters
            for tag in self.counts:
                if tag != spelling.outside:
                    letters.setdefault(spelling.cut(tag)[0], []).append(tag)
            for name in names:
                scheme = spelling.named(name)
                fitting = [tag for letter in scheme.letters for tag in letters.get(letter, [])]
                if self._count(fitting) > least:
                    yield self._fit(scheme, fitting)

    def _fit(self, scheme: Scheme, fitting: list[str]) -> _Fit:
        """Measure how well tags fit a scheme; ``fitting`` are the distinct tags in a span of it."""
        readings = {tag: scheme.split(tag) for tag in fitting}
        letters = frozenset(part for part, _ in readings.values())
        parts: dict[str, set[str]] = {}
        for part, kind in readings.values():
            parts.setdefault(kind, set()).add(part)
        # In IOB1 and IOE1 most types have I alone.
        inside = {"I"} if scheme.separator and len(letters) > 1 else set()
        paired_types = {kind for kind, its_parts in parts.items() if len(its_parts) > 1 or its_parts == inside}
        fits = self._count(fitting)
        typed = self._count(tag for tag in fitting if readings[tag][1])
        likes = self.like_outside - {scheme.outside}
        if not self.counts[scheme.outside] and scheme.separator and 2 * typed > fits:
            # Perhaps the most frequent tag stands for the tag outside.
            likes.update(tag for tag, _ in self.counts.most_common(1) if not scheme.cut(tag)[1])
        return _Fit(
            scheme,
            fits,
            self.counts.total() - fits - self.counts[scheme.outside],
            self._count(likes.difference(fitting)),
            *self._order(scheme, fitting),
            typed,
            self._count(tag for tag in fitting if readings[tag][1] in paired_types),
            letters,
        )

    def _order(self, scheme: Scheme, fitting: list[str]) -> tuple[int, float, int]:
        """Malformed moves, how many they were in a random order, and confirming moves; see :class:`_Fit`."""
        rule = scheme.rule([scheme.outside, *fitting])
        tags = len(fitting) + 1
        number = np.zeros(len(self.numbers), np.int64)  # among these tags; 0: all others are outside
        number[[self.numbers[tag] for tag in fitting]] = np.arange(1, tags)
        before = number[self.before]
        after = number[self.after]
        is_allowed = rule.allows(before, after)
        is_inside = (
            rule.is_open[before] & (rule.types[before] == rule.types[after]) & (before != after) & (after > 0)
        )
        # In a random order a tag comes after each other tag as often as that tag occurs.
        occurs = np.bincount(before, self.times, tags)
        is_open = np.where(rule.is_open, occurs, 0)
        own_type = np.bincount(rule.types, is_open, tags)[rule.types]
        others = is_open.sum() - own_type
        closed = occurs.sum() - is_open.sum()
        forbidden = np.choose(rule.after, [0 * closed, own_type + others, closed + others, others])
        expected = np.bincount(after, self.times, tags) @ forbidden / occurs.sum()
        malformed = self.times[~is_allowed].sum()
        confirming = self.times[is_allowed & is_inside].sum()
        return int(malformed), float(expected), int(confirming)
