"""A tagger by the conventions of scikit-learn, which is not imported: lists of tokens in, lists of tags out."""

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from rnncli import arguments, evaluation, labelling
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.data import given
from rnncli.errors import UsageError
from rnncli.keywords import TrainOptions, taking
from rnncli.model import Model
from rnncli.spec import suggestion
from rnncli.tagging import Tagger

if TYPE_CHECKING:
    from rnncli.training import PastEpoch

Tokens = Sequence[Sequence[str]]
_SPECS = (NetworkSpec, TrainingSpec)
# Parameters beside the options of the specs, and their defaults.
_OTHERS: dict[str, Any] = {"seeds": 1, "threads": 1, "vectors": None, "lexicon": None, "time": 0}
_DEFAULTS = {item.name: item.default for spec in _SPECS for item in dataclasses.fields(spec)} | _OTHERS


class SequenceTagger:
    """Labels the tokens of sentences, by the conventions of scikit-learn.

    ``fit(X, y)`` trains on sentences X, each a list of tokens, and their tags y, each a list of as many; a second
    call begins anew. ``predict(X)`` gives lists of tags, ``score(X, y)`` the span F1, or the accuracy where tags
    mark no spans. ``clone``, ``cross_val_score``, ``GridSearchCV``, ``Pipeline`` and pickle work.

    seeds    how many runs, of which the best on development data is kept
    threads  that share the work; 0: one for each available CPU
    vectors  a file of pre-trained word vectors
    lexicon  a file of phrase<TAB>type
    time     for a training: seconds, or a text such as "30s"; 0 is no limit

    After ``fit`` there are ``model_``, ``classes_`` (the tags), ``history_`` and ``tagger_``, which labels texts.
    """

    threads: int
    model_: Model
    tagger_: Tagger
    classes_: list[str]
    history_: "list[PastEpoch]"

    @taking(*_SPECS)
    def __init__(
        self,
        *,
        seeds: int = 1,
        threads: int = 1,
        vectors: str | Path | None = None,
        lexicon: str | Path | None = None,
        time: str | float = 0,
        **options: Unpack[TrainOptions],
    ) -> None:
        given_here = {"seeds": seeds, "threads": threads, "vectors": vectors, "lexicon": lexicon, "time": time}
        self._set(_DEFAULTS | given_here | options)

    def _set(self, parameters: Mapping[str, Any]) -> None:
        for name, value in parameters.items():
            if name not in _DEFAULTS:
                raise UsageError(f'unknown option "{name}"', hint=suggestion(name, _DEFAULTS))
            setattr(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name; ``deep`` changes nothing, as none has parameters of its own."""
        return {name: getattr(self, name) for name in _DEFAULTS}

    def set_params(self, **parameters: Any) -> Self:
        """Set some parameters, which the next ``fit`` will use; their values are checked by it."""
        self._set(parameters)
        return self

    def __repr__(self) -> str:
        changed = (f"{name}={value!r}" for name, value in self._changed().items())
        return f"{type(self).__name__}({', '.join(changed)})"

    def _changed(self) -> dict[str, Any]:
        """The parameters that have not their default."""
        return {name: value for name, value in self.get_params().items() if value != _DEFAULTS[name]}

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # only scikit-learn calls this

        return Tags(
            estimator_type=None, target_tags=TargetTags(required=True), input_tags=InputTags(two_d_array=False)
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def fit(self, X: Tokens, y: Tokens, *, dev: "tuple[Tokens, Tokens] | None" = None) -> Self:  # noqa: N803
        """Train on sentences X and their tags y.

        dev  (X, y) to choose the best epoch; without it a random share of the sentences

        Raises UsageError for wrong types and numbers, DataError for data that cannot be right.
        """
        from rnncli import api

        pairs = _pairs("X", X, y)
        development = None if dev is None else _pairs("dev", *dev)
        with tempfile.TemporaryDirectory() as folder:
            trained = api.train(
                pairs, development, Path(folder, "model.npz"), checkpoint_every=0, **self._changed()
            )
        self.model_ = trained.model
        self.tagger_ = Tagger(trained.model, self.threads)
        self.classes_ = list(trained.model.tags)
        self.history_ = trained.history
        return self

    def predict(self, X: Tokens) -> list[list[str]]:  # noqa: N803
        """The tags of each sentence."""
        model = self._fitted()
        encoded = model.encode(sentences := _checked(X))
        numbers = labelling.predict(model, encoded, self.threads, with_probabilities=False).tags.tolist()
        tags = [model.tags[number] for number in numbers]
        starts = encoded.starts.tolist()
        return [tags[start : start + len(tokens)] for start, tokens in zip(starts, sentences, strict=False)]

    def predict_marginals(self, X: Tokens) -> list[list[dict[str, float]]]:  # noqa: N803
        """For each token of each sentence the probability of every tag."""
        model = self._fitted()
        encoded = model.encode(sentences := _checked(X))
        result: list[list[dict[str, float]]] = []
        for number, tokens in enumerate(sentences):
            rows = labelling.decide(model, labelling.trace(model, encoded, number))[1].tolist() if tokens else []
            result.append([dict(zip(model.tags, row, strict=True)) for row in rows])
        return result

    def score(self, X: Tokens, y: Tokens) -> float:  # noqa: N803
        """Span F1 of the predicted tags, from 0 to 1; where tags mark no spans, the share of right tags."""
        model = self._fitted()
        corpus = given.corpus("X", _pairs("X", X, y), ReadOptions())
        evaluation.check_data(model, corpus)
        return evaluation.evaluate(model, corpus.sentences, self.threads, with_probabilities=False).score

    def _fitted(self) -> Model:
        if not hasattr(self, "model_"):
            raise UsageError("this tagger is not trained", hint="call fit(X, y) first")
        return self.model_


def _checked(X: Tokens) -> list[list[str]]:  # noqa: N803
    """The sentences as lists of texts."""
    hint = "X is a list of sentences, each a list of tokens"
    sentences = arguments.several("X", X, "a list of sentences", hint)
    return [list(arguments.texts(f"X, sentence {number}", s, hint)) for number, s in enumerate(sentences, 1)]


def _pairs(name: str, X: Tokens, y: Tokens) -> list[tuple[Sequence[str], Sequence[str]]]:  # noqa: N803
    """Sentences with their tags; there must be as many of both."""
    hint = "X and y are lists of sentences, each a list"
    tokens = list(arguments.several("X", X, "a list of sentences", hint))
    tags = list(arguments.several("y", y, "a list of tags for each sentence", hint))
    if len(tokens) != len(tags):
        raise UsageError(f"{name}: {len(tokens):,} sentences, but tags of {len(tags):,}", hint=hint)
    return list(zip(tokens, tags, strict=True))
