"""What ``rnncli evaluate`` shows and writes: tables of scores, confusion matrices, errors."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.cli import show
from rnncli.cli.printable import printable
from rnncli.config import OF_EVALUATE

if TYPE_CHECKING:
    from rnncli.comparison import Intervals
    from rnncli.data.reading import Corpus
    from rnncli.data.tags import Scheme
    from rnncli.error_analysis import Error, Matrix
    from rnncli.evaluation import Labelled, Scores
    from rnncli.significance import Interval

SHOWN_CONFUSIONS = 20
SHOWN_ERRORS = 200  # of each confusion on a page
LABEL = 24  # most columns of the labels of a matrix
BETWEEN = 3  # columns between two columns of a table


def tables(scores: "Scores", intervals: "Intervals", knows_words: bool) -> None:
    """Show the scores of each type, of all spans, of all tokens and of unknown words."""
    rows = [
        (kind, *_fractions(count), between(intervals.types.get(kind)), f"{count.gold:,}")
        for kind, count in sorted(scores.per_type.items())
    ]
    total = scores.total
    rows.append(("all, micro", *_fractions(total), between(intervals.f1), f"{total.gold:,}"))
    rows.append(("all, macro", "", "", show.fraction(scores.macro_f1), "", ""))
    first_header = "span" if scores.scheme.has_spans else "tag"
    show.table("", (first_header, "precision", "recall", "F1", "95 % interval", "gold"), rows)
    tokens = [("all", show.fraction(scores.accuracy), between(intervals.accuracy), f"{scores.tokens:,}")]
    if knows_words:
        tokens.append(("unknown words", show.fraction(scores.unknown_accuracy), "", f"{scores.unknown:,}"))
    show.table("", ("tokens", "accuracy", "95 % interval", "number"), tokens)
    types = "tags" if not scores.scheme.has_spans else "types of spans"
    show.text(
        f" macro: the mean F1 of the {scores.macro_types:,} {types} that occur in the gold tags\n"
        f" intervals: bootstrap over sentences, {OF_EVALUATE.replicates:,} replicates\n"
    )
    if scores.calibration:
        show.text(f" expected calibration error {show.fraction(scores.calibration.ece)}\n")
    show.text("\n")


def _fractions(count: Any) -> tuple[str, ...]:
    return tuple(map(show.fraction, (count.precision, count.recall, count.f1)))


def between(interval: "Interval | None") -> str:
    """An interval of a score in per cent."""
    return "–" if interval is None else f"{100 * interval.low:.1f}–{100 * interval.high:.1f}"


def matrices(labelled: "Sequence[Labelled]", scheme: "Scheme") -> "dict[str, Matrix]":
    """The confusion matrices: of tags, and of spans where tags mark some."""
    from rnncli import error_analysis

    tags = {"tags": error_analysis.tag_matrix(labelled)}
    return tags | ({"spans": error_analysis.span_matrix(labelled, scheme)} if scheme.has_spans else {})


def confusions(scores: "Scores", confusion_matrices: "Mapping[str, Matrix]") -> None:
    """Show the matrices, and the most frequent confusions of tags."""
    show_matrix("Tags: rows gold, columns predicted", confusion_matrices["tags"], "tags")
    if spans := confusion_matrices.get("spans"):
        show_matrix("Spans with the same words: rows gold, columns predicted", spans, "types of spans")
    pairs = scores.confusion.most_common(SHOWN_CONFUSIONS)
    show.table("Confused tags", ("gold", "predicted", "tokens"), [(g, p, f"{n:,}") for (g, p), n in pairs])


def show_matrix(title: str, matrix: "Matrix", what: str) -> None:
    """Draw as much of a confusion matrix as fits the terminal: the labels with the most errors."""
    wrong = matrix.wrong
    by_errors = sorted(range(len(wrong)), key=lambda label: (-wrong[label], label))
    size = min(len(wrong), show.width() // (BETWEEN + 1))
    headers, rows = _part(matrix, sorted(by_errors[:size]))
    while size > 1 and _width([headers, *rows]) > show.width():
        size -= 1
        headers, rows = _part(matrix, sorted(by_errors[:size]))
    show.table(title, headers, rows)
    if left_out := len(wrong) - size:
        show.text(f" the {size} {what} with the most errors; {left_out:,} are left out, --json has all\n\n")


def _part(matrix: "Matrix", shown: Sequence[int]) -> tuple[list[str], list[list[str]]]:
    """The headers and the rows of a table of these labels; all others are one column."""
    gold, predicted = matrix.gold, matrix.predicted
    has_others = len(shown) < len(gold)
    headers = ["gold", *(str(number) for number, _ in enumerate(shown, 1)), *["others"] * has_others, "all"]
    rows = []
    for number, label in enumerate(shown, 1):
        name = "no span" if matrix.labels[label] is None else matrix.labels[label] or "span"
        title = f"{number} {printable(name)}"
        cells = [matrix.cells.get((label, other), 0) for other in shown]
        cells += [gold[label] - sum(cells)] * has_others
        rows.append([title if show.columns_of(title) <= LABEL else show.padded(title, LABEL), *map(_number, cells)])
        rows[-1].append(_number(gold[label]))
    sums = [predicted[label] for label in shown]
    sums += [sum(gold) - sum(sums)] * has_others
    rows.append(["all", *map(_number, sums), _number(sum(gold))])
    return headers, rows


def _width(rows: Sequence[Sequence[str]]) -> int:
    """The columns of the terminal that a table takes."""
    widths = [max(map(show.columns_of, cells)) for cells in zip(*rows, strict=True)]
    return sum(widths) + BETWEEN * (len(widths) - 1) + 2


def _number(value: int) -> str:
    return f"{value:,}" if value else "·"


def errors(counts: "Mapping[str, Mapping[str, int | None]]") -> None:
    """Show how many errors of each class there are."""
    rows = [
        (kind, *("–" if number is None else f"{number:,}" for number in row.values()))
        for kind, row in counts.items()
    ]
    show.table("Errors", ("class", "number", "words seen", "unseen"), rows)


def error_lines(found: "Iterable[Error]", corpus: "Corpus", *_: Any) -> str:
    """Every error as a line of TSV below a line of headers."""
    from rnncli import error_analysis
    from rnncli.data.formats.token_lines import format_sentence

    rows = [
        map(str, row)
        for confusion in error_analysis.confusions(found)
        for row in error_analysis.rows(confusion, corpus.sentences)
    ]
    return format_sentence([error_analysis.HEADERS, *rows])[:-1]


def error_page(found: "Sequence[Error]", corpus: "Corpus", scheme: "Scheme", scores: "Scores", name: str) -> str:
    """The errors as a page of HTML."""
    from itertools import islice

    from rnncli import error_analysis
    from rnncli.inspect import error_page as page

    counts = error_analysis.counts(found, scheme)
    classes = [
        {"name": kind, "meaning": meaning, **counts[kind]}
        for kind, meaning in error_analysis.classes_of(scheme).items()
    ]
    groups = [
        {
            "kind": confusion.kind,
            "gold": confusion.gold,
            "predicted": confusion.predicted,
            "number": len(confusion.errors),
            "rows": list(islice(error_analysis.rows(confusion, corpus.sentences), SHOWN_ERRORS)),
        }
        for confusion in error_analysis.confusions(found)
    ]
    facts = f"{scores.sentences:,} sentences, {scores.tokens:,} tokens, accuracy {show.fraction(scores.accuracy)} %"
    if scores.scheme.has_spans:
        facts += f", F1 {show.fraction(scores.f1)} %"
    title = printable(f"{Path(name).name} on {Path(corpus.name).name}")
    return page.render(title, facts, classes, groups)
