"""What a training is to do: its settings and data, the same for every seed, and what tells it from others."""

import dataclasses
import hashlib
from typing import NamedTuple

from rnncli import training
from rnncli.checkpoint import WITHOUT_TAGS, Identity
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.lexicon import Lexicon
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme
from rnncli.data.tokenizer_choice import Choice
from rnncli.data.vectors import Vectors
from rnncli.distillation import Lesson
from rnncli.model import Model


class Task(NamedTuple):
    """The settings and data of a training, the same for every seed."""

    network_spec: NetworkSpec
    training_spec: TrainingSpec
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme
    vectors: Vectors | None
    class_weights: dict[str, float] | None
    start: Model | None = None  # the model that the training begins from
    unlabelled: list[Sentence] | None = None  # for a student, beside the training data; None: there is none
    lexicon: Lexicon | None = None
    cut: Choice | None = None  # the tokenizer, which is chosen once
    refit: bool = False  # whether the best model is trained further on training and development sentences

    def prepare(self, seed: int) -> Model:
        """An untrained model."""
        return self._prepare(self.train, seed)

    def prepare_student(self, seed: int, lesson: Lesson) -> Model:
        """An untrained model that knows the words of a lesson."""
        return self._prepare(lesson.sentences, seed)

    def _prepare(self, sentences: list[Sentence], seed: int) -> Model:
        settings = dataclasses.replace(self.training_spec, seed=seed)
        given = self.vectors, self.scheme, self.start, self.lexicon, self.cut
        return training.prepare(sentences, self.network_spec, settings, *given)

    @property
    def sentences(self) -> list[Sentence]:
        """The sentences for training and those for development."""
        return [*self.train, *self.dev]


def identity(task: Task, network_spec: NetworkSpec, training_spec: TrainingSpec, seeds: int) -> Identity:
    """What determines the result: the options as they were given, and the content of the files."""
    options = {**dataclasses.asdict(network_spec), **dataclasses.asdict(training_spec), "seeds": seeds}
    options["refit"] = "yes" if task.refit else "no"
    data = {
        "training data": Corpus("", task.train).sha256,
        "development data": Corpus("", task.dev).sha256,
    }
    if task.vectors:
        digest = hashlib.sha256("\n".join(task.vectors.words).encode())
        digest.update(task.vectors.table.tobytes())
        data["word vectors"] = digest.hexdigest()
    if task.lexicon:
        phrases = [*task.lexicon.words, *task.lexicon.phrases]
        data["lexicon"] = hashlib.sha256("\n".join(phrases).encode()).hexdigest()
    if task.unlabelled is not None:
        digest = hashlib.sha256()
        for sentence in task.unlabelled:
            digest.update(repr((sentence.tokens or sentence.extra.text, sentence.columns)).encode())
        data[WITHOUT_TAGS] = digest.hexdigest()
    if task.class_weights:
        options["class_weight"] = "file"
        data["class weights"] = hashlib.sha256(repr(sorted(task.class_weights.items())).encode()).hexdigest()
    return Identity(options, data)
