"""Spans of characters in a text, and the tags of its tokens that mark the same."""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from rnncli.data.faults import shown
from rnncli.data.tags import Span
from rnncli.data.tokenize import Token

# Names of fields in an object that is a span: doccano, Label Studio, Prodigy, Hugging Face, spaCy, rnncli.
_STARTS = ("start", "start_offset", "start_char")
_ENDS = ("end", "end_offset", "end_char")
_LABELS = ("label", "labels", "type", "entity_group", "entity", "entity_type", "tag")
_LONGEST_IN_BMP = "\uffff"  # the last character that is one unit of UTF-16

OFF_BORDERS = "move the span, choose another tokenizer, or widen such spans to whole tokens by --force"
OVERLAP = "a token has one tag; remove one of the spans, or keep the longer one by --force"
SEVERAL_LINES = "line ends in a text end sentences; cut the span, or --force to cut all such spans"
# What --force did about each of these.
FORCED = {
    OFF_BORDERS: "widened to whole tokens",
    OVERLAP: "left out where they overlap a longer one",
    SEVERAL_LINES: "cut at line ends",
}


class ProblemError(Exception):
    """What is wrong with a record, and what to do; it becomes a fault."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class TextSpan(NamedTuple):
    """Characters ``start`` … ``end − 1`` of a text; ``text`` is what the file says these are, if it does."""

    start: int
    end: int
    label: str
    text: str | None = None

    def in_words(self, text: str) -> str:
        """For example: ``span "Taipei" (6 to 12, city)``."""
        return f"span {shown(text[self.start : self.end])} ({self.start} to {self.end}, {self.label})"


def _first(item: dict[str, Any], names: Sequence[str]) -> Any:
    return next((item[name] for name in names if name in item), None)


def is_span(item: Any) -> bool:
    """Whether a value has the form of a span: an object, ``[start, end, label]`` or ``[label, start, end]``."""
    if isinstance(item, dict):
        return all(_first(item, names) is not None for names in (_STARTS, _ENDS, _LABELS))
    kinds = [type(part) for part in item] if isinstance(item, list) else []
    return kinds in ([int, int, str], [str, int, int])


def parse(item: Any) -> TextSpan:
    """Read a span; :class:`ProblemError` if it lacks a number or its label."""
    text = None
    if isinstance(item, list) and len(item) == 3:
        start, end, label = item if isinstance(item[2], str) else (item[1], item[2], item[0])
    elif isinstance(item, dict):
        start, end, label = (_first(item, names) for names in (_STARTS, _ENDS, _LABELS))
        text = item.get("text")
    else:
        raise ProblemError(f"{shown(str(item))} is no span", "a span has a start, an end and a label")
    if isinstance(label, list):
        if len(label) > 1:
            raise ProblemError(f"a span has {len(label)} labels: {', '.join(map(str, label))}", "keep one of them")
        label = label[0] if label else ""
    first, last = (int(n) if isinstance(n, str) and n.isdecimal() and n.isascii() else n for n in (start, end))
    if type(first) is not int or type(last) is not int:
        message = f"a span from {shown(str(start))} to {shown(str(end))}: these are not offsets in a text"
        raise ProblemError(message, "start and end must be whole numbers that count characters")
    label = label.strip(" ") if isinstance(label, str) else ""
    if not label:
        raise ProblemError(f"the span from {start} to {end} has no label")
    if not label.isprintable() and re.search(r"[\t\n\r]", label):
        raise ProblemError(f"the label {shown(label)} holds a TAB or a line end")
    return TextSpan(first, last, label, text if isinstance(text, str) else None)


def located(text: str, spans: Sequence[TextSpan]) -> list[TextSpan]:
    """The spans with offsets in characters and without blanks at their ends.

    Some tools count units of UTF-16, in which an emoji is two. Where the texts of the spans fit only so, this is
    how offsets are taken. Raises :class:`ProblemError` for a span outside the text, or one with another text there.
    """
    wrong = _misfit(text, spans)
    if wrong is not None and text and max(text) > _LONGEST_IN_BMP:
        units = accumulate((1 + (character > _LONGEST_IN_BMP) for character in text), initial=0)
        character_of = {unit: number for number, unit in enumerate(units)}
        if all(span.start in character_of and span.end in character_of for span in spans):
            converted = [
                span._replace(start=character_of[span.start], end=character_of[span.end]) for span in spans
            ]
            if _misfit(text, converted) is None:
                spans, wrong = converted, None
    if wrong is not None:
        raise ProblemError(wrong, "offsets must count characters from the beginning of the text")
    trimmed = []
    for span in spans:
        inside = text[span.start : span.end]
        start = span.start + len(inside) - len(inside.lstrip())
        end = span.end - len(inside) + len(inside.rstrip())
        if start >= end:
            raise ProblemError(f"{span.in_words(text)} has no characters but blanks")
        trimmed.append(TextSpan(start, end, span.label))
    return trimmed


def _misfit(text: str, spans: Sequence[TextSpan]) -> str | None:
    """What is wrong with the first span that is outside the text or has another text; ``None`` if all fit."""
    for span in spans:
        if not 0 <= span.start <= span.end <= len(text):
            return f"the span from {span.start} to {span.end} is outside the text, which has {len(text)} characters"
        if span.text is not None and _letters(span.text) != _letters(text[span.start : span.end]):
            there = shown(text[span.start : span.end])
            return f"the span from {span.start} to {span.end} is {shown(span.text)}, but the text has {there} there"
    return None


def _letters(text: str) -> str:
    """The text without blanks and line ends, also those that are written as a backslash and n."""
    return "".join(text.replace("\\n", " ").split())


def distinct(text: str, spans: Sequence[TextSpan], problems: list[ProblemError]) -> list[TextSpan]:
    """The spans in order, equal ones once. If two overlap, it is a problem, and the longer one is kept."""
    kept: list[TextSpan] = []
    for span in sorted(dict.fromkeys(spans), key=lambda span: (span.start, -span.end)):
        before = kept[-1] if kept else None
        if before is None or span.start >= before.end:
            kept.append(span)
            continue
        problems.append(ProblemError(f"{before.in_words(text)} and {span.in_words(text)} overlap", OVERLAP))
        if span.end - span.start > before.end - before.start:
            kept[-1] = span
    return kept


def in_lines(text: str, spans: Sequence[TextSpan], problems: list[ProblemError]) -> list[TextSpan]:
    """The spans in order, of which none reaches over a line end. One that does is a problem, and is cut there."""
    parts = []
    for span in spans:
        lines = list(re.finditer(r"[^\r\n]+", text[span.start : span.end]))
        if len(lines) > 1:
            problems.append(ProblemError(f"{span.in_words(text)} reaches over the end of a line", SEVERAL_LINES))
        for line in lines:
            blanks = len(line.group()) - len(line.group().lstrip())
            start = span.start + line.start() + blanks
            end = start + len(line.group().strip())
            if start < end:
                parts.append(TextSpan(start, end, span.label))
    return parts


def on_tokens(
    text: str, tokens: Sequence[Token], spans: Sequence[TextSpan], problems: list[ProblemError]
) -> list[Span]:
    """The tokens of each span. If a span begins or ends inside a token, it is a problem.

    Such a span is widened to whole tokens, unless these belong to the span before it.
    """
    result: list[Span] = []
    first = 0
    for span in spans:
        while first < len(tokens) and tokens[first].end <= span.start:
            first += 1
        last = first
        while last < len(tokens) and tokens[last].start < span.end:
            last += 1
        words = text[tokens[first].start : tokens[last - 1].end] if first < last else ""
        begin = first
        if words.strip() != text[span.start : span.end]:
            message = f"{span.in_words(text)} is not whole tokens; the tokens there are {shown(words)}"
            problems.append(ProblemError(message, OFF_BORDERS))
            begin = max(begin, result[-1].end) if result else begin
        if begin < last:
            result.append(Span(span.label, begin, last))
    return result


def iob2(spans: Sequence[Span], length: int) -> list[str]:
    """The tags of ``length`` tokens in IOB2; the spans are in order and do not overlap."""
    tags = ["O"] * length
    for span in spans:
        tags[span.start : span.end] = [f"I-{span.type}"] * (span.end - span.start)
        tags[span.start] = f"B-{span.type}"
    return tags
