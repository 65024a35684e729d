"""A report on labelled files before a training: counts, faults, repetition, and what a training would choose.

Faults do not end the reading.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from rnncli.config import REFIT, NetworkSpec, ReadOptions, TrainingSpec, usual_epochs
from rnncli.data import compatibility, given, plausibility, schemes, tokenizer_choice
from rnncli.data.digits import choose_digits
from rnncli.data.faults import SHOWN_FAULTS, Fault, Faults
from rnncli.data.given import Labelled, is_file
from rnncli.data.opening import name_of
from rnncli.data.reading import Corpus, reading
from rnncli.data.repetition import Ambiguous, Relabelled, Repetition
from rnncli.data.sentence import Sentence
from rnncli.data.split import kept_apart
from rnncli.data.tags import Scheme
from rnncli.data.vocabulary import UNKNOWN, Vocabulary
from rnncli.data.watch import Watch
from rnncli.errors import DataError
from rnncli.plain.blas import one_thread
from rnncli.tables import table
from rnncli.threads import count_threads

VERSION = 1  # of the JSON
MOST_FAULTS = 100_000  # of a file that are kept; all are counted
RARE = 3  # a tag that occurs at most so often is rare
READING = 0.6  # the share of the time that reading takes

Progress = Callable[[float, str], None]


class Entry(NamedTuple):
    """A fault of a file and its kind: format, tags, order (of tags) or data (what cannot be right)."""

    kind: str
    fault: Fault


class Lengths(NamedTuple):
    """Tokens of the sentences of a file; 95 % of the sentences have at most ``p95``."""

    least: int
    median: int
    p95: int
    most: int


NO_LENGTHS = Lengths(0, 0, 0, 0)


class Comparison(NamedTuple):
    """What is new in a file in comparison with the first one."""

    unknown_tokens: int
    unknown_words: int
    unseen_tags: dict[str, int]
    shared: int  # sentences that are in the first file too


@dataclass
class FileReport:
    """Everything about one file."""

    name: str
    format: str = ""
    description: str = ""
    sentences: int = 0
    tokens: int = 0
    words: int = 0
    lengths: Lengths = NO_LENGTHS
    tags: Counter[str] = field(default_factory=Counter)
    spans: Counter[str] = field(default_factory=Counter)  # by type
    repeated: int = 0  # sentences that occurred before in the file
    comparison: Comparison | None = None  # None for the first file
    faults: list[Entry] = field(default_factory=list)
    fault_count: int = 0
    warnings: list[str] = field(default_factory=list)

    def add(self, kind: str, fault: Fault) -> None:
        """Note a fault."""
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Entry(kind, fault))

    @property
    def rare_tags(self) -> dict[str, int]:
        """Tags that occur at most :data:`RARE` times, the rarest first."""
        rare = [(tag, count) for tag, count in self.tags.items() if count <= RARE]
        return dict(sorted(rare, key=lambda item: (item[1], item[0])))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        compared = self.comparison
        return {
            "file": self.name,
            "format": self.format,
            "recognised": self.description,
            "sentences": self.sentences,
            "tokens": self.tokens,
            "words": self.words,
            "lengths": dict(zip(("min", "median", "p95", "max"), self.lengths, strict=True)),
            "tags": dict(self.tags.most_common()),
            "spans": dict(self.spans.most_common()),
            "rare_tags": self.rare_tags,
            "repeated_sentences": self.repeated,
            "compared_with_first": compared
            and {
                "unknown_tokens": compared.unknown_tokens,
                "unknown_words": compared.unknown_words,
                "unseen_tags": compared.unseen_tags,
                "shared_sentences": compared.shared,
            },
            "fault_count": self.fault_count,
            "faults": [
                {
                    "kind": kind,
                    "line": fault.line or None,
                    "column": fault.column or None,
                    "message": fault.message,
                    "text": fault.text,
                    "hint": fault.hint,
                }
                for kind, fault in self.faults
            ],
            "warnings": self.warnings,
        }


class Choice(NamedTuple):
    """What ``rnncli train`` would choose for the first file."""

    scheme: str
    tokenizer: str
    reproduced: float  # the share of the sentences whose tokens it gives
    digits: str
    sentences: int  # that are trained on
    tokens: int
    epochs: int  # the most
    batch: int
    seconds: float  # an estimate for the usual epochs
    threads: int


@dataclass
class Report:
    """The result of :func:`check`."""

    files: list[FileReport]
    relabelled: list[Relabelled] = field(default_factory=list)
    ambiguous: list[Ambiguous] = field(default_factory=list)
    choice: Choice | None = None  # None if there is nothing to train on
    corpora: list[Corpus] = field(default_factory=list)

    @property
    def fault_count(self) -> int:
        """The faults of all files."""
        return sum(file.fault_count for file in self.files)

    def __repr__(self) -> str:
        names = ", ".join(f"{file.name} ({file.sentences:,} sentences)" for file in self.files)
        return f"<report on {names}: {self.fault_count:,} faults>"

    def _repr_html_(self) -> str:
        rows = [
            [file.name, *(f"{n:,}" for n in (file.sentences, file.tokens, len(file.tags), file.fault_count))]
            for file in self.files
        ]
        faults = [
            [fault.located(file.name), kind] for file in self.files for kind, fault in file.faults[:SHOWN_FAULTS]
        ]
        notes = [[message, "warning"] for file in self.files for message in file.warnings]
        pieces = [table("Labelled data", ["", "sentences", "tokens", "tags", "faults"], rows)]
        return "".join([*pieces, *([table("", [], faults + notes)] if faults or notes else [])])

    def line(self, file: int, sentence: int, token: int = 0) -> int:
        """The line of a token; numbers count from 0, lines from 1."""
        return self.corpora[file].sentences[sentence].line_of(token)

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli check``."""
        return {
            "version": VERSION,
            "clean": not self.fault_count,
            "fault_count": self.fault_count,
            "files": [file.as_dict() for file in self.files],
            "labelled_differently": [
                {
                    "tokens": sentence.tokens,
                    "labellings": [
                        {
                            "tags": labelling.tags,
                            "times": labelling.times,
                            "file": self.files[labelling.first.file].name,
                            "line": self.line(*labelling.first),
                        }
                        for labelling in sentence.labellings
                    ],
                }
                for sentence in self.relabelled
            ],
            "equal_contexts": [
                {
                    "before": ambiguous.before,
                    "token": ambiguous.token,
                    "after": ambiguous.after,
                    "tags": [
                        {
                            "tag": use.tag,
                            "times": use.times,
                            "file": self.files[use.first.file].name,
                            "line": self.line(*use.first, use.token),
                        }
                        for use in ambiguous.uses
                    ],
                }
                for ambiguous in self.ambiguous
            ],
            "training": self.choice and self.choice._asdict(),
        }


def _silent(share: float, message: str) -> None:
    pass


def check(
    paths: Sequence[Labelled], options: ReadOptions, *, threads: int = 0, progress: Progress = _silent
) -> Report:
    """Read labelled files and report on them; the first is the training data, with which the others are compared.

    threads   that a training would have, for the estimate of its time; 0: one for each available CPU
    progress  called with the share that is done and what is done

    Raises :class:`.FileError` for a file that cannot be opened.
    """
    sizes = [max(1, Path(path).stat().st_size) if is_file(path) and Path(path).is_file() else 1 for path in paths]
    report = Report([])
    for number, path in enumerate(paths):
        done = READING * sum(sizes[:number]) / sum(sizes)
        part = READING * sizes[number] / sum(sizes)
        if is_file(path):
            corpus, file = _read(str(path), options, done, part, progress)
        else:
            corpus, file = _given("data" if number == 0 else f"data {number + 1}", path, options)
        report.corpora.append(corpus)
        report.files.append(file)
    first = report.corpora[0]
    progress(READING, "counting")
    scheme = schemes.recognise(sentence.tags for sentence in first.sentences)
    train = first.sentences  # what a training on this file alone has for itself
    if len(paths) == 1 and train:
        settings = TrainingSpec()
        train, _ = kept_apart(train, settings.dev_share, settings.seed, scheme)
    digits = choose_digits(train)
    vocabulary = Vocabulary.count((token for sentence in first.sentences for token in sentence.tokens), digits)
    for corpus, file in zip(report.corpora, report.files, strict=True):
        _count(corpus, file, scheme)
        if corpus.sentences:
            _check_tags(corpus, file, scheme)
            _check_data(corpus, file, None if corpus is first else first)
    progress(READING + 0.15, "comparing sentences")
    repetition = Repetition([corpus.sentences for corpus in report.corpora])
    for number, (corpus, file) in enumerate(zip(report.corpora, report.files, strict=True)):
        file.repeated = repetition.repeated[number]
        if corpus is not first:
            file.comparison = _compared(corpus, vocabulary, report.files[0], repetition.shared[number])
    progress(READING + 0.25, "comparing contexts")
    report.relabelled = repetition.relabelled()
    report.ambiguous = repetition.ambiguous()
    if first.sentences:
        report.choice = _choice(first, train, scheme, digits, len(paths) == 1, count_threads(threads))
    for file in report.files:
        file.faults.sort(key=lambda entry: entry.fault.line)
    return report


def _read(
    path: str, options: ReadOptions, done: float, part: float, progress: Progress
) -> tuple[Corpus, FileReport]:
    """Read what can be read of a file; faults go into its report."""
    name = name_of(path)
    report = FileReport(name)
    faults = Faults(name, most=MOST_FAULTS)
    sentences: list[Sentence] = []
    corpus = Corpus(name, sentences)
    watch = Watch(after_read=lambda share: progress(done + part * share, f"reading {Path(name).name}"))
    try:
        with reading(path, options, faults=faults, watch=watch) as file:
            report.format = file.format
            report.description = file.description
            corpus = Corpus(name, sentences, file.description, file.format, file.names)
            sentences.extend(sentence for sentence in file.sentences if sentence.tokens)
    except DataError as error:
        report.add("format", Fault(0, 0, error.message, "", error.hint))
    for fault in faults.kept:
        report.add("format", fault)
    report.fault_count += faults.count - len(faults.kept)
    if not sentences and not report.fault_count:
        report.add("format", Fault(0, 0, "no token in this file", "", "expected lines of token<TAB>tag"))
    return corpus, report


def _given(name: str, data: Labelled, options: ReadOptions) -> tuple[Corpus, FileReport]:
    """The same for sentences that are given as they are, whose faults are one error."""
    try:
        corpus = given.corpus(name, data, options)
    except DataError as error:
        report = FileReport(error.where or f"<{name}>")
        report.add("format", Fault(0, 0, error.message, "", error.hint))
        return Corpus(report.name, []), report
    return corpus, FileReport(corpus.name, corpus.format, corpus.description)


def _count(corpus: Corpus, report: FileReport, scheme: Scheme) -> None:
    lengths = sorted(len(sentence.tokens) for sentence in corpus.sentences)
    report.sentences = len(lengths)
    report.tokens = sum(lengths)
    report.words = len({token for sentence in corpus.sentences for token in sentence.tokens})
    report.tags = Counter(tag for sentence in corpus.sentences for tag in sentence.tags)
    if lengths:
        p95 = lengths[-(-95 * len(lengths) // 100) - 1]
        report.lengths = Lengths(lengths[0], median_low(lengths), p95, lengths[-1])
    report.spans = Counter(span.type for sentence in corpus.sentences for span in scheme.spans(sentence.tags))


def _check_tags(corpus: Corpus, report: FileReport, scheme: Scheme) -> None:
    """Note tags that the scheme does not have, and moves from tag to tag that it does not allow."""
    if not scheme.has_spans and schemes.could_be_io(sentence.tags for sentence in corpus.sentences):
        report.warnings.append(
            "the tags have no letters such as B-, so none marks a span; --scheme io: neighbours do"
        )
    odd = schemes.odd_faults(corpus, scheme, [tag for tag, _ in report.tags.most_common()], most=MOST_FAULTS)
    for fault in odd.kept:
        report.add("tags", fault)
    report.fault_count += odd.count - len(odd.kept)
    for move in scheme.malformed(sentence.tags for sentence in corpus.sentences):
        sentence = corpus.sentences[move.sentence]
        if move.token == 0:
            message = f"{move.tag} cannot begin a sentence in {scheme.text}"
        elif move.token == len(sentence.tags):
            message = f"{move.before} cannot end a sentence in {scheme.text}"
        else:
            message = f"{move.tag} cannot follow {move.before} in {scheme.text}"
        token = min(move.token, len(sentence.tags) - 1)
        report.add("order", Fault(sentence.line_of(token), 0, message, sentence.tokens[token]))


def _check_data(corpus: Corpus, report: FileReport, first: Corpus | None) -> None:
    """Note what cannot be right in a file, also in comparison with the first one."""
    problems = plausibility.problems(corpus, for_training=first is None)
    if first is not None:
        known = dict.fromkeys(tag for sentence in first.sentences for tag in sentence.tags)
        of_both = [
            compatibility.same_data(first, corpus),
            compatibility.unknown_tags(corpus.sentences, known, first.name),
        ]
        problems += filter(None, of_both)
        try:
            compatibility.check_columns(first, corpus)
        except DataError as error:
            report.warnings.append(error.message)
    for problem in problems:
        if problem.is_refused:
            report.add("data", Fault(problem.line, 0, problem.message, "", problem.hint))
        else:
            report.warnings.append(problem.message)


def _compared(corpus: Corpus, vocabulary: Vocabulary, first: FileReport, shared: int) -> Comparison:
    tokens = Counter(token for sentence in corpus.sentences for token in sentence.tokens)
    unknown = [count for token, count in tokens.items() if vocabulary.number(token) == UNKNOWN]
    tags = Counter(tag for sentence in corpus.sentences for tag in sentence.tags)
    unseen = {tag: count for tag, count in tags.items() if tag not in first.tags}
    return Comparison(sum(unknown), len(unknown), unseen, shared)


# Measured for the default network on a machine where nothing else runs.
_OPERATIONS = 3 * 712_832  # a token, forward and backward
_SHARE = 0.69  # of NumPy's speed with square matrices, which training reaches on one thread
_GROWTH = 0.78  # n threads are n ** _GROWTH times as fast
_PAIRS = 6e9  # of tags, which a CRF compares in a second
_PROBE = 384  # rows of the square matrices that NumPy multiplies


def _choice(
    corpus: Corpus, train: Sequence[Sentence], scheme: Scheme, digits: str, is_alone: bool, threads: int
) -> Choice:
    """What a training on these sentences of a file would choose; ``is_alone``: a refit on all of it follows."""
    tokens = sum(len(sentence.tokens) for sentence in train)
    tags = {tag for sentence in train for tag in sentence.tags}
    network = NetworkSpec().resolved(bool(corpus.names.features), vectors=False, scheme=scheme.limits_moves)
    training = TrainingSpec().resolved(network, len(train))
    tokenizer = tokenizer_choice.of("auto", train, digits)
    products = _OPERATIONS / (_SHARE * _products_a_second() * threads**_GROWTH)
    seconds = (1 + REFIT * is_alone) * usual_epochs(tokens) * tokens * (products + len(tags) ** 2 / _PAIRS)
    return Choice(
        scheme.text,
        tokenizer.name,
        tokenizer.share,
        digits,
        len(train),
        tokens,
        training.most_epochs(tokens),
        training.batch,
        seconds,
        threads,
    )


def _products_a_second() -> float:
    """Multiplications and additions a second in matrix products of NumPy on one thread."""
    square = np.ones((_PROBE, _PROBE), np.float32)
    times = []
    with one_thread():
        for _ in range(5):
            began = perf_counter()
            square @ square
            times.append(perf_counter() - began)
    return 2 * _PROBE**3 / min(times)
