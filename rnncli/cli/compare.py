"""``rnncli compare``: whether models, or files of predictions, differ by more than chance."""

import functools
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import compare_views, files, show
from rnncli.cli.evaluate import note_few
from rnncli.cli.options import ForceOption, OverwriteOption, ThreadsOption, command
from rnncli.config import ReadOptions, ResamplingSpec
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.data.reading import Corpus
    from rnncli.data.tags import Scheme
    from rnncli.model import Model

_START = 2**16  # bytes of a file by which a model is recognised


@command("compare")
def compare(
    systems: Annotated[
        list[str],
        typer.Argument(metavar="MODEL…", help="Models, or files of predictions, two or more.", show_default=False),
    ],
    data: Annotated[
        str, typer.Argument(metavar="TEST.tsv", help="Labelled sentences; - is stdin.", show_default=False)
    ],
    shown: Annotated[
        int, typer.Option("--show", min=0, metavar="N", help="Sentences to show on which they differ.")
    ] = 5,
    differences: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write all sentences on which they differ, as TSV; - is stdout."),
    ] = None,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    options: ReadOptions,
    resampling: ResamplingSpec,
) -> None:
    """Tell whether models differ by more than chance.

    Each model, or file of predictions, is scored on TEST. For each pair there is the difference with its interval
    of 95 %, by a paired bootstrap over sentences, and p, by approximate randomisation: how often a difference of
    this size comes by chance if both are equally good. Of several pairs, and of types, p is adjusted by Holm. A
    file of predictions has the same tokens as TEST, in any format.

    Example: rnncli compare old.npz new.npz test.tsv

    Example: rnncli compare old.npz new.npz labelled.conll test.tsv
    """
    from rnncli import comparison, evaluation

    if len(systems) < 2:
        raise UsageError("there is nothing to compare", hint="give two models or files of predictions, then TEST")
    if len(systems) > len(compare_views.LETTERS):
        raise UsageError(f"{len(systems)} systems are too many", hint=f"at most {len(compare_views.LETTERS)}")
    if Counter([*systems, data])["-"] > 1:
        raise UsageError("stdin can be read once, and two of the files are -", hint="name one of the files")
    models = _load(systems)
    first = next(iter(models.values()), None)
    tokenizer = first.tokenizer if first else "auto"
    corpus = files.read_gold(data, options, force, tokenizer)
    for path, model in models.items():
        evaluation.check_data(model, corpus, force)
        files.warn(model, corpus, force, path)
    predicted = {
        path: files.read(path, options, tokenizer, force) for path in dict.fromkeys(systems) if path not in models
    }
    scheme = _scheme(models, corpus, predicted.values())
    tags_of = {path: files.predicted_tags(each, corpus, scheme, force) for path, each in predicted.items()}
    tags_of |= {path: _labels(each, path, corpus, threads) for path, each in models.items()}
    tags = [tags_of[path] for path in systems]
    gold = [sentence.tags for sentence in corpus.sentences]
    result = comparison.compare(systems, gold, tags, scheme, resampling)
    note_few(len(gold), "intervals and p")
    if differences is not None:
        show.put(Path(differences), compare_views.lines(result, corpus, tags))
    if json_output:
        document = result.as_dict()
        document["differing"] = [
            {"line": corpus.sentences[number].line, "tokens": corpus.sentences[number].tokens}
            | {"sentence": number + 1, "gold": gold[number], "predicted": [each[number] for each in tags]}
            for number in result.differing
        ]
        show.data(show.json_line(document))
    elif differences != "-":
        compare_views.tables(result)
        compare_views.differing(result, corpus, tags, shown)


def _load(systems: list[str]) -> "dict[str, Model]":
    """The models among the systems, by their names."""
    from rnncli.modelfile import load

    return {path: load(path) for path in dict.fromkeys(systems) if _is_model(path)}


def _is_model(path: str) -> bool:
    """Tell whether a file is an archive of arrays, as models are; what can be read only once is not."""
    with suppress(OSError, ValueError):
        if Path(path).is_file():
            with Path(path).open("rb") as file:
                start = file.read(_START)
            return start.startswith(b"PK\x03\x04") and b".npy" in start
    return False


def _scheme(models: "dict[str, Model]", corpus: "Corpus", predicted: "Iterable[Corpus]") -> "Scheme":
    """The scheme by which spans are counted: that of the models, without any that of the files."""
    if not models:
        return files.scheme_of(corpus, predicted)
    (first, model), *others = models.items()
    for path, other in others:
        kinds = [(each.scheme.has_spans, each.scheme.limits_moves) for each in (model, other)]
        if kinds[0] != kinds[1]:
            message = f"the tags of {first} are {model.scheme.text}, those of {path} are {other.scheme.text}"
            raise UsageError(message, hint="compare models whose tags mark the same")
    return model.scheme


def _labels(model: "Model", path: str, corpus: "Corpus", threads: int) -> list[list[str]]:
    """The tags that a model gives to the sentences of a file."""
    from rnncli import evaluation

    with show.progress() as progress:
        message = f"labelling {len(corpus.sentences):,} sentences by {path}"
        advance = functools.partial(progress.update, message=message)
        labelled = evaluation.label(model, corpus.sentences, threads, with_probabilities=False, advance=advance)
    return [list(sentence.predicted) for sentence in labelled]
