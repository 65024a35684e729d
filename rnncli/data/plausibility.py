"""What is legal in a labelled file but cannot be right: columns in another order, missing blank lines, a header.

Each function of :data:`CHECKS` looks for one such problem. What two files must have in common is in
:mod:`rnncli.data.compatibility`.
"""

import logging
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from statistics import median
from typing import Protocol

from rnncli.data.evidence import Column, Evidence, Problem
from rnncli.data.faults import place, shown
from rnncli.data.formats.conllu import UPOS
from rnncli.data.formats.format import Names
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError

_LOG = logging.getLogger("rnncli")
FORCE = "--force reads it as it is"


class File(Protocol):
    """A labelled file, such as :class:`.Corpus`."""

    @property
    def sentences(self) -> Sequence[Sentence]:
        """All of its sentences, or those at its start."""

    @property
    def names(self) -> Names:
        """The names of its columns."""

    @property
    def format(self) -> str:
        """The name of its format."""


def problems(file: File, for_training: bool = False) -> list[Problem]:
    """All that cannot be right in a file; for training, also data that teach nothing."""
    evidence = Evidence(file.sentences, file.names, file.format)
    if not evidence.size:
        return []
    reported: dict[str, Problem] = {}
    for check in (*CHECKS, *(TRAINING_CHECKS if for_training else ())):
        problem = check(evidence)
        if problem:
            reported.setdefault(problem.topic, problem)
    return list(reported.values())


def refuse(name: str, reported: Iterable[Problem], force: bool = False) -> None:
    """Raise one :class:`.DataError` for problems of a file; with ``force``, and of notes, log a warning instead."""
    refused = []
    for problem in reported:
        if problem.is_refused and not force:
            refused.append(problem)
        else:
            _LOG.info("warning: %s: %s", place(name, problem.line), problem.message)
    if refused:
        lines = [f"{place(name, problem.line)}: {problem.message}" for problem in refused]
        hints = dict.fromkeys([*(problem.hint for problem in refused if problem.hint), FORCE])
        raise DataError("\n".join(lines), hint="\n  ".join(hints))


# The token column.

_COUNTED = re.compile(r"(?:\d+[-.:])?(\d{1,9})\.?|Sentence(?:: ?| #?)(\d{1,9})", re.IGNORECASE)
_IN_A_SPAN = re.compile(r"[BIESLUMW][-_]\S.*", re.DOTALL)
# fmt: off
_PENN = frozenset({"CC", "CD", "DT", "EX", "FW", "IN", "JJ", "JJR", "JJS", "LS", "MD", "NN", "NNS", "NNP", "NNPS",
                   "PDT", "POS", "PRP", "PRP$", "RB", "RBR", "RBS", "RP", "SYM", "TO", "UH", "VB", "VBD", "VBG",
                   "VBN", "VBP", "VBZ", "WDT", "WP", "WP$", "WRB", "HYPH", "NFP", "ADD", "AFX", "GW", "XX", "#",
                   "$", "``", "''", '"', "-LRB-", "-RRB-", "(", ")", ",", ".", ":"})
# fmt: on


def numbered_tokens(evidence: Evidence) -> Problem | None:
    """The tokens are 1, 2, 3 …, in each sentence or through the file, or the number of the sentence."""
    numeric = sum(count for token, count in evidence.tokens.items() if _COUNTED.fullmatch(token))
    if numeric < 0.9 * evidence.size or evidence.size < 5:
        return None
    runs = 0
    right = 0
    sentences = 0
    before = 0
    for sentence in evidence.sentences:
        numbers = [number for number, _ in groupby(map(_count_of, sentence.tokens))]
        runs += len(numbers)
        sentences += len(numbers) > 1
        for position, number in enumerate(numbers):
            # The first of a sentence may begin anew; where lines are numbered, it is after a blank line.
            is_next = number == before + 1 or (position == 0 and number in (0, 1, before, before + 2))
            right += is_next
            before = number
    are_of_sentences = 2 < runs <= 0.5 * evidence.size
    if right < 0.9 * runs or not (are_of_sentences or runs >= 5 or sentences > 1):
        return None
    what = "holds the number of the sentence" if are_of_sentences else "counts"
    message = f"the token column {what}, from {shown(evidence.sentences[0].tokens[0])} on"
    hint = _other_columns(evidence)
    if are_of_sentences and len(evidence.sentences) == 1 and evidence.features:
        hint = hint.replace("--columns token=", f"--format csv --columns sentence={evidence.token_name},token=")
    return Problem("columns", message, hint, evidence.sentences[0].line)


def _count_of(token: str) -> int:
    match = _COUNTED.fullmatch(token)
    return int(match[1] or match[2]) if match else -1


_STANDOFF = re.compile(r"\S+ \d+ \d+(;\d+ \d+)*")


def standoff(evidence: Evidence) -> Problem | None:
    """Each line is an annotation of brat: its number, its type with offsets in a text, and the text there."""
    values = evidence.features[0].values if evidence.features else ()
    if not values or not all(map(_STANDOFF.fullmatch, values)):
        return None
    message = f"lines of annotations in a text of another file, as brat writes them: {shown(next(iter(values)))}"
    return Problem("columns", message, "every line needs a token and its tag", evidence.sentences[0].line)


def tags_as_tokens(evidence: Evidence) -> Problem | None:
    """The token column holds the tags."""
    span_tags = _share_of_span_tags(evidence.tokens)
    are_span_tags = span_tags > 0.98 and any(map(_IN_A_SPAN.fullmatch, evidence.tokens))
    are_parts_of_speech = len(evidence.tokens) > 2 and any(
        evidence.tokens.keys() <= names and any(map(str.isalpha, evidence.tokens)) for names in (UPOS, _PENN)
    )
    # Words nearly determine their tags, and a tag does not determine its word.
    tags = len(evidence.tags)
    are_many = tags >= 200 or tags >= 0.2 * evidence.size
    are_fewer = evidence.size >= 40 and 2 * len(evidence.tokens) < tags < 0.9 * evidence.size
    are_determined = are_fewer and are_many and evidence.predictable(1) >= 0.8 and evidence.predictable(0) <= 0.6
    if not (are_span_tags or are_parts_of_speech or are_determined):
        return None
    examples = ", ".join(map(shown, list(evidence.tokens)[:3]))
    message = f"the token column holds the tags: {examples}"
    words = max([*evidence.features, evidence.tag_column], key=lambda column: len(column.values))
    if _share_of_span_tags(words.values) > 0.5 or len(words.values) <= len(evidence.tokens):
        hint = "every line needs a token beside its tag"
    else:
        hint = _choose(words.name, evidence.token_name)
    return Problem("columns", message, hint, evidence.sentences[0].line)


def _share_of_span_tags(values: Counter[str]) -> float:
    count = sum(n for value, n in values.items() if value in ("O", "o") or _IN_A_SPAN.fullmatch(value))
    return count / values.total()


def texts_as_tokens(evidence: Evidence) -> Problem | None:
    """The token column holds whole texts, as in data for classifying texts."""
    texts = [(token, count) for token, count in evidence.tokens.items() if token.strip().count(" ") > 1]
    if sum(count for _, count in texts) <= 0.5 * evidence.size:
        return None
    message = f"the token column holds whole texts, not tokens: {shown(texts[0][0])}"
    return Problem("columns", message, "every line needs one token and its tag", evidence.sentences[0].line)


_PLACEHOLDERS = frozenset(("_", "-", "–", "*", "None", "none", "null", "NULL", "nan", "NaN", "?"))


def no_tokens(evidence: Evidence) -> Problem | None:
    """All tokens, or all of a sentence, are the same word, or a sign that stands for nothing."""
    first = shown(next(iter(evidence.tokens)))
    is_one_word = len(evidence.tokens) == 1 and len(evidence.tags) > 1 and len(evidence.features) > 0
    sentences = [s for s in evidence.sentences if len(s.tokens) > 2] if evidence.features else []
    alike = sum(len(set(sentence.tokens)) == 1 for sentence in sentences)
    if evidence.size >= 2 and (is_one_word or evidence.tokens.keys() <= _PLACEHOLDERS):
        message = f"all tokens are {first}"
    elif len(sentences) > 2 and alike > 0.9 * len(sentences):
        message = f"all tokens of a sentence are the same, such as {first}"
    else:
        return None
    return Problem("columns", message, _other_columns(evidence), evidence.sentences[0].line)


def _other_columns(evidence: Evidence) -> str:
    """The columns to choose where the usual one holds no tokens."""
    features = evidence.features
    if not features:
        return "every line needs a token and its tag"
    most = max(len(column.values) for column in features)
    token = next(column for column in features if len(column.values) >= 0.8 * most)
    tag = _likely_tags(evidence, token) or evidence.tag_column
    return _choose(token.name, tag.name)


def _choose(token: str, tag: str) -> str:
    """The hint to read other columns."""
    return f"choose the columns: --columns {shlex.quote(f'token={token},tag={tag}')}"


def _likely_tags(evidence: Evidence, token: Column) -> Column | None:
    """The column that is most likely the tag's, if any: the last with few values, else that with the fewest."""
    candidates = [
        column
        for column in (evidence.tag_column, *reversed(evidence.features))
        if column.name != token.name and 1 < len(column.values) < len(token.values)
        if not all(
            value.isdecimal() or set(value) & {"(", ")"} or value in _PLACEHOLDERS for value in column.values
        )
    ]
    few = [column for column in candidates if len(column.values) <= max(2, 0.6 * len(token.values))]
    return next(iter(few), min(candidates, key=lambda column: len(column.values), default=None))


# The tag column.


def words_as_tags(evidence: Evidence) -> Problem | None:
    """The tag column holds words, lemmas or any other free text."""
    spelled = [(pair, count) for pair, count in evidence.pairs.items() if len(pair[0]) > 1 and pair[0].isalpha()]
    same = [(pair, count) for pair, count in spelled if pair[0].casefold() == pair[1].casefold()]
    is_copy = len(same) >= 5 and sum(n for _, n in same) >= 0.5 * sum(n for _, n in spelled)
    if is_copy:
        example = shown(same[0][0][1])
        return _wrong_tags(evidence, f"the tags are mostly the tokens themselves or their lemmas: {example}")
    words = len(evidence.tokens)
    tags = len(evidence.tags)
    if tags >= 0.9 * evidence.size >= 18:
        return _wrong_tags(evidence, f"almost as many tags as tokens: {tags:,} tags, {evidence.size:,} tokens")
    # Free text grows with a file, and about half of its words occur once; a set of tags is soon complete.
    once_words, once_tags = (
        sum(count == 1 for count in values.values()) for values in (evidence.tokens, evidence.tags)
    )
    is_open = once_tags >= 0.7 * once_words and once_tags >= 0.5 * evidence.size**0.75
    if evidence.size >= 30 and tags >= 0.8 * words and (is_open or tags >= 300):
        message = f"almost as many tags as words: {tags:,} tags, {words:,} words, {evidence.size:,} tokens"
        return _wrong_tags(evidence, message)
    return None


def heads_as_tags(evidence: Evidence) -> Problem | None:
    """The tag column holds numbers of tokens: the head of each in its sentence, as in CoNLL-U."""
    if len(evidence.tags) < 4 or not all(tag.isdecimal() for tag in evidence.tags):
        return None
    sentences = [sentence for sentence in evidence.sentences if len(sentence.tokens) > 2]
    trees = sum(
        sentence.tags.count("0") == 1 and max(map(int, sentence.tags)) <= len(sentence.tags)
        for sentence in sentences
    )
    if len(sentences) < 2 or trees < 0.9 * len(sentences):
        return None
    return _wrong_tags(evidence, "the tags are numbers of tokens, as the heads of a dependency tree")


def _wrong_tags(evidence: Evidence, message: str) -> Problem:
    column = _likely_tags(evidence, Column("", evidence.tokens))
    if column and column.name != evidence.tag_column.name:
        hint = _choose(evidence.token_name, column.name)
    elif evidence.features:
        hint = "the last column is the tag, unless you choose another: --columns token=1,tag=2"
    else:
        hint = "every line needs a token and its tag"
    return Problem("columns", message, hint)


_BRACKETS = re.compile(r"(\([^\s()*]+)*\*(\)|[^\s()*]+\))*")


def brackets_as_tags(evidence: Evidence) -> Problem | None:
    """The tags are brackets around spans, as in CoNLL-2005 and CoNLL-2012."""
    if "*" not in evidence.tags or len(evidence.tags) < 3 or not all(map(_BRACKETS.fullmatch, evidence.tags)):
        return None
    example = shown(next(tag for tag in evidence.tags if tag != "*"))
    message = f"the tags are brackets around spans, such as {example}, of which no span is read"
    return Problem("columns", message, "write the spans as IOB2: B-x, I-x and O")


def one_tag(evidence: Evidence) -> Problem | None:
    """All tags are the same, so there is nothing to learn."""
    if len(evidence.tags) > 1 or evidence.size < 2:
        return None
    tag = next(iter(evidence.tags))
    message = f"all tags are {shown(tag)}, so there is nothing to learn"
    column = _likely_tags(evidence, Column("", evidence.tokens))
    hint = _choose(evidence.token_name, column.name) if column else ""
    return Problem("columns", message, hint, is_refused=tag in _PLACEHOLDERS or column is not None)


# The lines.

_TOKEN_NAMES = frozenset(("token", "tokens", "word", "words", "form", "text", "sentence", "term", "0"))
_TAG_NAMES = frozenset(
    ("tag", "tags", "label", "labels", "ner", "nertag", "nertags", "pos", "postag", "postags", "upos", "xpos")
) | {"chunk", "chunktag", "iob", "bio", "entity", "entities", "slot", "slots", "class", "target", "1", "2", "3"}
_NO_LETTER = re.compile(r"[\W_]+")


def header(evidence: Evidence) -> Problem | None:
    """A line that names the columns, as the first token or, in joined files, again later."""
    names = [tag for tag in evidence.tags if _plain_name(tag) in _TAG_NAMES]
    for name in names:
        rows = [
            (sentence, i)
            for sentence in evidence.sentences
            if name in sentence.tags
            for i, tag in enumerate(sentence.tags)
            if tag == name
        ]
        sentence, i = rows[0]
        cells = [sentence.tokens[i], *sentence.columns[i], name]
        is_first = sentence is evidence.sentences[0] and i == 0
        if not all(_plain_name(s.tokens[j]) in _TOKEN_NAMES for s, j in rows):
            continue
        if name.isdecimal() and not (is_first and _are_positions(cells) and len(rows) == 1 < evidence.size):
            continue
        message = f"this line names the columns: {shown(' '.join(cells))}"
        hint = "remove the line"
        if is_first and not name.isdecimal():
            chosen = next((cell for cell in cells if _plain_name(cell) in _TOKEN_NAMES - {"sentence"}), cells[0])
            hint = f"read it as such: --columns {shlex.quote(f'token={chosen},tag={name}')}"
        return Problem("header", message, hint, sentence.line_of(i))
    return None


def _plain_name(text: str) -> str:
    return _NO_LETTER.sub("", text).casefold()


def _are_positions(cells: Sequence[str]) -> bool:
    """Whether these are the numbers of the columns, which some programs write as names."""
    return list(cells) == [str(i) for i in range(len(cells))]


HUNDREDS = 200
_FINAL = frozenset((".", "?", "!", "。", "！", "？", "।", "؟"))


def no_blank_lines(evidence: Evidence) -> Problem | None:
    """One sentence of hundreds of tokens, a few of thousands, or a far too long one with many full stops inside."""
    if not evidence.has_blank_lines:
        return None
    lengths = [len(sentence.tokens) for sentence in evidence.sentences]
    few = len(lengths)
    if (few == 1 and evidence.size >= HUNDREDS) or (few < 10 and evidence.size >= 10 * HUNDREDS * few):
        sentences = "one sentence of" if few == 1 else f"{few} sentences with"
        message = f"{sentences} {evidence.size:,} tokens; are the blank lines between sentences missing?"
        return Problem("lines", message, "a blank line ends a sentence", evidence.sentences[0].line)
    longest = max(evidence.sentences, key=lambda sentence: len(sentence.tokens))
    length = len(longest.tokens)
    if length < 2 * HUNDREDS or sum(map(longest.tokens.count, _FINAL)) < 10:
        return None
    is_usual = length < 20 * median(lengths)
    message = f"a sentence of {length:,} tokens with full stops inside; is there a blank line missing?"
    if is_usual and evidence.size / len(lengths) < HUNDREDS:
        return None
    is_most = length >= 0.5 * evidence.size or evidence.size / len(lengths) >= HUNDREDS
    return Problem("lines", message, "a blank line ends a sentence", longest.line, is_refused=is_most)


Check = Callable[[Evidence], Problem | None]
# In this order, since only the first problem of a topic is reported.
CHECKS: tuple[Check, ...] = (
    header,
    standoff,
    numbered_tokens,
    no_tokens,
    tags_as_tokens,
    texts_as_tokens,
    heads_as_tags,
    brackets_as_tags,
    words_as_tags,
    no_blank_lines,
)
TRAINING_CHECKS: tuple[Check, ...] = (one_tag,)


def peeked(sentences: Iterator[Sentence], tokens: int) -> tuple[list[Sentence], Iterator[Sentence]]:
    """The first sentences, of about so many tokens, and an iterator that still has them."""
    first: list[Sentence] = []
    size = 0
    while size < tokens:
        sentence = next(sentences, None)
        if sentence is None:
            break
        first.append(sentence)
        size += len(sentence.tokens)
    return first, chain(first, sentences)
