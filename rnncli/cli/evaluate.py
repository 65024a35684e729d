"""``rnncli evaluate``: score a model on labelled data."""

import functools
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import files, show
from rnncli.cli.options import ForceOption, ModelOption, ThreadsOption, command, find_model
from rnncli.config import ReadOptions
from rnncli.resources import bundled

if TYPE_CHECKING:
    from rnncli.evaluation import Scores

SHOWN_CONFUSIONS = 20


@command("evaluate")
def evaluate(
    data: Annotated[
        str | None,
        typer.Argument(metavar="TEST.tsv", help="Labelled sentences; - is stdin.", show_default=False),
    ] = None,
    model: ModelOption = None,
    confusion: Annotated[
        bool, typer.Option("--confusion", help="Show which tags are confused with which.")
    ] = False,
    force: ForceOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    options: ReadOptions,
) -> None:
    """Score a model on labelled data.

    Without a file the test part of the bundled corpus is used. Spans are scored by the rules of conlleval: a span
    is right if its type, start and end are right.

    Example: rnncli evaluate test.tsv --model model.npz --confusion
    """
    from rnncli import evaluation
    from rnncli.data import schemes
    from rnncli.data.split import unseen_tags
    from rnncli.diagnosis.provenance import Provenance
    from rnncli.modelfile import load

    loaded = load(find_model(model))
    path = str(bundled("sample_data/test.tsv")) if data is None else data
    corpus = files.read_for(loaded, path, options, force)
    if Provenance.read(loaded.provenance).was_trained_on(corpus.sha256):
        show.note("warning: the model was trained on these sentences, so its scores on other text will be lower")
    if message := schemes.describe_odd(corpus, loaded.scheme, loaded.tags, force):
        show.note(f"warning: {message}")
    with show.progress() as progress:
        advance = functools.partial(progress.update, message=f"labelling {len(corpus.sentences):,} sentences")
        scores = evaluation.evaluate(loaded, corpus.sentences, threads, advance=advance)
    unseen = unseen_tags(corpus.sentences, loaded.tags)
    if unseen:
        show.note(f"warning: tags that the model does not know, so none can be right: {', '.join(unseen[:10])}")
    wrong = scores.confusion.most_common(None if json_output else SHOWN_CONFUSIONS)
    if json_output:
        result = scores.as_dict()
        if confusion:
            result["confusion"] = [{"gold": g, "predicted": p, "tokens": n} for (g, p), n in wrong]
        show.data(show.json_line(result))
        return
    _tables(scores)
    if confusion:
        show.table(
            "Confused tags",
            ("gold", "predicted", "tokens"),
            [(g, p, f"{n:,}") for (g, p), n in wrong],
        )


def _tables(scores: "Scores") -> None:
    rows = [
        (kind, *map(show.fraction, (count.precision, count.recall, count.f1)), f"{count.gold:,}")
        for kind, count in sorted(scores.per_type.items())
    ]
    total = scores.total
    if scores.scheme.has_spans:
        rows.append(("all", *map(show.fraction, (total.precision, total.recall, total.f1)), f"{total.gold:,}"))
    first_header = "span" if scores.scheme.has_spans else "tag"
    show.table("", (first_header, "precision", "recall", "F1", "gold"), rows)
    show.table(
        "",
        ("tokens", "accuracy", "number"),
        [
            ("all", show.fraction(scores.accuracy), f"{scores.tokens:,}"),
            ("unknown words", show.fraction(scores.unknown_accuracy), f"{scores.unknown:,}"),
        ],
    )
    if scores.calibration:
        show.text(f" expected calibration error {show.fraction(scores.calibration.ece)}\n\n")
