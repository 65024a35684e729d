"""What ``import rnncli`` offers beside the classes: training, reading, checking, scoring and inspecting.

The functions do what the commands of the same names do, with Python objects in place of files and of printed lines.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from rnncli import arguments
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.data import given, reading
from rnncli.data.given import Labelled
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.errors import UsageError
from rnncli.keywords import FileAndTrainOptions, FileOptions, taking
from rnncli.model import Model
from rnncli.tagging import Tagger, load

if TYPE_CHECKING:
    from rnncli.checking import Report
    from rnncli.cli.train_view import TrainView
    from rnncli.evaluation import Scores
    from rnncli.inspect.gradients import Gradients
    from rnncli.inspect.notebook import Document
    from rnncli.trained import Trained
    from rnncli.training import Listener

    AnyModel = str | os.PathLike[str] | Model | Tagger | Trained | None


@taking(NetworkSpec, TrainingSpec, ReadOptions)
def train(
    data: Labelled | None = None,
    dev: Labelled | None = None,
    out: str | Path = "models/default.npz",
    *,
    progress: bool | None = None,
    threads: int = 1,
    seeds: int = 1,
    time: str | float = 0,
    vectors: str | Path | None = None,
    lexicon: str | Path | None = None,
    init_from: str | Path | None = None,
    unlabelled: str | Path | None = None,
    log_gradients: str | Path | None = None,
    checkpoint_every: float = 1.0,
    resume: bool | None = None,
    force: bool = False,
    overwrite: bool = False,
    listener: "Listener | None" = None,
    **options: Unpack[FileAndTrainOptions],
) -> "Trained":
    """Train a model on labelled sentences and save it.

    data            the name of a file; or a list of (tokens, tags), a dict of columns such as
                    {"tokens": […], "tags": […]}, a table of pandas or polars or a data set of datasets, with a
                    sentence in each row, or a token and the number of its sentence. Without it: the bundled
                    corpus of ticket bookings
    dev             the same, to choose the best epoch; without it a random share of the training sentences
    out             the file of the model
    progress        whether to show the data, each epoch and the result on stderr, as the command does; None: in
                    an interactive session, unless there is a listener
    threads         that share the work; 0: one for each available CPU. Changes no byte of the model
    seeds           how many runs, from seed, seed + 1, …; the best on development data is saved
    time            for everything: seconds, or a text such as "30s", "5m" and "1h30m"; 0 is no limit. The result
                    then depends on the speed of the machine
    vectors         pre-trained word vectors: word2vec, GloVe, fastText .vec
    lexicon         lines of phrase<TAB>type; where a phrase stands in a text, the network reads its type
    init_from       a model to begin from: its network, words, tags and weights are kept, and what is new is added
    unlabelled      a file of sentences for one more model, which learns what those of all seeds give to them, and
                    is saved
    log_gradients   a file for gradients by distance, rewritten after every epoch
    checkpoint_every
                    minutes between checkpoints, which are deleted at the end; 0: none is written
    resume          True: go on from the checkpoint beside out, if there is one. False: begin anew and delete it.
                    None: refuse to begin where there is one
    force           train on data that cannot be right too
    overwrite       write over a file that is there too, whatever it holds
    listener        a training.Listener, whose methods are called

    Raises UsageError for a wrong argument, DataError, FileError, DivergedError, and StoppedError if a listener
    stops the training before its first epoch is over. If a training diverges after a good epoch, or some of several
    seeds fail, the best model is saved before, and the attribute trained of the error is what would have been
    returned.
    """
    from rnncli import api

    of_file = {name: options.pop(name) for name in FileOptions.__annotations__ if name in options}  # type: ignore[misc]
    read_options = ReadOptions.from_mapping(of_file)
    if progress is None:
        progress = listener is None and hasattr(sys, "ps1")
    elif progress and listener is not None:
        raise UsageError("progress and listener cannot both be given", hint="leave out one")
    with _shown(progress, options.get("seed"), seeds, unlabelled, time) as view:
        trained = api.train(
            data,
            dev,
            out,
            threads=threads,
            listener=view or listener,
            vectors=vectors,
            seeds=seeds,
            log_gradients=log_gradients,
            read_options=read_options,
            force=force,
            overwrite=overwrite,
            resume=resume,
            checkpoint_every=checkpoint_every,
            init_from=init_from,
            unlabelled=unlabelled,
            lexicon=lexicon,
            time=time,
            **options,
        )
    if view:
        from rnncli.cli import train_view

        train_view.summary(trained, view, read_options)
    return trained


@contextmanager
def _shown(
    progress: bool, seed: Any, seeds: int, unlabelled: str | Path | None, time: str | float
) -> "Iterator[TrainView | None]":
    """What the command shows; ``None`` to show nothing."""
    if not progress:
        yield None
        return
    from rnncli.cli import show, signals, train_view
    from rnncli.clock import Clock, duration

    first = TrainingSpec.seed if seed is None else seed
    clock = Clock(duration(time))
    with show.progress("reading …", at_once=True) as bar:
        yield train_view.TrainView(bar, first, seeds + (unlabelled is not None), signals.Stop(), clock)


@taking(ReadOptions)
def read(data: Labelled, *, force: bool = False, **options: Unpack[FileOptions]) -> list[Sentence]:
    """Read labelled sentences.

    Each has tokens, tags, columns (other columns of each token) and line, its first line in the file.

    data   a file in any format that rnncli reads, or what train() takes
    force  read what cannot be right as well as possible

    Raises FileError, and one DataError with all faults.
    """
    return _corpus("data", data, force, options).sentences


def _corpus(name: str, data: Labelled, force: bool, options: FileOptions, tokenizer: str = "auto") -> Corpus:
    wanted = reading.LABELLED._replace(tokenizer=tokenizer, force=force)
    read_options = ReadOptions.from_mapping(options)
    if given.is_file(data):
        return reading.read(str(data), read_options, wanted)
    return given.corpus(name, data, read_options, wanted)


@taking(ReadOptions)
def check(data: Labelled, *others: Labelled, threads: int = 0, **options: Unpack[FileOptions]) -> "Report":
    """Report on labelled sentences before a training: counts, faults, repetition, and what train() would choose.

    data     what a training would have; a file, or what train() takes
    others   development and test data, which are compared with them
    threads  that a training would have, for the estimate of its time; 0: one for each available CPU

    The report has fault_count, files and as_dict(); it shows itself as a table in a notebook.
    """
    from rnncli import checking

    return checking.check([data, *others], ReadOptions.from_mapping(options), threads=threads)


@taking(ReadOptions)
def evaluate(
    model: "AnyModel" = None,
    data: Labelled | None = None,
    *,
    threads: int = 1,
    force: bool = False,
    **options: Unpack[FileOptions],
) -> "Scores":
    """Score a model on labelled sentences: accuracy, and precision, recall and F1 of spans as conlleval has them.

    model    a file, a Tagger or the result of train(); without it the model that comes with rnncli
    data     a file, or what train() takes; without it the test part of the bundled corpus
    threads  0: one for each available CPU
    force    score data that cannot be right too

    The result has f1, accuracy, per_type, confusion and as_dict().
    """
    from rnncli import evaluation
    from rnncli.resources import bundled

    loaded = _model(model)
    corpus = _corpus(
        "data", bundled("sample_data/test.tsv") if data is None else data, force, options, loaded.tokenizer
    )
    evaluation.check_data(loaded, corpus, force)
    return evaluation.evaluate(loaded, corpus.sentences, threads)


@taking(ReadOptions)
def inspect_memory(
    model: "AnyModel" = None,
    *texts: str,
    data: Labelled | None = None,
    compare: "AnyModel" = None,
    steps: Sequence[int] = (),
    force: bool = False,
    **options: Unpack[FileOptions],
) -> "Document":
    """What a network keeps in memory at each token of a text, and what its tags rest on.

    model    a file, a Tagger or the result of train(); without it the model that comes with rnncli
    texts    one, or two to compare; without one the model's own example pair, or with data none
    data     labelled sentences, which show how far the whole model remembers
    compare  another model to show beside this one
    steps    numbers of tokens, from 0, whose steps are given in full
    force    take data that cannot be right too

    Returns the document of rnncli inspect-memory --json, a dict; docs/inspect.md lists its keys.
    """
    from rnncli.inspect.document import Question, document
    from rnncli.inspect.notebook import Document

    loaded = _model(model)
    sentences = [] if data is None else _checked(loaded, data, force, options)
    chosen = list(texts) or ([] if sentences else list(loaded.provenance.get("examples") or ()))
    if not (sentences and not chosen) and not 1 <= len(chosen) <= 2:
        raise UsageError(
            f"expected one text or two, got {len(chosen)}", hint="this model has no example of its own"
        )
    other = None if compare is None else _model(compare)
    result = Document(document(loaded, Question(_texts(chosen), sentences, steps=steps), other))
    result["model"]["file"] = _name(model, "model")
    if other is not None:
        result["compare"]["model"]["file"] = _name(compare, "other model")
    return result


@taking(ReadOptions)
def inspect_gradients(
    model: "AnyModel" = None,
    *texts: str,
    data: Labelled | None = None,
    force: bool = False,
    **options: Unpack[FileOptions],
) -> "Gradients":
    """How far back the gradients of a network reach: the norm of the gradient of a tag's loss by distance.

    model  a file, a Tagger or the result of train(); without it the model that comes with rnncli
    texts  whose predicted tags have the loss; without one the model's own examples
    data   labelled sentences in place of texts, whose gold tags have the loss
    force  take data that cannot be right too

    The result has curves, weights, steps, verdicts and as_dict().
    """
    from rnncli.inspect.gradients import gradients

    loaded = _model(model)
    if data is not None:
        if texts:
            raise UsageError("texts and data exclude each other", hint="give one of them")
        return gradients(loaded, _checked(loaded, data, force, options))
    chosen = _texts(texts or loaded.provenance.get("examples") or ())
    sentences = [Sentence(cut, [""] * len(cut), [()] * len(cut), 1) for cut in map(loaded.cut, chosen) if cut]
    if not sentences:
        raise UsageError("nothing to look at: no text has a token", hint="give a text, or data=…")
    if loaded.inputs.columns:
        raise UsageError("this model reads a column beside each token", hint="give them: data=…")
    return gradients(loaded, sentences)


def _name(model: "AnyModel", otherwise: str) -> str:
    """What a model is called in a document."""
    return Path(model).name if given.is_file(model) else otherwise


def _texts(texts: Sequence[str]) -> Sequence[str]:
    for number, text in enumerate(texts, 1):
        arguments.text(f"text {number}", text)
    return texts


def _checked(model: Model, data: Labelled, force: bool, options: FileOptions) -> list[Sentence]:
    """Labelled sentences that fit a model."""
    from rnncli import evaluation

    corpus = _corpus("data", data, force, options, model.tokenizer)
    evaluation.check_data(model, corpus, force)
    return corpus.sentences


def _model(model: "AnyModel") -> Model:
    """The model in a file, a tagger or the result of a training."""
    if model is None or given.is_file(model):
        return load(model).model
    inner = model if isinstance(model, Model) else getattr(model, "model", None)
    hint = "a file, a Tagger or the result of rnncli.train"
    return arguments.instance("model", model if inner is None else inner, Model, hint)
