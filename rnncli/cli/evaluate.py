"""``rnncli evaluate``: score a model, or a file of predictions, on labelled data."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from rnncli.cli import evaluate_views, files, show
from rnncli.cli.options import (
    ForceOption,
    ModelOption,
    OverwriteOption,
    ThreadsOption,
    command,
    find_model,
    is_on_command_line,
)
from rnncli.cli.outputs import is_page
from rnncli.config import OF_EVALUATE, ReadOptions
from rnncli.errors import UsageError
from rnncli.resources import bundled

if TYPE_CHECKING:
    from rnncli.data.reading import Corpus
    from rnncli.data.tags import Scheme
    from rnncli.error_analysis import Error
    from rnncli.evaluation import Labelled


@command("evaluate")
def evaluate(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(metavar="TEST.tsv", help="Labelled sentences; - is stdin.", show_default=False),
    ] = None,
    model: ModelOption = None,
    predictions: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Score the tags of this file, not those of a model; - is stdin."),
    ] = None,
    confusion: Annotated[
        bool, typer.Option("--confusion", help="Show which tags and spans are confused with which.")
    ] = False,
    errors: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write each error with its context; .html is a page, all others are TSV."
        ),
    ] = None,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    options: ReadOptions,
) -> None:
    """Score a model, or predictions, on labelled data.

    Without a file the test part of the bundled corpus is used. Spans are scored by the rules of conlleval: a span
    is right if its type, start and end are right. The intervals of 95 % tell how far a score depends on the choice
    of the sentences. A file of predictions has the same tokens, in any format.

    Example: rnncli evaluate test.tsv --model model.npz --confusion

    Example: rnncli evaluate test.tsv --predictions labelled.conll
    """
    from rnncli import comparison, error_analysis, evaluation

    path = str(bundled("sample_data/test.tsv")) if data is None else data
    if predictions is None:
        scored = _by_model(find_model(model), path, threads, options, force)
    elif is_on_command_line(context, "model"):
        raise UsageError("--model and --predictions cannot both be given", hint="leave out one")
    else:
        scored = _by_file(predictions, path, options, force)
    scores = evaluation.score(scored.labelled, scored.scheme)
    intervals = comparison.intervals(scored.labelled, scored.scheme, OF_EVALUATE)
    note_few(scores.sentences, "intervals")
    matrices = evaluate_views.matrices(scored.labelled, scored.scheme) if confusion else {}
    found: list[Error] | None = None
    if errors is not None:
        found = error_analysis.errors(scored.labelled, scored.scheme, scored.knows_words)
        write = evaluate_views.error_page if is_page(errors) else evaluate_views.error_lines
        show.put(Path(errors), write(found, scored.corpus, scored.scheme, scores, scored.name))
    if json_output:
        result = scores.as_dict() | {
            "micro": {"precision": scores.total.precision, "recall": scores.total.recall, "f1": scores.total.f1},
            "macro": {"f1": scores.macro_f1, "types": scores.macro_types},
            "intervals": intervals.as_dict(scored.scheme.has_spans, OF_EVALUATE),
        }
        if not scored.knows_words:
            result["unknown_words"] = {"tokens": None, "accuracy": None}
        if confusion:
            pairs = scores.confusion.most_common()
            result["confusion"] = [{"gold": g, "predicted": p, "tokens": n} for (g, p), n in pairs]
            result["confusion_matrix"] = {name: matrix.as_dict() for name, matrix in matrices.items()}
        if found is not None:
            result["errors"] = error_analysis.counts(found, scored.scheme)
        show.data(show.json_line(result))
    elif errors != "-":
        evaluate_views.tables(scores, intervals, scored.knows_words)
        if confusion:
            evaluate_views.confusions(scores, matrices)
        if found is not None:
            evaluate_views.errors(error_analysis.counts(found, scored.scheme))


class Scored(NamedTuple):
    """What is scored: labelled sentences of a file."""

    name: str  # of the model or of the file of predictions
    corpus: "Corpus"
    scheme: "Scheme"
    labelled: "list[Labelled]"
    knows_words: bool  # whether it is known which words the training data have


def note_few(sentences: int, what: str) -> None:
    """Say that the sentences are too few for intervals or p, if they are."""
    from rnncli.significance import FEW_SENTENCES

    if sentences < FEW_SENTENCES:
        number = "1 sentence is" if sentences == 1 else f"{sentences} sentences are"
        show.note(f"warning: {number} too few for {what} that can be relied on")


def _by_model(model: Path, path: str, threads: int, options: ReadOptions, force: bool) -> Scored:
    from rnncli import evaluation
    from rnncli.data.split import unseen_tags
    from rnncli.modelfile import load

    loaded = load(model)
    corpus = files.read_for(loaded, path, options, force)
    files.warn(loaded, corpus, force)
    with show.progress() as progress:
        advance = functools.partial(progress.update, message=f"labelling {len(corpus.sentences):,} sentences")
        labelled = evaluation.label(loaded, corpus.sentences, threads, advance=advance)
    unseen = unseen_tags(corpus.sentences, loaded.tags)
    if unseen:
        show.note(f"warning: tags that the model does not know, so none can be right: {', '.join(unseen[:10])}")
    return Scored(str(model), corpus, loaded.scheme, labelled, True)


def _by_file(predictions: str, path: str, options: ReadOptions, force: bool) -> Scored:
    from rnncli.evaluation import Labelled

    if predictions == path == "-":
        raise UsageError("stdin can be read once, and both files are -", hint="name one of the files")
    corpus = files.read_gold(path, options, force)
    predicted = files.read(predictions, options, force=force)
    scheme = files.scheme_of(corpus, [predicted])
    tags = files.predicted_tags(predicted, corpus, scheme, force)
    labelled = [
        Labelled(sentence.tags, of_sentence, [False] * len(of_sentence))
        for sentence, of_sentence in zip(corpus.sentences, tags, strict=True)
    ]
    return Scored(predictions, corpus, scheme, labelled, False)
