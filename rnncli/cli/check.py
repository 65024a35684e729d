"""``rnncli check``: statistics and faults of labelled files."""

from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import show
from rnncli.cli.options import command
from rnncli.cli.printable import printable, shell_word
from rnncli.cli.rows import row, wrapped
from rnncli.config import ReadOptions
from rnncli.errors import DataError, UsageError

if TYPE_CHECKING:
    from rnncli.checking import Choice, FileReport, Report

SHOWN = 20  # faults of a file, tags and types, unless all are asked for
SHOWN_FILES = 5  # side by side
SHOWN_PAIRS = 10  # sentences and contexts that are labelled differently


@command("check")
def check(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Labelled files; the first is the training data; - is stdin."),
    ],
    show_all: Annotated[
        bool, typer.Option("--all", help="Show all faults, tags and differences, not only the first of each kind.")
    ] = False,
    threads: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Threads of the training whose time is estimated; 0: one for each available CPU.",
        ),
    ] = 0,
    json_output: bool = False,
    *,
    options: ReadOptions,
) -> None:
    """Describe labelled files and say what is wrong in them.

    The report has statistics, faults, sentences that are labelled differently, and what rnncli train would
    choose. Faults are lines that cannot be read, tags that the tag scheme does not have or does not allow there,
    and what rnncli train would refuse. If there are any, the exit code is 3. Sentences that occur again, and
    tokens that are labelled differently though their neighbours are the same, are shown and are no faults. Other
    files are compared with the first one.

    Example: rnncli check train.tsv dev.tsv test.tsv
    """
    from rnncli import checking

    if files.count("-") > 1:
        raise UsageError("stdin is given twice, and can be read once", hint="give the name of a file for one")
    with show.progress("reading …") as progress:
        report = checking.check(files, options, threads=threads, progress=progress.update)
    if json_output:
        show.data(show.json_line(report.as_dict()))
    else:
        _show(report, show_all)
    if report.fault_count:
        raise typer.Exit(DataError.exit_code)


def _show(report: "Report", show_all: bool) -> None:
    for number, file in enumerate(report.files):
        _show_file(file, report.files[0].name if number else "", show_all)
    _show_tags(report, show_all)
    _show_relabelled(report, show_all)
    _show_ambiguous(report, show_all)
    if report.choice:
        _show_choice(report.choice, report.files)
    for file in report.files:
        _show_faults(file, show_all)


def _show_file(file: "FileReport", first: str, show_all: bool) -> None:
    show.line((file.name, "bold"))
    if file.description:
        wrapped(file.description.removeprefix(f"{file.name}: "), "  ", "  ")
    least, median, p95, most = file.lengths
    rows = [
        ("sentences", f"{file.sentences:,}; {file.repeated:,} occurred before in the file"),
        ("tokens", f"{file.tokens:,} of {file.words:,} words"),
        ("length", f"{least:,} to {most:,} tokens a sentence; median {median:,}; 95 % have at most {p95:,}"),
        ("tags", f"{len(file.tags):,}" + (f"; {file.spans.total():,} spans" if file.spans else "")),
    ]
    if rare := file.rare_tags:
        rows.append(("rare tags", f"{len(rare):,} of them occur 1 to 3 times: {_named(rare, show_all)}"))
    if compared := file.comparison:
        share = show.fraction(compared.unknown_tokens / file.tokens if file.tokens else 0.0, 1)
        rows += [
            ("", f"in comparison with {first}:"),
            ("unknown", f"{compared.unknown_tokens:,} tokens, {share} %, of {compared.unknown_words:,} words"),
            ("shared", f"{compared.shared:,} sentences are there too"),
        ]
        if compared.unseen_tags:
            rows.append(("unseen tags", f"{len(compared.unseen_tags):,}: {_named(compared.unseen_tags, show_all)}"))
    for name, text in rows:
        row(name, text)
    for warning in file.warnings:
        row("warning", warning)
    row("faults", f"{file.fault_count:,}" if file.fault_count else "none")
    show.blank()


def _named(counts: dict[str, int], show_all: bool) -> str:
    """Tags with their counts: "B-city 2, B-day 1, …"."""
    shown = list(counts.items())[: None if show_all else SHOWN_PAIRS]
    return ", ".join(f"{tag} {count}" for tag, count in shown) + (", …" if len(shown) < len(counts) else "")


def _show_tags(report: "Report", show_all: bool) -> None:
    """How often each type of span, or each tag, is in each file; the most frequent first."""
    files = report.files[:SHOWN_FILES]
    are_spans = any(file.spans for file in files)
    counts = [file.spans if are_spans else file.tags for file in files]
    names = list(dict.fromkeys(name for of_file in counts for name, _ in of_file.most_common()))
    shown = names[: None if show_all else SHOWN]
    headers = ["span" if are_spans else "tag", *(_short(file.name, len(files)) for file in files)]
    if names:
        show.table("", headers, [(name, *(f"{of_file[name]:,}" for of_file in counts)) for name in shown])
        _more(len(names) - len(shown))
    if len(files) < len(report.files):
        show.line((f"  The table has the first {len(files)} files; --json has all.", ""))
        show.blank()


def _short(path: str, files: int) -> str:
    """The last part of a file's name, so that the names of several files fit the terminal."""
    from pathlib import Path

    return show.padded(printable(Path(path).name), max(6, 48 // files)).strip()


def _more(count: int) -> None:
    if count > 0:
        show.line((f"  … and {count:,} more; --all shows them", ""))
        show.blank()


def _show_relabelled(report: "Report", show_all: bool) -> None:
    """Repeated sentences, where they are, and their tokens whose tags differ."""
    from rnncli.data.repetition import differences

    if not report.relabelled:
        return
    show.line((f"Sentences that are labelled differently: {len(report.relabelled):,}", "bold"))
    shown = report.relabelled[: None if show_all else SHOWN_PAIRS]
    for sentence in shown:
        usual, *others = sentence.labellings
        for other in others:
            places = [
                f"{report.files[way.first.file].name}:{report.line(*way.first)}"
                + (f" (and {way.times - 1:,} more)" if way.times > 1 else "")
                for way in (usual, other)
            ]
            wrapped(f"{places[0]} and {places[1]}")
            tokens = [
                f"{sentence.tokens[i]}: {usual.tags[i]} and {other.tags[i]}"
                for i in differences(usual.tags, other.tags)
            ]
            row("", "; ".join(tokens[:SHOWN_PAIRS]) + ("; …" if len(tokens) > SHOWN_PAIRS else ""))
    show.blank()
    _more(len(report.relabelled) - len(shown))


def _show_ambiguous(report: "Report", show_all: bool) -> None:
    """Tokens with several tags between the same neighbours; the rarer tags may be mistakes."""
    if not report.ambiguous:
        return
    title = f"Tokens with different tags between the same two tokens before and after: {len(report.ambiguous):,}"
    show.line((title, "bold"))
    shown = report.ambiguous[: None if show_all else SHOWN_PAIRS]
    for ambiguous in shown:
        text = " ".join([*ambiguous.before, f"[{ambiguous.token}]", *ambiguous.after])
        wrapped(text)
        for use in ambiguous.uses:
            place = f"{report.files[use.first.file].name}:{report.line(*use.first, use.token)}"
            row("", f"{use.tag} {use.times:,} ×, first in {place}")
    show.blank()
    _more(len(report.ambiguous) - len(shown))


def _show_choice(choice: "Choice", files: "list[FileReport]") -> None:
    """What training would do with the first file."""
    names = ["-" if file.name == "stdin" else shell_word(file.name) for file in files[:2]]
    show.line((f"rnncli train {' --dev '.join(names)} would choose", "bold"))
    cpus = "1 thread" if choice.threads == 1 else f"{choice.threads} threads"
    data = f"{choice.sentences:,} sentences with {choice.tokens:,} tokens"
    if choice.sentences < files[0].sentences:
        data += "; the others are kept for development"
    elif len(files) == 1:
        data += ", which are the development data too"
    row("data", data)
    row("tags", choice.scheme)
    share = show.fraction(choice.reproduced, 1)
    row(
        "tokenizer",
        f"{choice.tokenizer}, which gives the tokens of {share} % of the sentences; digits {choice.digits}",
    )
    row("epochs", f"at most {choice.epochs}, in batches of {choice.batch} sentences")
    row("time", f"about {_duration(choice.seconds)} on {cpus} if nothing else runs here")
    show.blank()


def _duration(seconds: float) -> str:
    """A time in the unit that suits it, as roughly as an estimate is right."""
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.0f} {name}"
    return f"{max(1, round(seconds)):,} s"


def _show_faults(file: "FileReport", show_all: bool) -> None:
    """The faults of a file, with their lines, and what to do about them."""
    if not file.fault_count:
        return
    show.line((f"Faults of {file.name}: {file.fault_count:,}", "bold"))
    shown = file.faults[: None if show_all else SHOWN]
    for _, fault in shown:
        show.line((fault.located(file.name), ""))
    for hint in dict.fromkeys(fault.hint for _, fault in shown if fault.hint):
        wrapped(hint, "  ", "  ")
    show.blank()
    _more(file.fault_count - len(shown))
