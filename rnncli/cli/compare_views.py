"""What ``rnncli compare`` shows and writes: tables of scores and differences, the sentences that differ."""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from rnncli.cli import show
from rnncli.cli.evaluate_views import between
from rnncli.cli.printable import printable
from rnncli.marks import Tones

if TYPE_CHECKING:
    from rnncli.comparison import Comparison, Difference
    from rnncli.data.reading import Corpus
    from rnncli.data.tags import Scheme, Span

LETTERS = ascii_uppercase  # names of the systems in tables
AROUND = 6  # tokens shown before the first difference in a sentence, and after the last
MOST = 40  # tokens shown of a sentence


def tables(result: "Comparison") -> None:
    """Show the score of each system, each difference, and the differences by type."""
    has_spans = result.scheme.has_spans
    for letter, system in zip(LETTERS, result.systems, strict=False):
        show.text(f" {letter} {printable(system.name)}\n")
    if has_spans:
        headers = ["", "precision", "recall", "F1", "95 % interval", "macro F1", "accuracy"]
    else:
        headers = ["", "accuracy", "95 % interval", "macro F1"]
    rows = []
    for letter, (_, scores, intervals) in zip(LETTERS, result.systems, strict=False):
        total, macro, accuracy = scores.total, show.fraction(scores.macro_f1), show.fraction(scores.accuracy)
        if has_spans:
            fractions = map(show.fraction, (total.precision, total.recall, total.f1))
            rows.append((letter, *fractions, between(intervals.f1), macro, accuracy))
        else:
            rows.append((letter, accuracy, between(intervals.accuracy), macro))
    show.table("", headers, rows)
    is_one = len(result.pairs) == 1
    names = [f"{LETTERS[pair.first]} − {LETTERS[pair.second]}" for pair in result.pairs]
    show.table(
        f"Difference of {'F1' if has_spans else 'accuracy'} in points",
        ("", "difference", "95 % interval", "p", *["p by Holm"] * (not is_one), "sentences"),
        [
            (name, *_cells(pair.total)[: 3 if is_one else 4], f"{pair.sentences:,}")
            for name, pair in zip(names, result.pairs, strict=True)
        ],
    )
    gold = result.systems[0].scores.per_type
    rows_of_types = []
    for kind in result.pairs[0].types:
        for name, pair in zip(names, result.pairs, strict=True):
            value, interval, p, adjusted = _cells(pair.types[kind])
            count = f"{gold[kind].gold if kind in gold else 0:,}"
            if is_one:
                rows_of_types.append((kind, value, interval, p, adjusted, count))
            else:  # p alone would be misleading, and there is no place for it
                rows_of_types.append((kind, name, value, interval, adjusted, count))
    head, tail = ("difference", "95 % interval"), ("p by Holm", "gold")
    show.table(
        f"Difference of F1 in points by {'type' if has_spans else 'tag'}",
        ("", *head, "p", *tail) if is_one else ("", "", *head, *tail),
        rows_of_types,
    )
    show.text(
        " intervals: paired bootstrap over sentences; p: approximate randomisation, both\n"
        f" sides; {result.resampling.replicates:,} replicates; Holm: for all rows of the table\n\n"
    )


def _cells(difference: "Difference") -> tuple[str, ...]:
    interval = difference.interval
    return (
        show.points(difference.value, 2),
        "–" if interval is None else f"[{show.points(interval.low, 1)}, {show.points(interval.high, 1)}]",
        _p(difference.p),
        _p(difference.p_holm),
    )


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def differing(result: "Comparison", corpus: "Corpus", tags: Sequence[Sequence[Sequence[str]]], most: int) -> None:
    """Show the first of the sentences on which the systems differ, the part of each that holds the differences."""
    tones = Tones()
    for number in result.differing[:most]:
        sentence = corpus.sentences[number]
        readings = [sentence.tags, *(system[number] for system in tags)]
        places = [i for i, of_token in enumerate(zip(*readings[1:], strict=True)) if len(set(of_token)) > 1]
        start = max(0, places[0] - AROUND)
        end = min(len(sentence.tokens), places[-1] + AROUND + 1, start + MOST)
        show.line((f"sentence {number + 1:,}, line {sentence.line_of(places[0]):,}", "dim"))
        for name, reading in zip(("gold", *LETTERS), readings, strict=False):
            marks = _marks(reading, result.scheme, places)
            show.labelled(f"  {name:<5}", *_part(sentence.tokens, marks, start, end), tones)
        show.blank()
    count = len(result.differing)
    total = f"{len(corpus.sentences):,}"
    if count > most:
        show.text(f" the first {most} of {count:,} sentences that differ, of {total}; --differences writes all\n")
    else:
        show.text(f" {count:,} of {total} sentences differ\n")


def _marks(tags: Sequence[str], scheme: "Scheme", places: Sequence[int]) -> list["Span"]:
    """The spans of a sentence; of plain tags the tokens on which systems differ."""
    from rnncli.data.tags import Span

    return scheme.spans(tags) if scheme.has_spans else [Span(tags[token], token, token + 1) for token in places]


def _part(
    tokens: Sequence[str], spans: "Sequence[Span]", start: int, end: int
) -> tuple[str, list[tuple[int, int, str]]]:
    """Tokens ``start`` … ``end − 1`` as a text, and where the spans are in it."""
    text = "… " if start else ""
    starts = []
    for token in tokens[start:end]:
        starts.append(len(text))
        text += token + " "
    marks = []
    for span in spans:
        if span.start < end and span.end > start:
            last = min(span.end, end) - 1
            place = starts[max(span.start, start) - start], starts[last - start] + len(tokens[last])
            marks.append((*place, span.type or "span"))
    return (text + "…" if end < len(tokens) else text.rstrip(" ")), marks


def lines(result: "Comparison", corpus: "Corpus", tags: Sequence[Sequence[Sequence[str]]]) -> str:
    """All sentences that differ as TSV: a line for each token, and a blank line after each sentence."""
    from rnncli.data.formats.token_lines import format_sentence

    headers = ("token", "gold", *LETTERS[: len(result.systems)], "sentence", "line")
    text = format_sentence([headers])[:-1]
    for number in result.differing:
        sentence = corpus.sentences[number]
        columns = [sentence.tokens, sentence.tags, *(system[number] for system in tags)]
        text += format_sentence(
            (*cells, str(number + 1), str(sentence.line_of(token)))
            for token, cells in enumerate(zip(*columns, strict=True))
        )
    return text
