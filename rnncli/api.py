"""The use cases as plain functions: read, split, train, score, save. They return results and raise errors."""

import dataclasses
import functools
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnncli import __version__, archive, evaluation, training
from rnncli.config import NetworkSpec, TrainingSpec, suggestion
from rnncli.data import tsv, weights
from rnncli.data import vectors as word_vectors
from rnncli.data.examples import contrast_pair
from rnncli.data.split import Overlap, overlap, split
from rnncli.data.tags import spans
from rnncli.data.tsv import Corpus, Sentence
from rnncli.errors import DataError, UsageError
from rnncli.evaluation import Scores
from rnncli.inspect.gradient_log import Log, sample
from rnncli.model import Model
from rnncli.model import load as load_model
from rnncli.resources import bundled
from rnncli.tagging import Tagger
from rnncli.threads import count_threads
from rnncli.training import Epoch, Result

# What the bundled corpus is about, and the pair that inspect-memory shows of the bundled model.
BOOKING_PAIR = ["arrive Taipei on November 2nd", "leave Taipei on November 2nd"]

# What is cut off for development where nothing is said: a tenth, but not more than it takes to tell epochs apart.
DEV_SHARE, DEV_SENTENCES = 0.1, 500


class Listener:
    """Told what happens in a training run; override what is of interest."""

    def prepared(
        self, model: Model, train: list[Sentence], dev: Overlap, vectors: word_vectors.Vectors | None
    ) -> None:
        """The data was read and the network drawn."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch ended."""

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        """A batch was learned from; ``epochs`` counts those done, with the share of the current one."""

    def should_stop(self) -> bool:
        """Asked after every batch; true keeps the best epoch so far and ends the run."""
        return False


class _Logging(Listener):
    """Tells another listener too, and keeps a log of gradients."""

    def __init__(self, other: Listener, log: Log) -> None:
        self.other, self.log = other, log

    def prepared(
        self, model: Model, train: list[Sentence], dev: Overlap, vectors: word_vectors.Vectors | None
    ) -> None:
        self.other.prepared(model, train, dev, vectors)
        self.model = model
        self.log.begin(model.training.seed)

    def epoch(self, epoch: Epoch) -> None:
        self.other.epoch(epoch)
        self.log.add(self.model, epoch.number, epoch.loss, epoch.score, epoch.steps, epoch.clipped)

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.other.batch(epochs, tokens_per_second)

    def should_stop(self) -> bool:
        return self.other.should_stop()


@dataclass(frozen=True)
class Run:
    """One finished training run, from one seed."""

    model: Model
    result: Result
    dev: Scores


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
        """What the best run did."""
        return self.best.result

    @property
    def dev(self) -> Scores:
        """The best run's scores on development data."""
        return self.best.dev

    @property
    def spread(self) -> tuple[float, float]:
        """Mean and standard deviation of the dev scores over the seeds."""
        scores = [run.dev.f1 for run in self.runs]
        return statistics.mean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli train``."""
        mean, deviation = self.spread
        rows = [(run.model.training.seed, run.result.best_epoch, run.dev.f1) for run in self.runs]
        return {
            "model": str(self.path),
            "seed": self.model.training.seed,
            "epochs": self.result.epochs,
            "best_epoch": self.result.best_epoch,
            "seconds": self.result.seconds,
            "tokens_per_second": self.result.tokens_per_second,
            "interrupted": any(run.result.interrupted for run in self.runs),
            "dev": self.dev.as_dict(),
            "sha256": self.sha256,
            "seeds": {
                "mean": mean,
                "standard_deviation": deviation,
                "runs": [{"seed": seed, "best_epoch": epoch, "f1": f1} for seed, epoch, f1 in rows],
            },
        }


def load(model: str | Path | None = None, threads: int = 1) -> Tagger:
    """Open a model, the bundled one if none is named, to label text with it; threads 0: one for each CPU."""
    return Tagger(load_model(model or bundled("models/default.npz")), threads)


def specs(options: dict[str, Any]) -> tuple[NetworkSpec, TrainingSpec]:
    """Sort options such as ``arch="elman", seed=2`` into the two specs."""
    groups: dict[type, dict[str, Any]] = {NetworkSpec: {}, TrainingSpec: {}}
    owner = {item.name: spec for spec in groups for item in dataclasses.fields(spec)}
    for name, value in options.items():
        if name not in owner:
            raise UsageError(f'unknown option "{name}"', hint=suggestion(name, owner))
        groups[owner[name]][name] = value
    return NetworkSpec(**groups[NetworkSpec]), TrainingSpec(**groups[TrainingSpec])


def train(
    data: str | Path | None = None,
    dev: str | Path | None = None,
    out: str | Path = "models/default.npz",
    threads: int = 1,
    listener: Listener | None = None,
    vectors: str | Path | None = None,
    seeds: int = 1,
    log_gradients: str | Path | None = None,
    **options: Any,
) -> Trained:
    """Train a model on labelled files and save it; ``options`` are the fields of the specs in config.py.

    data     TSV file; without it the bundled ticket-booking corpus
    dev      TSV file for choosing the best epoch; without it a seeded share of the training sentences
    vectors  pre-trained word vectors (word2vec, GloVe, fastText .vec); those of words in the data are used
    threads  0: one for each available CPU; changes no byte of the model
    seeds    how many runs, from seed, seed + 1, …; the best on development data is saved
    log_gradients  a file for gradients by distance, written anew after every epoch; changes no byte of the model
    """
    listener, path = listener or Listener(), Path(out)
    network, settings = specs(options)
    threads = count_threads(threads)
    for each in (path, Path(log_gradients)) if log_gradients else (path,):
        archive.check_writable(each)
    is_bundled = data is None
    corpus = tsv.read(str(data or bundled("sample_data/train.tsv")))
    if is_bundled and dev is None:
        dev = bundled("sample_data/dev.tsv")
    train_part, dev_part = _parts(corpus, dev, settings)
    pretrained = _vectors(vectors, [*train_part, *dev_part]) if vectors else None
    given = None  # read once, for all seeds and for the model file; it may be a pipe
    if settings.class_weight not in ("none", weights.BALANCED):
        given = weights.read(settings.class_weight, list(dict.fromkeys(t for s in train_part for t in s.tags)))
    if log_gradients:
        listener = _Logging(listener, Log(Path(log_gradients), sample(train_part, settings.seed)))
    runs = _runs(seeds, network, settings, train_part, dev_part, pretrained, given, threads, listener)
    best = max(runs, key=lambda run: run.dev.f1)
    best.model.provenance = {
        "rnncli": __version__,
        "data_sha256": corpus.sha256,
        "sentences": len(train_part),
        "tokens": sum(len(sentence.tokens) for sentence in train_part),
        "epochs": best.result.epochs,
        "best_epoch": best.result.best_epoch,
        "dev": best.dev.as_dict(),
        "examples": BOOKING_PAIR if is_bundled else contrast_pair(train_part, best.model.tokenizer),
    }
    if given:  # keep the weights, not the name of somebody's file
        best.model.provenance["class_weights"] = given
        best.model.training = dataclasses.replace(best.model.training, class_weight="file")
    return Trained(runs, best, path, best.model.save(path))


def _runs(
    seeds: int,
    network: NetworkSpec,
    settings: TrainingSpec,
    train_part: list[Sentence],
    dev_part: list[Sentence],
    pretrained: word_vectors.Vectors | None,
    class_weights: dict[str, float] | None,
    threads: int,
    listener: Listener,
) -> list[Run]:
    """Train from each seed in turn; if interrupted, the runs so far, of which the last may have ended early."""
    runs: list[Run] = []
    for number in range(seeds):
        model = training.prepare(
            train_part, network, dataclasses.replace(settings, seed=settings.seed + number), pretrained
        )
        found = overlap(train_part, dev_part, model.inputs.words, model.tags)
        listener.prepared(model, train_part, found, pretrained)
        result = training.train(
            model,
            train_part,
            threads=threads,
            score=functools.partial(_score, dev_part, threads),
            scored=_scored(dev_part, model.scheme),
            report=listener.epoch,
            advance=listener.batch,
            should_stop=listener.should_stop,
            class_weights=class_weights,
        )
        if result.best_epoch:  # else nothing was learned that would be worth a file
            runs.append(Run(model, result, evaluation.evaluate(model, dev_part, threads)))
        if result.interrupted:
            break
    if not runs:
        raise KeyboardInterrupt
    return runs


def _score(dev: list[Sentence], threads: int, model: Model) -> float:
    return evaluation.evaluate(model, dev, threads, with_probabilities=False).f1


def _scored(dev: list[Sentence], scheme: str) -> int:
    """Of how many things the score on this data is a share."""
    return sum(len(each.tags) if scheme == "plain" else len(spans(each.tags)) for each in dev)


def _vectors(path: str | Path, sentences: list[Sentence]) -> word_vectors.Vectors:
    """Read the pre-trained vectors of the words of these sentences."""
    return word_vectors.read(str(path), word_vectors.wanted_by(token for s in sentences for token in s.tokens))


def _parts(corpus: Corpus, dev: str | Path | None, settings: TrainingSpec) -> tuple[list[Sentence], list[Sentence]]:
    """The training and the development sentences."""
    if dev is None:
        share = settings.dev_share or min(DEV_SHARE, DEV_SENTENCES / len(corpus.sentences))
        return split(corpus.sentences, share, np.random.default_rng([settings.seed, 2]))
    if str(dev) == "-" and corpus.name == "stdin":
        raise UsageError("stdin cannot be both the training and the development data")
    other = tsv.read(str(dev))
    widths = {len(part.sentences[0].columns[0]) for part in (corpus, other)}
    if len(widths) > 1:
        raise DataError("not as many columns as in the training data", where=other.name)
    return corpus.sentences, other.sentences
