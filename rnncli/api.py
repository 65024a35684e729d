"""The use cases as plain functions: read, split, train, score, save. They return results and raise errors."""

import dataclasses
import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rnncli import __version__, arguments, evaluation, labelling, modelfile, training, writing
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec, suggestion
from rnncli.data import weights
from rnncli.data.digits import choose_digits
from rnncli.data.examples import contrast_pair
from rnncli.data.parts import Reader
from rnncli.data.reading import AS_USUAL, Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap, overlap
from rnncli.data.tags import Scheme
from rnncli.data.vectors import Vectors, wanted_by
from rnncli.data.vectors import read as read_vectors
from rnncli.errors import StoppedError, UsageError
from rnncli.evaluation import Scores
from rnncli.inspect.gradient_log import Log, sample
from rnncli.model import Model
from rnncli.modelfile import load as load_model
from rnncli.resources import bundled
from rnncli.tagging import Tagger
from rnncli.threads import count_threads
from rnncli.training import Epoch, Listener, Result

# Two requests that differ in one word; inspect-memory shows them for a model of the bundled corpus.
BOOKING_PAIR = ["arrive Taipei on November 2nd", "leave Taipei on November 2nd"]


class _Logging(Listener):
    """Passes every event on to another listener, and keeps a log of gradients."""

    def __init__(self, listener: Listener, log: Log) -> None:
        self.listener = listener
        self.log = log

    def read(self, corpus: Corpus) -> None:
        self.listener.read(corpus)

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        self.listener.prepared(model, sentences, dev, vectors)
        self.model = model
        self.log.begin(model.training_spec.seed)

    def warning(self, message: str) -> None:
        self.listener.warning(message)

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.listener.batch(epochs, tokens_per_second)

    def epoch(self, epoch: Epoch) -> None:
        self.listener.epoch(epoch)
        self.log.add(self.model, epoch.number, epoch.loss, epoch.score, epoch.steps, epoch.clipped)

    def should_stop(self) -> bool:
        return self.listener.should_stop()


@dataclass(frozen=True)
class Run:
    """One finished training run, from one seed."""

    model: Model
    result: Result
    dev: Scores

    @property
    def score(self) -> float:
        """The score on development data of the epoch that was kept, by the metric that it was chosen by."""
        return self.result.best_score if self.result.metric == "loss" else self.dev.score


@dataclass(frozen=True)
class Trained:
    """A finished training: the runs of all seeds, and the best of them, which was saved."""

    runs: list[Run]
    best: Run
    path: Path
    sha256: str

    @property
    def model(self) -> Model:
        """The model that was saved."""
        return self.best.model

    @property
    def result(self) -> Result:
        """The result of the best run."""
        return self.best.result

    @property
    def dev(self) -> Scores:
        """The best run's scores on development data."""
        return self.best.dev

    @property
    def spread(self) -> tuple[float, float]:
        """Mean and standard deviation of the dev scores over the seeds."""
        scores = [run.score for run in self.runs]
        return statistics.mean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli train``."""
        mean, deviation = self.spread
        runs = [
            {
                "seed": run.model.training_spec.seed,
                "best_epoch": run.result.best_epoch,
                "f1": run.dev.f1,
                "score": run.score,
            }
            for run in self.runs
        ]
        return {
            "model": str(self.path),
            "seed": self.model.training_spec.seed,
            "epochs": self.result.epochs,
            "best_epoch": self.result.best_epoch,
            "metric": self.result.metric,
            "seconds": self.result.seconds,
            "tokens_per_second": self.result.tokens_per_second,
            "interrupted": any(run.result.interrupted for run in self.runs),
            "dev": self.dev.as_dict(),
            "sha256": self.sha256,
            "seeds": {"mean": mean, "standard_deviation": deviation, "runs": runs},
        }


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

    Raises an :class:`.RnncliError`: :class:`.UsageError` for a wrong argument, :class:`.StoppedError` if it is
    stopped before the end of the first epoch, :class:`.DataError`, :class:`.FileError`, :class:`.DivergedError`.
    """
    files = Files(data, dev, out, vectors, log_gradients)
    return train_files(
        files, *specs(options), read_options, seeds=seeds, threads=threads, listener=listener, force=force
    )


class _Task(NamedTuple):
    """The settings and data of a training, the same for every seed."""

    network_spec: NetworkSpec
    training_spec: TrainingSpec
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme
    vectors: Vectors | None
    class_weights: dict[str, float] | None


def train_files(
    files: Files,
    network_spec: NetworkSpec,
    training_spec: TrainingSpec,
    read_options: ReadOptions = AS_USUAL,
    *,
    seeds: int = 1,
    threads: int = 1,
    listener: Listener | None = None,
    force: bool = False,
) -> Trained:
    """The same as :func:`train`, with whole specs."""
    arguments.instance("network_spec", network_spec, NetworkSpec)
    arguments.instance("training_spec", training_spec, TrainingSpec)
    arguments.instance("read_options", read_options, ReadOptions)
    listener = Listener() if listener is None else arguments.instance("listener", listener, Listener)
    threads = count_threads(threads)
    seeds = arguments.whole_number("seeds", seeds, 1, "it is how many runs there are")
    dataclasses.replace(training_spec, seed=training_spec.seed + seeds - 1)  # checks the last seed
    for name, value in arguments.instance("files", files, Files)._asdict().items():
        if value is not None or name == "out":
            arguments.path(name, value)
    _check_outputs(files, training_spec, force)
    with writing.lock(files.out, files.log_gradients or None):
        return _train(files, network_spec, training_spec, read_options, seeds, threads, listener, force)


def _train(
    files: Files,
    network_spec: NetworkSpec,
    training_spec: TrainingSpec,
    read_options: ReadOptions,
    seeds: int,
    threads: int,
    listener: Listener,
    force: bool,
) -> Trained:
    path = Path(files.out)
    is_bundled = files.data is None
    dev = bundled("sample_data/dev.tsv") if is_bundled and files.dev is None else files.dev
    reader = Reader(network_spec, training_spec, read_options, files.vectors is not None, force, listener)
    corpus, train_part, dev_part, scheme = reader.read(files.data or bundled("sample_data/train.tsv"), dev)
    if network_spec.digits == "auto":
        network_spec = dataclasses.replace(network_spec, digits=choose_digits(train_part))
    vectors = None
    if files.vectors:
        vectors = _vectors(files.vectors, [*train_part, *dev_part], network_spec.digits)
    class_weights = None  # read once, because the file may be a pipe
    if training_spec.class_weight not in ("none", weights.BALANCED):
        tags = list(dict.fromkeys(tag for sentence in train_part for tag in sentence.tags))
        class_weights = weights.read(training_spec.class_weight, tags)
    if files.log_gradients:
        listener = _Logging(listener, Log(Path(files.log_gradients), sample(train_part, training_spec.seed)))
    task = _Task(network_spec, training_spec, train_part, dev_part, scheme, vectors, class_weights)
    runs = _runs(task, seeds, threads, listener)
    best = (min if runs[0].result.metric == "loss" else max)(runs, key=lambda run: run.score)
    best.model.provenance = {
        "rnncli": __version__,
        "data_sha256": corpus.sha256,
        "sentences": len(train_part),
        "tokens": sum(len(sentence.tokens) for sentence in train_part),
        "epochs": best.result.epochs,
        "best_epoch": best.result.best_epoch,
        "metric": best.result.metric,
        "dev": best.dev.as_dict(),
        "examples": BOOKING_PAIR if is_bundled else contrast_pair(train_part, best.model.tokenizer, scheme),
    }
    if class_weights:  # store the weights, not the name of their file
        best.model.provenance["class_weights"] = class_weights
        best.model.training_spec = dataclasses.replace(best.model.training_spec, class_weight="file")
    sha256 = writing.or_elsewhere(path, functools.partial(modelfile.save, best.model))
    return Trained(runs, best, path, sha256)


def _runs(task: _Task, seeds: int, threads: int, listener: Listener) -> list[Run]:
    """Train once from each seed. If interrupted, return the runs so far, of which the last may have ended early.

    Raises :class:`.StoppedError` if there is none.
    """
    runs: list[Run] = []
    for seed in range(task.training_spec.seed, task.training_spec.seed + seeds):
        settings = dataclasses.replace(task.training_spec, seed=seed)
        model = training.prepare(task.train, task.network_spec, settings, task.vectors, task.scheme)
        listener.prepared(
            model, task.train, overlap(task.train, task.dev, model.inputs.words, model.tags), task.vectors
        )
        why = _why_score_is_fixed(task.dev, model)
        if why and not runs:
            listener.warning(f"{why}, so the epoch with the lowest loss on it is kept")
        result = training.train(
            model,
            task.train,
            threads=threads,
            score=functools.partial(_loss, task.dev) if why else functools.partial(_score, task.dev, threads),
            scored=0 if why else _scored(task.dev, model.scheme),
            metric="loss" if why else "f1" if model.scheme.has_spans else "accuracy",
            listener=listener,
            class_weights=task.class_weights,
        )
        if result.best_epoch:  # else it was stopped in its first epoch
            runs.append(Run(model, result, evaluation.evaluate(model, task.dev, threads)))
        if result.interrupted:
            break
    if not runs:
        message = "training was stopped before its first epoch was over, so there is nothing to save"
        raise StoppedError(message, hint="let should_stop return False until then")
    return runs


def _score(dev: list[Sentence], threads: int, model: Model) -> float:
    return evaluation.evaluate(model, dev, threads, with_probabilities=False).score


def _loss(dev: list[Sentence], model: Model) -> float:
    encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in dev), strict=True))
    return labelling.gold_loss(model, encoded)


def _why_score_is_fixed(dev: list[Sentence], model: Model) -> str:
    """Why the score on these data would be the same after every epoch; "" if it can change."""
    scheme = model.scheme
    if not scheme.has_spans:
        has_known_tag = any(set(sentence.tags).intersection(model.tags) for sentence in dev)
        return "" if has_known_tag else "no tag of the development data is in the training data"
    spans = [span for sentence in dev for span in scheme.spans(sentence.tags)]
    if not spans:
        return "the development data has no span"
    types = {scheme.type_of(tag) for tag in model.tags}
    has_known_type = any(span.type in types for span in spans)
    return "" if has_known_type else "no type of span of the development data is in the training data"


def _scored(dev: list[Sentence], scheme: Scheme) -> int:
    """The number of spans, or of tokens, that the score on these data is a share of."""
    return sum(len(scheme.spans(s.tags)) if scheme.has_spans else len(s.tags) for s in dev)


def _vectors(path: str | Path, sentences: list[Sentence], digits: str) -> Vectors:
    """Read the pre-trained vectors of the words of these sentences."""
    tokens = (token for sentence in sentences for token in sentence.tokens)
    return read_vectors(str(path), wanted_by(tokens, digits), digits)


def _check_outputs(files: Files, spec: TrainingSpec, force: bool) -> None:
    """Refuse to write over a file that is read, or over what rnncli did not write."""
    outputs = [
        writing.Output("--out", files.out, writing.MODEL),
        writing.Output("--log-gradients", files.log_gradients or None, writing.LOG),
    ]
    inputs = {
        "TRAIN": files.data or bundled("sample_data/train.tsv"),
        "--dev": files.dev or bundled("sample_data/dev.tsv"),
        "--vectors": files.vectors,
        "--class-weight": spec.class_weight,
    }
    writing.check(outputs, inputs, force)
