"""Labelled files for commands: read, and say what was recognised."""

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from rnncli.cli import show
from rnncli.config import ReadOptions

if TYPE_CHECKING:
    from rnncli.data.reading import Corpus
    from rnncli.data.tags import Scheme
    from rnncli.model import Model


def read(path: str, options: ReadOptions, tokenizer: str = "auto", force: bool = False) -> "Corpus":
    """Read a labelled file and say what was recognised; ``tokenizer`` cuts texts with spans."""
    from rnncli.data import reading
    from rnncli.data.formats.format import Wanted
    from rnncli.data.watch import Watch

    with show.progress() as progress:
        watch = Watch(after_read=lambda share: progress.update(share, f"reading {path}"))
        corpus = reading.read(path, options, Wanted(tokenizer=tokenizer, force=force), watch)
    show.note(corpus.description)
    return corpus


def read_for(model: "Model", path: str, options: ReadOptions, force: bool) -> "Corpus":
    """The same; a file that cannot be right, or that does not fit the model, is refused without ``force``."""
    from rnncli import evaluation

    corpus = read(path, options, model.tokenizer, force)
    evaluation.check_data(model, corpus, force)
    return corpus


def warn(model: "Model", corpus: "Corpus", force: bool, name: str = "the model") -> None:
    """Warn of what makes the scores of a model on a file doubtful."""
    from rnncli.data import schemes
    from rnncli.diagnosis.provenance import Provenance

    if Provenance.read(model.provenance).was_trained_on(corpus.sha256):
        show.note(f"warning: {name} was trained on these sentences, so its scores on other text will be lower")
    if message := schemes.describe_odd(corpus, model.scheme, model.tags, force):
        show.note(f"warning: {message}")


def read_gold(path: str, options: ReadOptions, force: bool, tokenizer: str = "auto") -> "Corpus":
    """The same without a model: the gold tags that predictions are compared with."""
    from rnncli.data import plausibility

    corpus = read(path, options, tokenizer, force)
    plausibility.refuse(corpus.name, plausibility.problems(corpus), force)
    return corpus


def scheme_of(gold: "Corpus", predictions: "Iterable[Corpus]") -> "Scheme":
    """The scheme of the gold tags; where all of them are outside, that of the predictions."""
    from rnncli.data import schemes

    tags = [sentence.tags for sentence in gold.sentences]
    if {"O", "o"}.issuperset(chain.from_iterable(tags)):
        tags += [sentence.tags for predicted in predictions for sentence in predicted.sentences]
    return schemes.recognise(tags)


def predicted_tags(predicted: "Corpus", gold: "Corpus", scheme: "Scheme", force: bool) -> list[list[str]]:
    """The tags that a file has for the sentences of another; their tokens and their scheme must be the same."""
    from rnncli import evaluation
    from rnncli.data import schemes

    tags = evaluation.predicted_tags(gold, predicted)
    known = list(dict.fromkeys(tag for sentence in gold.sentences for tag in sentence.tags))
    if message := schemes.describe_odd(predicted, scheme, known, force, whose=gold.name):
        show.note(f"warning: {message}")
    return tags
