"""A trial: one training in one thread on a part of a labelled file, and its scores on other sentences.

:func:`train_part` is the function of the job. What it is trained with are the options of ``rnncli train``.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import api, archive, labelling
from rnncli.clock import Clock
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.data import weights
from rnncli.data.parts import Parts, Reader
from rnncli.data.sentence import Sentence
from rnncli.data.split import kept_apart
from rnncli.data.tags import Scheme
from rnncli.errors import UsageError
from rnncli.evaluation import Labelled, Scores, label, score
from rnncli.jobs import Counts, Job
from rnncli.model import Model
from rnncli.plain.blas import one_thread
from rnncli.runs import Runs
from rnncli.seeds import Running, train_seeds
from rnncli.studies import choice
from rnncli.task import Task
from rnncli.training import Listener

FUNCTION = "rnncli.studies.trial:train_part"


class Setting(NamedTuple):
    """What all trials of a study share.

    files  the labelled file as ``data``; if given ``dev``, ``vectors``, ``lexicon``, ``class_weight``
    group  of sentences that stay together, as of :func:`.choice.groups`
    """

    files: Mapping[str, Path]
    network: NetworkSpec
    training: TrainingSpec
    reading: ReadOptions
    force: bool = False
    group: str = ""

    @classmethod
    def of(
        cls,
        files: Mapping[str, str | Path | None],
        network: NetworkSpec,
        training: TrainingSpec,
        reading: ReadOptions,
        force: bool = False,
        group: str = "",
    ) -> "Setting":
        """Make it of the values of options; stdin, which can be read only once, is a :class:`.UsageError`."""
        given = {role: Path(path) for role, path in files.items() if path is not None}
        if training.class_weight not in ("none", weights.BALANCED):
            given["class_weight"] = Path(training.class_weight)
        if any(str(path) == "-" for path in given.values()):
            raise UsageError(
                "a study reads its files several times, so none can be stdin", hint="write it to a file"
            )
        return cls(given, network, training, reading, force, group)

    def with_seed(self, seed: int) -> "Setting":
        """The same with another seed of the training."""
        return self._replace(training=dataclasses.replace(self.training, seed=seed))

    def job(
        self,
        key: str,
        part: Mapping[str, Any],
        output: Path | None = None,
        work: float = 1.0,
        function: str = FUNCTION,
        **others: Any,
    ) -> Job:
        """A job that trains on a part.

        part    what :func:`train_part` gets
        others  further arguments of another function
        """
        arguments = {
            "part": dict(part),
            "network": dataclasses.asdict(self.network),
            "training": dataclasses.asdict(self.training),
            "reading": dataclasses.asdict(self.reading),
            "force": self.force,
            "group": self.group,
            "roles": list(self.files),
            **others,
        }
        if "class_weight" in self.files:
            arguments["training"]["class_weight"] = "file"
        return Job(key, function, arguments, tuple(self.files.values()), output, work)

    @classmethod
    def of_job(
        cls,
        network: Mapping[str, Any],
        training: Mapping[str, Any],
        reading: Mapping[str, Any],
        force: bool,
        group: str,
        roles: Sequence[str],
        inputs: Sequence[Path],
    ) -> "Setting":
        """The same from the arguments and inputs of a job."""
        files = dict(zip(roles, inputs, strict=True))
        training_spec = TrainingSpec(**training)
        if "class_weight" in files:
            training_spec = dataclasses.replace(training_spec, class_weight=str(files["class_weight"]))
        return cls(files, NetworkSpec(**network), training_spec, ReadOptions(**reading), force, group)

    def read(self, listener: Listener | None = None) -> Parts:
        """Read the labelled files; ``train`` are all sentences of the first, without the column of groups.

        ``dev`` are those of the second; without one there are none. All errors of :func:`.api.train_files`.
        """
        reader = Reader(self.network, self.training, self.reading, self.force, listener or Listener())
        parts = reader.read(self.files["data"], self.files.get("dev"))
        corpus = choice.without_group(parts.corpus, self.group)
        dev = parts.dev if "dev" in self.files else []
        return parts._replace(train=corpus.sentences, dev=dev)

    def task(self, train: list[Sentence], dev: list[Sentence], scheme: Scheme) -> Task:
        """A training on sentences; without ``dev`` a share of them chooses the epoch, as in ``rnncli train``."""
        training = self.training
        refit = training.refits(bool(dev), len(train))
        if not dev:
            train, dev = kept_apart(train, training.dev_share, training.seed, scheme)
        files = api.Files(vectors=self.files.get("vectors"), lexicon=self.files.get("lexicon"))
        task = Task(self.network, training, train, dev, scheme, None, None, refit=refit)
        return api.with_files(task, files, self.reading)


def train_part(
    *,
    part: Mapping[str, Any],
    inputs: Sequence[Path],
    output: Path | None = None,
    with_probabilities: bool = False,
    **options: Any,
) -> Counts:
    """Train on a part of the first file and score the model on sentences that it was not trained on.

    part    ``{"fold": k, "folds": K, "seed": s}``: train on all folds but k and test on that one, see
            :func:`.choice.fold_of`; or ``{"share": p, "held_out": q, "seed": s, "test_seed": t}``: train on a
            share, see :func:`.choice.shares`, and test on what is held out, or on the file ``dev`` for q = 0
    output  gets a :class:`HeldOut` if it is given

    The epoch is chosen on a share of the training sentences, which the model is refitted with: no test sentence has
    a say. Returns the numbers of ``sentences`` and ``tokens`` that were trained on, the ``epochs``, the ``dev``
    score of the epoch that was kept, and the ``scores`` as of :func:`counts_of`.
    """
    setting = Setting.of_job(**options, inputs=inputs)
    parts = setting.read()
    sentences = parts.train
    if "fold" in part:
        fold = choice.fold_of(choice.groups(parts.corpus, setting.group), part["folds"], part["seed"])
        chosen = [i for i, number in enumerate(fold) if number != part["fold"]]
        tested = [i for i, number in enumerate(fold) if number == part["fold"]]
    else:
        sizes = len(sentences), part["held_out"], part["share"]
        chosen, tested = choice.shares(*sizes, part["seed"], part["test_seed"])
    train = [sentences[i] for i in chosen]
    test = [sentences[i] for i in tested] if tested else parts.dev
    runs = trained(setting.task(train, [], parts.scheme))
    assert runs.best
    assert runs.model
    labelled = label(runs.model, test, with_probabilities=False)
    scores = score(labelled, parts.scheme)
    if output:
        HeldOut.of(runs.model, test, tested or range(len(test)), labelled, with_probabilities).write(output)
    return {
        "sentences": len(train),
        "tokens": sum(len(sentence.tokens) for sentence in train),
        "epochs": runs.best.result.epochs,
        "dev": runs.best.score,
        "scores": counts_of(scores),
    }


def trained(task: Task, listener: Listener | None = None, clock: Clock | None = None) -> Runs:
    """Train once in one thread. Raises what :func:`.train_seeds` raises, also for a training that diverged."""
    return train_seeds(task, 1, Running(1, listener or Listener(), clock or Clock()))


def counts_of(scores: Scores) -> Counts:
    """Scores as numbers that can be added up.

    ``metric`` is "f1" or "accuracy"; ``total`` and each type in ``types`` have [gold, predicted, correct], of spans
    or for plain tags of tokens. F1, for plain tags the accuracy, is 2 · correct / (gold + predicted).
    """
    types = {kind: [c.gold, c.predicted, c.correct] for kind, c in sorted(scores.per_type.items())}
    total = scores.total
    return {
        "metric": scores.metric,
        "sentences": scores.sentences,
        "tokens": scores.tokens,
        "correct": scores.correct,
        "total": [total.gold, total.predicted, total.correct],
        "types": types,
    }


class HeldOut(NamedTuple):
    """What a model says about S sentences with N tokens that it was not trained on, for K tags.

    sentences      (S,) their numbers in the file, from 0
    starts         (S + 1,) where each begins among the tokens
    counts         (S, 3) gold, predicted and correct spans (for plain tags tokens) of each
    gold           (N,) numbers of the gold tags; −1 for one that is not among the tags
    predicted      (N,) numbers of the predicted tags
    probabilities  (N, K) of all tags; (0, K) if nobody asked for them
    tags           that the model knows, in the order of their numbers
    """

    sentences: NDArray[np.int64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    gold: NDArray[np.int32]
    predicted: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    tags: list[str]

    @classmethod
    def of(
        cls,
        model: Model,
        sentences: Sequence[Sentence],
        numbers: Sequence[int],
        labelled: Sequence[Labelled],
        with_probabilities: bool,
    ) -> "HeldOut":
        """Collect what was labelled."""
        encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True))
        number_of = {tag: number for number, tag in enumerate(model.tags)}
        predicted = [number_of[tag] for sentence in labelled for tag in sentence.predicted]
        probabilities = np.zeros((0, len(model.tags)), np.float32)
        if with_probabilities:
            with one_thread():
                rows = [
                    labelling.decide(model, labelling.trace(model, encoded, i))[1] for i in range(len(sentences))
                ]
            probabilities = np.concatenate(rows).astype(np.float32)
        counts = [score([sentence], model.scheme).total for sentence in labelled]
        return cls(
            np.array(numbers, np.int64),
            encoded.starts,
            np.array([[c.gold, c.predicted, c.correct] for c in counts], np.int64),
            encoded.tags,
            np.array(predicted, np.int32),
            probabilities,
            list(model.tags),
        )

    def write(self, path: Path) -> None:
        """Write it as arrays of one file, which :func:`numpy.load` reads too."""
        arrays = {name: np.ascontiguousarray(array) for name, array in self._asdict().items() if name != "tags"}
        sizes = {name: list(array.shape) for name, array in arrays.items()}
        archive.write(path, {"kind": "held-out", "tags": self.tags, "sizes": sizes}, arrays)

    @classmethod
    def read(cls, path: Path) -> "HeldOut":
        """Read what :meth:`write` wrote."""
        return archive.read(path, cls._build)

    @classmethod
    def _build(cls, file: archive.Members) -> "HeldOut":
        sizes = file.header["sizes"]
        kinds = {"gold": np.int32, "predicted": np.int32, "probabilities": np.float32}
        arrays = {
            name: file.array(name, tuple(sizes[name]), kinds.get(name, np.int64))
            for name in cls._fields
            if name != "tags"
        }
        return cls(**arrays, tags=file.header["tags"])
