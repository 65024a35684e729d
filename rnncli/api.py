"""The use cases as plain functions: read, split, train, score, save. They return results and raise errors."""

import dataclasses
import functools
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnncli import __version__, arguments, modelfile, writing
from rnncli.checkpoint import EVERY, Checkpoint, path_of
from rnncli.clock import Clock, duration
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.data import weights
from rnncli.data.digits import choose_digits
from rnncli.data.examples import contrast_pair
from rnncli.data.lexicon import read as read_lexicon
from rnncli.data.parts import Reader
from rnncli.data.reading import AS_USUAL, Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.vectors import Vectors, wanted_by
from rnncli.data.vectors import read as read_vectors
from rnncli.errors import UsageError
from rnncli.evaluation import Scores
from rnncli.inspect.gradient_log import Log, sample
from rnncli.model import Model
from rnncli.modelfile import load as load_model
from rnncli.resources import bundled
from rnncli.runs import Refit
from rnncli.seeds import train_seeds
from rnncli.spec import suggestion
from rnncli.tagging import Tagger
from rnncli.task import Task, identity
from rnncli.threads import count_threads
from rnncli.trained import Trained
from rnncli.training import Listener, Run, carry

# Two requests that differ in one word; inspect-memory shows them for a model of the bundled corpus.
BOOKING_PAIR = ["arrive Taipei on November 2nd", "leave Taipei on November 2nd"]
# The header of a model file has a limit, so it does not hold the scores of each type if there are more than these.
MOST_TYPES = 10_000


def load(model: str | Path | None = None, threads: int = 1) -> Tagger:
    """Load a model, by default the bundled one, to label text with it; threads 0: one for each available CPU."""
    return Tagger(load_model(bundled("models/default.npz") if model is None else model), threads)


def specs(options: dict[str, Any]) -> tuple[NetworkSpec, TrainingSpec]:
    """Sort options such as ``arch="elman", seed=2`` into the two specs."""
    values: dict[type, dict[str, Any]] = {NetworkSpec: {}, TrainingSpec: {}}
    spec_of_option = {item.name: spec for spec in values for item in dataclasses.fields(spec)}
    for name, value in options.items():
        if name not in spec_of_option:
            raise UsageError(f'unknown option "{name}"', hint=suggestion(name, spec_of_option))
        values[spec_of_option[name]][name] = value
    return NetworkSpec(**values[NetworkSpec]), TrainingSpec(**values[TrainingSpec])


class Files(NamedTuple):
    """The files that a training reads and writes."""

    data: str | Path | None = None
    dev: str | Path | None = None
    out: str | Path = "models/default.npz"
    vectors: str | Path | None = None
    log_gradients: str | Path | None = None
    init_from: str | Path | None = None
    unlabelled: str | Path | None = None
    lexicon: str | Path | None = None


def checkpoint_of(out: str | Path) -> Path:
    """The file beside ``out`` from which a training that was stopped goes on."""
    return path_of(Path(out))


def train(
    data: str | Path | None = None,
    dev: str | Path | None = None,
    out: str | Path = "models/default.npz",
    threads: int = 1,
    listener: Listener | None = None,
    vectors: str | Path | None = None,
    seeds: int = 1,
    log_gradients: str | Path | None = None,
    read_options: ReadOptions = AS_USUAL,
    force: bool = False,
    resume: bool | None = None,
    checkpoint_every: float = EVERY,
    init_from: str | Path | None = None,
    distil: bool = False,
    unlabelled: str | Path | None = None,
    lexicon: str | Path | None = None,
    time: str | float = 0,
    **options: Any,
) -> Trained:
    """Train a model on labelled files and save it; ``options`` are the fields of the specs in config.py.

    data           labelled file; without it the bundled ticket-booking corpus
    dev            labelled file for choosing the best epoch; without it a random share of the training sentences
    threads        0: one for each available CPU; changes no byte of the model
    listener       its ``should_stop`` ends the training, and the best epoch so far is saved
    vectors        pre-trained word vectors (word2vec, GloVe, fastText .vec); those of words in the data are used
    seeds          how many runs, from seed, seed + 1, …; the best on development data is saved
    log_gradients  a file for gradients by distance, rewritten after every epoch; changes no byte of the model
    read_options   format, columns and encoding of ``data`` and ``dev``
    force          train on data that cannot be right too, with a warning in the log of the package
    resume         whether to go on from the checkpoint beside ``out``, if there is one: to the model of a training
                   that was not stopped. False: begin anew and delete it. None: refuse to begin where there is one
    checkpoint_every
                   minutes between checkpoints, which are deleted at the end; 0: none is written
    init_from      a model to begin from: its network, words, tags and weights are kept, and what is new in the data
                   is added
    distil         train one more model, by what those of all seeds know together, and save it
    unlabelled     sentences for it beside the training data, in any format that can be labelled; tags do not count
    lexicon        lines of phrase<TAB>type; where a phrase stands in a text, the network reads its type
    time           for everything: seconds, or a text such as "30s", "5m" and "1h30m"; 0 is no limit. The result
                   then depends on the speed of the machine

    Raises an :class:`.RnncliError`: :class:`.UsageError` for a wrong argument, :class:`.StoppedError` if it is
    stopped before the end of the first epoch, :class:`.DataError`, :class:`.FileError`, :class:`.DivergedError`. If
    a training diverges after a good epoch, or some of several seeds fail, the best model is saved before, and the
    attribute ``trained`` of the error is what would have been returned.
    """
    files = Files(data, dev, out, vectors, log_gradients, init_from, unlabelled, lexicon)
    trained = train_files(
        files,
        *specs(options),
        read_options,
        seeds=seeds,
        distil=distil,
        threads=threads,
        listener=listener,
        force=force,
        resume=resume,
        checkpoint_every=checkpoint_every,
        given=options.keys(),
        clock=Clock(duration(time)),
    )
    if problem := trained.problem:
        problem.trained = trained
        raise problem
    return trained


def train_files(
    files: Files,
    network_spec: NetworkSpec,
    training_spec: TrainingSpec,
    read_options: ReadOptions = AS_USUAL,
    *,
    seeds: int = 1,
    distil: bool = False,
    threads: int = 1,
    listener: Listener | None = None,
    force: bool = False,
    resume: bool | None = None,
    checkpoint_every: float = EVERY,
    given: Collection[str] = (),
    clock: Clock | None = None,
) -> Trained:
    """The same as :func:`train`, with whole specs; what went wrong after a good epoch is only returned.

    given  names of the options of the specs that were given; they must not contradict the model to begin from
    clock  began with the training, and has the budget of time
    """
    clock = clock or Clock()
    arguments.instance("network_spec", network_spec, NetworkSpec)
    arguments.instance("training_spec", training_spec, TrainingSpec)
    arguments.instance("read_options", read_options, ReadOptions)
    listener = Listener() if listener is None else arguments.instance("listener", listener, Listener)
    threads = count_threads(threads)
    seeds = arguments.whole_number("seeds", seeds, 1, "it is how many runs there are")
    if not isinstance(distil, bool):
        arguments.refuse("distil", "True or False", distil)
    dataclasses.replace(training_spec, seed=training_spec.seed + seeds - 1 + distil)  # checks the last seed
    if resume not in (None, False, True):
        arguments.refuse("resume", "True, False or None", resume)
    for name, value in arguments.instance("files", files, Files)._asdict().items():
        if value is not None or name == "out":
            arguments.path(name, value)
    if files.unlabelled and not distil:
        raise UsageError("--unlabelled needs --distil: only a student learns from text without tags")
    _check_outputs(files, training_spec, force, bool(resume))
    with writing.lock(files.out, files.log_gradients or None):
        path = Path(files.out)
        checkpoint = Checkpoint.of(path, checkpoint_every, listener.warning)
        if checkpoint and resume is None:
            checkpoint.refuse()
        start = carry.Start.read(files.init_from) if files.init_from else None
        specs = network_spec, training_spec
        if start:
            specs = carry.settings(start.model, network_spec, training_spec, given)
        with clock.part("reading"):
            corpus, task = _read(
                files, *specs, read_options, force, listener, start.model if start else None, distil
            )
        saved = None
        if checkpoint:
            checkpoint.identity = identity(task, network_spec, training_spec, seeds)
            if start:
                checkpoint.identity.data["model to begin from"] = start.sha256
            if resume:
                saved = checkpoint.load()
                clock.earlier += saved.state.progress.spent if saved else 0.0
            else:
                checkpoint.remove()
        log = None
        if files.log_gradients:
            log = Log(Path(files.log_gradients), sample(task.train, training_spec.seed))
        runs = train_seeds(task, seeds, threads, listener, checkpoint, saved, log, clock)
        best, model, dev = runs.saved(threads)
        model.provenance = _provenance(corpus, task, best, dev, runs.refit, model.tokenizer, files.data is None)
        if files.data is not None and files.dev is None:
            model.provenance["dev_seed"] = training_spec.seed
        if start:
            model.provenance["init_from"] = start.chain
        if runs.lesson and best is runs.student:
            others = runs.lesson.found - len(task.train)
            model.provenance["distilled"] = {"teachers": len(runs.runs), "sentences": others}
        if task.class_weights:  # they are in the provenance; the name of their file means nothing elsewhere
            model.training_spec = dataclasses.replace(model.training_spec, class_weight="file")
        with clock.part("saving"):
            sha256 = writing.or_elsewhere(path, functools.partial(modelfile.save, model))
        if checkpoint and not runs.stopped:
            checkpoint.remove()
        return Trained(
            runs.runs,
            runs.failures,
            best,
            model,
            dev,
            path,
            sha256,
            runs.stopped,
            checkpoint.path if checkpoint and runs.stopped and checkpoint.path.exists() else None,
            runs.log_problem,
            runs.student,
            runs.refit,
            clock.times,
        )


def _provenance(
    corpus: Corpus, task: Task, best: Run, dev: Scores, refit: Refit | None, tokenizer: str, is_bundled: bool
) -> dict[str, Any]:
    """What a model file tells people about its training."""
    scores = dev.as_dict()
    if len(dev.per_type) > MOST_TYPES:
        scores["per_type"] = {}
    provenance = {
        "rnncli": __version__,
        "data_sha256": corpus.sha256,
        "dev_sha256": Corpus("", task.dev).sha256,
        "sentences": len(task.train),
        "tokens": sum(len(sentence.tokens) for sentence in task.train),
        "epochs": best.result.epochs,
        "best_epoch": best.result.best_epoch,
        "metric": best.result.metric,
        "dev": scores,
        "examples": BOOKING_PAIR if is_bundled else contrast_pair(task.train, tokenizer, task.scheme),
    }
    if refit:  # the scores are those of the model before it
        provenance["refit"] = {name: value for name, value in refit.as_dict().items() if name != "seconds"}
    return provenance | ({"class_weights": task.class_weights} if task.class_weights else {})


def _read(
    files: Files,
    network_spec: NetworkSpec,
    training_spec: TrainingSpec,
    read_options: ReadOptions,
    force: bool,
    listener: Listener,
    start: Model | None,
    distil: bool,
) -> tuple[Corpus, Task]:
    """Read all files of a training but the model that it begins from."""
    dev = bundled("sample_data/dev.tsv") if files.data is None and files.dev is None else files.dev
    scheme = start.scheme if start else None
    reader = Reader(network_spec, training_spec, read_options, force, listener, scheme)
    corpus, train_part, dev_part, scheme = reader.read(files.data or bundled("sample_data/train.tsv"), dev)
    others = reader.unlabelled(files.unlabelled, corpus) if files.unlabelled else []
    task = Task(network_spec, training_spec, train_part, dev_part, scheme, None, None, start)
    task = with_files(task, files, read_options, others)
    refit = training_spec.refit == "yes" or (training_spec.refit == "auto" and dev is None)
    if dev is None and len(corpus.sentences) == 1:  # it is both training and development data
        refit = False
    return corpus, task._replace(unlabelled=others if distil else None, refit=refit)


def with_files(task: Task, files: Files, read_options: ReadOptions, others: Sequence[Sentence] = ()) -> Task:
    """The task with what its other files hold: vectors, a lexicon, weights of tags; and how digits are read.

    others  sentences whose words need vectors too
    """
    network_spec, training_spec = task.network_spec, task.training_spec
    if network_spec.digits == "auto":
        network_spec = dataclasses.replace(network_spec, digits=choose_digits(task.train))
    vectors = None
    if files.vectors:
        vectors = _vectors(files.vectors, [*task.sentences, *others], network_spec.digits)
    lexicon = read_lexicon(str(files.lexicon), read_options.encoding) if files.lexicon else None
    class_weights = None  # read once, because the file may be a pipe
    if training_spec.class_weight not in ("none", weights.BALANCED):
        tags = list(dict.fromkeys(tag for sentence in task.train for tag in sentence.tags))
        class_weights = weights.read(training_spec.class_weight, tags)
    return task._replace(network_spec=network_spec, vectors=vectors, class_weights=class_weights, lexicon=lexicon)


def _vectors(path: str | Path, sentences: list[Sentence], digits: str) -> Vectors:
    """Read the pre-trained vectors of the words of these sentences; of a text, of what stands between blanks."""
    tokens = (token for s in sentences for token in s.tokens or (s.extra.text or "").split())
    return read_vectors(str(path), wanted_by(tokens, digits), digits)


def _check_outputs(files: Files, spec: TrainingSpec, force: bool, resume: bool) -> None:
    """Refuse to write over a file that is read, or over what rnncli did not write."""
    outputs = [
        writing.Output("--out", files.out, writing.MODEL),
        writing.Output("--log-gradients", files.log_gradients or None, writing.LOG),
    ]
    if not writing.is_stream(Path(files.out)):
        kind = writing.CHECKPOINT
        if resume:  # what is there is read before it is replaced, so that a damaged one is an error of its content
            kind = kind._replace(beginning=re.compile(b""))
        outputs.append(writing.Output("--out", checkpoint_of(files.out), kind))
    inputs = {
        "TRAIN": files.data or bundled("sample_data/train.tsv"),
        "--dev": files.dev or bundled("sample_data/dev.tsv"),
        "--vectors": files.vectors,
        "--lexicon": files.lexicon,
        "--init-from": files.init_from,
        "--unlabelled": files.unlabelled,
        "--class-weight": spec.class_weight,
    }
    writing.check(outputs, inputs, force)
