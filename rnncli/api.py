"""The use cases as plain functions: read, split, train, score, save. They return results and raise errors."""

import dataclasses
import functools
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from rnncli import __version__, arguments, modelfile, writing
from rnncli.checkpoint import EVERY, Checkpoint, path_of
from rnncli.clock import Clock, duration
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.data import tokenizer_choice, weights
from rnncli.data.digits import choose_digits
from rnncli.data.examples import BOOKING_PAIR, contrast_pair
from rnncli.data.given import Labelled, is_file
from rnncli.data.lexicon import read as read_lexicon
from rnncli.data.parts import Reader
from rnncli.data.reading import AS_USUAL, Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.vectors import Vectors, wanted_by
from rnncli.data.vectors import read as read_vectors
from rnncli.errors import UsageError
from rnncli.evaluation import Scores
from rnncli.inspect.gradient_log import Log, sample
from rnncli.resources import bundled
from rnncli.runs import Runs
from rnncli.seeds import Running, train_seeds
from rnncli.spec import suggestion
from rnncli.tagging import load as load
from rnncli.task import Task, identity
from rnncli.threads import count_threads
from rnncli.trained import Trained
from rnncli.training import Listener, carry

# The header of a model file has a limit, so it does not hold the scores of each type if there are more than these.
MOST_TYPES = 10_000


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
    """The files that a training reads and writes; labelled sentences may be given as they are."""

    data: Labelled | None = None
    dev: Labelled | None = None
    out: str | Path = "models/default.npz"
    vectors: str | Path | None = None
    log_gradients: str | Path | None = None
    init_from: str | Path | None = None
    unlabelled: str | Path | None = None
    lexicon: str | Path | None = None


class Settings(NamedTuple):
    """How a training is run, beside its specs: the arguments of :func:`train` with these names.

    given  names of the options of the specs that were given; they must not contradict the model to begin from
    """

    seeds: int = 1
    threads: int = 1
    force: bool = False
    overwrite: bool = False
    resume: bool | None = None
    checkpoint_every: float = EVERY
    given: Collection[str] = ()


ONCE = Settings()  # from one seed, on one thread


def checkpoint_of(out: str | Path) -> Path:
    """The file beside ``out`` from which a training that was stopped goes on."""
    return path_of(Path(out))


def train(
    data: Labelled | None = None,
    dev: Labelled | None = None,
    out: str | Path = "models/default.npz",
    threads: int = 1,
    listener: Listener | None = None,
    vectors: str | Path | None = None,
    seeds: int = 1,
    log_gradients: str | Path | None = None,
    read_options: ReadOptions = AS_USUAL,
    force: bool = False,
    overwrite: bool = False,
    resume: bool | None = None,
    checkpoint_every: float = EVERY,
    init_from: str | Path | None = None,
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
    overwrite      write over a file that is there too, whatever it holds
    resume         whether to go on from the checkpoint beside ``out``, if there is one: to the model of a training
                   that was not stopped. False: begin anew and delete it. None: refuse to begin where there is one
    checkpoint_every
                   minutes between checkpoints, which are deleted at the end; 0: none is written
    init_from      a model to begin from: its network, words, tags and weights are kept, and what is new in the data
                   is added
    unlabelled     sentences for one more model, which learns what those of all seeds give to them, and is saved; in
                   any format that can be labelled; tags do not count
    lexicon        lines of phrase<TAB>type; where a phrase stands in a text, the network reads its type
    time           for everything: seconds, or a text such as "30s", "5m" and "1h30m"; 0 is no limit. The result
                   then depends on the speed of the machine

    Raises an :class:`.RnncliError`: :class:`.UsageError` for a wrong argument, :class:`.StoppedError` if it is
    stopped before the end of the first epoch, :class:`.DataError`, :class:`.FileError`, :class:`.DivergedError`. If
    a training diverges after a good epoch, or some of several seeds fail, the best model is saved before, and the
    attribute ``trained`` of the error is what would have been returned.
    """
    files = Files(data, dev, out, vectors, log_gradients, init_from, unlabelled, lexicon)
    settings = Settings(seeds, threads, force, overwrite, resume, checkpoint_every, options.keys())
    trained = train_files(files, *specs(options), read_options, settings, listener, Clock(duration(time)))
    if problem := trained.problem:
        problem.trained = trained
        raise problem
    return trained


def train_files(
    files: Files,
    network_spec: NetworkSpec,
    training_spec: TrainingSpec,
    read_options: ReadOptions = AS_USUAL,
    settings: Settings = ONCE,
    listener: Listener | None = None,
    clock: Clock | None = None,
) -> Trained:
    """The same as :func:`train`, with whole specs; what went wrong after a good epoch is only returned.

    clock  began with the training, and has the budget of time
    """
    clock = clock or Clock()
    arguments.instance("network_spec", network_spec, NetworkSpec)
    arguments.instance("training_spec", training_spec, TrainingSpec)
    arguments.instance("read_options", read_options, ReadOptions)
    listener = Listener() if listener is None else arguments.instance("listener", listener, Listener)
    settings = _checked(settings, files, training_spec)
    path = Path(files.out)
    with writing.lock(files.out, files.log_gradients or None):
        checkpoint = Checkpoint.of(path, settings.checkpoint_every, listener.warning)
        if checkpoint and settings.resume is None:
            checkpoint.refuse()
        start = carry.Start.read(files.init_from) if files.init_from else None
        specs = network_spec, training_spec
        if start:
            specs = carry.settings(start.model, network_spec, training_spec, settings.given)
        with clock.part("reading"):
            corpus, task = _read(files, *specs, read_options, settings.force, listener, start)
        saved = None
        if checkpoint:
            checkpoint.identity = identity(task, network_spec, training_spec, settings.seeds)
            if start:
                checkpoint.identity.data["model to begin from"] = start.sha256
            if settings.resume:
                saved = checkpoint.load()
                clock.earlier += saved.state.progress.spent if saved else 0.0
            else:
                checkpoint.remove()
        log = None
        if files.log_gradients:
            log = Log(Path(files.log_gradients), sample(task.train, training_spec.seed))
        runs = train_seeds(task, settings.seeds, Running(settings.threads, listener, clock, checkpoint, log), saved)
        best, model, dev = runs.saved(settings.threads)
        model.provenance = _provenance(files, corpus, task, runs, dev, start)
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
            runs.history,
        )


def _checked(settings: Settings, files: Files, training_spec: TrainingSpec) -> Settings:
    """The settings with the number of threads, if they and the names of the files are right."""
    arguments.instance("settings", settings, Settings)
    threads = count_threads(settings.threads)
    seeds = arguments.whole_number("seeds", settings.seeds, 1, "it is how many runs there are")
    if settings.resume not in (None, False, True):
        arguments.refuse("resume", "True, False or None", settings.resume)
    for name, value in arguments.instance("files", files, Files)._asdict().items():
        is_given = name in ("data", "dev") and not is_file(value)
        if name == "out" or not (value is None or is_given):
            arguments.path(name, value)
    has_student = files.unlabelled is not None
    dataclasses.replace(training_spec, seed=training_spec.seed + seeds - 1 + has_student)  # checks the last seed
    _check_outputs(files, training_spec, settings.overwrite, bool(settings.resume))
    return settings._replace(threads=threads, seeds=seeds)


def _provenance(
    files: Files, corpus: Corpus, task: Task, runs: Runs, dev: Scores, start: carry.Start | None
) -> dict[str, Any]:
    """What a model file tells people about its training."""
    assert runs.best is not None
    assert runs.model is not None
    result = runs.best.result
    scores = dev.as_dict()
    if len(dev.per_type) > MOST_TYPES:
        scores["per_type"] = {}
    is_bundled = files.data is None
    provenance = {
        "rnncli": __version__,
        "data_sha256": corpus.sha256,
        "dev_sha256": Corpus("", task.dev).sha256,
        "sentences": len(task.train),
        "tokens": sum(len(sentence.tokens) for sentence in task.train),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "metric": result.metric,
        "dev": scores,
        "examples": BOOKING_PAIR if is_bundled else contrast_pair(task.train, runs.model.tokenizer, task.scheme),
    }
    if runs.refit:  # the scores are those of the model before it
        provenance["refit"] = {name: value for name, value in runs.refit.as_dict().items() if name != "seconds"}
    if task.class_weights:
        provenance["class_weights"] = task.class_weights
    if not is_bundled and files.dev is None:
        provenance["dev_seed"] = task.training_spec.seed
    if start:
        provenance["init_from"] = start.chain
    if runs.lesson and runs.best is runs.student:
        others = len(runs.lesson.sentences) - len(task.train)
        provenance["distilled"] = {"teachers": len(runs.runs), "sentences": others}
    return provenance


def _read(
    files: Files,
    network_spec: NetworkSpec,
    training_spec: TrainingSpec,
    read_options: ReadOptions,
    force: bool,
    listener: Listener,
    start: carry.Start | None,
) -> tuple[Corpus, Task]:
    """Read all files of a training but the model that it begins from."""
    data = bundled("sample_data/train.tsv") if files.data is None else files.data
    dev = bundled("sample_data/dev.tsv") if files.data is None and files.dev is None else files.dev
    model = start.model if start else None
    scheme = model.scheme if model else None
    reader = Reader(network_spec, training_spec, read_options, force, listener, scheme)
    corpus, train_part, dev_part, scheme = reader.read(data, dev)
    others = reader.unlabelled(files.unlabelled, corpus) if files.unlabelled else None
    refit = training_spec.refits(dev is not None, len(corpus.sentences))
    read = train_part, dev_part, scheme, None, None, model, others
    task = Task(network_spec, training_spec, *read, refit=refit)
    return corpus, with_files(task, files, read_options)


def with_files(task: Task, files: Files, read_options: ReadOptions) -> Task:
    """The task with what its other files hold, and with how digits and text are read."""
    network_spec, training_spec = task.network_spec, task.training_spec
    if network_spec.digits == "auto":
        network_spec = dataclasses.replace(network_spec, digits=choose_digits(task.train))
    vectors = None
    if files.vectors:
        vectors = _vectors(files.vectors, [*task.sentences, *(task.unlabelled or ())], network_spec.digits)
    class_weights = None  # read once, because the file may be a pipe
    if training_spec.class_weight not in ("none", weights.BALANCED):
        tags = list(dict.fromkeys(tag for sentence in task.train for tag in sentence.tags))
        class_weights = weights.read(training_spec.class_weight, tags)
    return task._replace(
        network_spec=network_spec,
        vectors=vectors,
        class_weights=class_weights,
        lexicon=read_lexicon(str(files.lexicon), read_options.encoding) if files.lexicon else None,
        cut=tokenizer_choice.of(training_spec.tokenizer, task.train, network_spec.digits),
    )


def _vectors(path: str | Path, sentences: list[Sentence], digits: str) -> Vectors:
    """Read the pre-trained vectors of the words of these sentences; of a text, of what stands between blanks."""
    tokens = (token for s in sentences for token in s.tokens or (s.extra.text or "").split())
    return read_vectors(str(path), wanted_by(tokens, digits), digits)


def _file(data: Labelled | None, usual: str) -> str | Path | None:
    """The file that is read; ``None`` for sentences that are given as they are."""
    if data is None:
        return bundled(usual)
    return data if is_file(data) else None


def _check_outputs(files: Files, spec: TrainingSpec, overwrite: bool, resume: bool) -> None:
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
        "TRAIN": _file(files.data, "sample_data/train.tsv"),
        "--dev": _file(files.dev, "sample_data/dev.tsv"),
        "--vectors": files.vectors,
        "--lexicon": files.lexicon,
        "--init-from": files.init_from,
        "--unlabelled": files.unlabelled,
        "--class-weight": spec.class_weight,
    }
    writing.check(outputs, inputs, overwrite)
