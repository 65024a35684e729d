"""Spans as coloured marks with the names of their types: the tones, and texts as HTML.

The tones are numbers of the 256 colours of terminals, so that a page and a terminal show the same. They are
backgrounds under black letters, which can be read whatever surrounds them, light or dark. Ten of them were chosen,
of all sets, for the largest least difference of two (CIEDE2000), as people see them who have no colour blindness,
protanopia, deuteranopia or tritanopia. A mark is never its tone alone: the name of its type stands beside its text.
"""

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rnncli.printable import printable

TONES = (180, 37, 147, 192, 168, 158, 225, 106, 135, 64)
_LEVELS = (0, 95, 135, 175, 215, 255)  # of red, green and blue in the colours 16 to 231
_EDGES = ("", "solid", "dashed", "dotted")  # of types beyond the tones, which have the same tones again
UNSURE = 0.5  # a probability below which a mark is underlined
_TEXT = "rnncli-text"  # class of a text
_KEPT = "\n\t"


class Mark(NamedTuple):
    """A span of a text, from character ``start`` to ``end`` − 1, its type, and its probability if that is known."""

    start: int
    end: int
    type: str
    probability: float | None = None


class Tones:
    """Which tone each type has; the same within a document.

    If there are tones enough for all types of a model, they depend on these alone, so that two documents of one
    model agree. Else a type gets its tone where it first occurs.

    types  all types that may occur
    """

    def __init__(self, types: Iterable[str] = ()) -> None:
        known = sorted(set(types))
        self._numbers = {name: number for number, name in enumerate(known)} if len(known) <= len(TONES) else {}

    def number(self, name: str) -> int:
        """The number of a type, from 0; its tone is that of the number modulo the number of tones."""
        return self._numbers.setdefault(name, len(self._numbers))

    def colour(self, name: str) -> int:
        """The tone of a type as a number of the 256 colours."""
        return TONES[self.number(name) % len(TONES)]

    def classes(self, name: str) -> str:
        """The classes of a type in :func:`style`."""
        lap, tone = divmod(self.number(name), len(TONES))
        edge = _EDGES[lap % len(_EDGES)]
        return f"tone-{tone} {edge}".rstrip()


def rgb(number: int) -> tuple[int, int, int]:
    """Red, green and blue, from 0 to 255, of one of the colours 16 to 231 of terminals."""
    red, rest = divmod(number - 16, 36)
    green, blue = divmod(rest, 6)
    return _LEVELS[red], _LEVELS[green], _LEVELS[blue]


def style() -> str:
    """The style of marks; nothing outside a text of this module is changed by it."""
    rules = [
        f".{_TEXT} {{ margin: 0 0 .35em; min-height: 1.2em; line-height: 1.9; white-space: pre-wrap; "
        "overflow-wrap: anywhere; }",
        f".{_TEXT} mark {{ color: #000; padding: .12em .3em; border-radius: .25em; box-decoration-break: clone; "
        "-webkit-box-decoration-break: clone; print-color-adjust: exact; -webkit-print-color-adjust: exact; }",
        f".{_TEXT} mark b {{ margin-inline-start: .45em; font: 600 .72em system-ui, sans-serif; "
        "-webkit-user-select: none; user-select: none; }",
        f".{_TEXT} mark .unsure {{ text-decoration: underline dotted; text-underline-offset: .2em; }}",
        f".{_TEXT}.legend mark {{ display: inline-block; margin: 0 .6em .3em 0; line-height: 1.4; }}",
    ]
    for number, tone in enumerate(TONES):
        rules.append(f".{_TEXT} .tone-{number} {{ background: #{bytes(rgb(tone)).hex()}; }}")
    for edge in filter(None, _EDGES):
        rules.append(f".{_TEXT} .{edge} {{ outline: 2px {edge} #000; outline-offset: -2px; }}")
    return "\n".join(rules)


def text(words: str, marks: Iterable[Mark], tones: Tones) -> Iterator[str]:
    """One text as a paragraph, in pieces. Marks are in order and do not overlap; unsafe characters are escaped."""
    yield f'<p class="{_TEXT}" dir="auto">'
    position = 0
    for mark in marks:
        yield escaped(words[position : mark.start])
        yield _mark(words[mark.start : mark.end], mark, tones)
        position = mark.end
    yield escaped(words[position:])
    yield "</p>\n"


def _mark(words: str, mark: Mark, tones: Tones) -> str:
    title = unsure = ""
    if mark.probability is not None:
        title = f' title="probability {mark.probability:.3f}"'
        unsure = ' class="unsure"' if mark.probability < UNSURE else ""
    # The text and the name are read in their own directions, so that neither changes the place of the other.
    return (
        f'<mark class="{tones.classes(mark.type)}"{title}>'
        f"<bdi{unsure}>{escaped(words)}</bdi><b><bdi>{escaped(_name(mark.type))}</bdi></b></mark>"
    )


def legend(counts: Iterable[tuple[str, int]], tones: Tones) -> str:
    """A line of all types that occur, with the number of marks of each."""
    names = (
        f'<mark class="{tones.classes(name)}"><bdi>{escaped(_name(name))}</bdi><b>{count:,}</b></mark>'
        for name, count in counts
    )
    return f'<p class="{_TEXT} legend">{"".join(names)}</p>\n'


def _name(name: str) -> str:
    """The name of a type; a span of a tag without one is called a span."""
    return name or "span"


def escaped(words: str) -> str:
    """A text for HTML, also in an attribute; line breaks and tabs stay."""
    return html.escape(printable(words, keep=_KEPT))


def fragment(texts: Iterable[tuple[str, Sequence[Mark]]], types: Iterable[str] = ()) -> str:
    """Texts with their marks as HTML to put into a page, as in a notebook; it holds its style.

    types  all types that may occur, see :class:`Tones`
    """
    tones = Tones(types)
    pieces = [f"<div><style>{style()}</style>\n"]
    for words, marks in texts:
        pieces += text(words, marks, tones)
    return "".join([*pieces, "</div>"])


_PAGE = """\
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem system-ui, sans-serif; color: #1a1a1a;
  background: #fff; display: flex; flex-direction: column; }
main { min-width: 0; }
header { order: -1; border-bottom: 1px solid #8888; margin-bottom: 1rem; }
h1 { font-size: 1.1rem; margin: 0 0 .4rem; }
.facts { font-size: .85rem; margin: 0 0 .6rem; }
@media (prefers-color-scheme: dark) { body { color: #e8e8e8; background: #161616; } }
@media print { body { display: block; max-width: none; color: #000; background: #fff; } }
"""


def page(texts: Iterable[tuple[str, Iterable[Mark]]], types: Iterable[str] = ()) -> Iterator[str]:
    """The pieces of a whole page, which loads nothing and has no script.

    The legend is written last, when all types are known, and shown first.
    """
    tones = Tones(types)
    counts: dict[str, int] = {}
    rules = f"\n{_PAGE}{style()}\n"
    digest = base64.b64encode(hashlib.sha256(rules.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!doctype html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="generator" content="rnncli">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Labelled texts</title>\n<style>{rules}</style>\n</head>\n<body>\n<main>\n"
    )
    number = 0
    for number, (words, marks) in enumerate(texts, 1):  # noqa: B007
        yield from text(words, _counted(marks, counts), tones)
    yield '</main>\n<header lang="en">\n<h1>Labelled texts</h1>\n'
    yield legend(sorted(counts.items()), tones)
    spans = sum(counts.values())
    yield f'<p class="facts">{number:,} {_plural("text", number)}, {spans:,} {_plural("mark", spans)}. '
    yield f"Dotted underline: a probability below {UNSURE}.</p>\n</header>\n</body>\n</html>\n"


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _counted(marks: Iterable[Mark], counts: dict[str, int]) -> Iterator[Mark]:
    for mark in marks:
        counts[mark.type] = counts.get(mark.type, 0) + 1
        yield mark
