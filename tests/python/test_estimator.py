"""A tagger by the conventions of scikit-learn."""

import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

import rnncli
from rnncli import SequenceTagger
from rnncli.errors import DataError, UsageError

CITIES = ("Rome", "Oslo", "Bern", "Kyiv", "Lima", "Doha")
VERBS = {"leave": "B-departure", "arrive": "B-destination"}
DATA = [
    ([verb, city, number], ["O", tag, "O"]) for verb, tag in VERBS.items() for city in CITIES for number in "xyz"
]
X, Y = ([list(part) for part in parts] for parts in zip(*DATA, strict=True))
SMALL: dict[str, Any] = {
    "hidden": 8,
    "embedding": 8,
    "ngram": 8,
    "epochs": 15,
    "learning_rate": 0.03,
    "refit": "no",
}


@pytest.fixture(scope="module")
def fitted() -> SequenceTagger:
    return SequenceTagger(**SMALL).fit(X, Y)


def test_it_labels_scores_and_gives_probabilities(fitted: SequenceTagger) -> None:
    assert Y == fitted.predict(X)
    assert 1.0 == fitted.score(X, Y)
    assert {"O", *VERBS.values()} == set(fitted.classes_)
    assert SMALL["epochs"] == len(fitted.history_)
    marginals = fitted.predict_marginals([*X[:3], []])
    assert [3, 3, 3, 0] == list(map(len, marginals))
    for tokens, sentence in zip(X[:3], marginals, strict=False):
        tagged = fitted.tagger_.tag_tokens(tokens).tokens
        for row, token in zip(sentence, tagged, strict=True):
            assert list(row) == fitted.classes_
            assert sum(row.values()) == pytest.approx(1, abs=1e-5)
            assert max(row, key=lambda tag: row[tag]) == token.tag
            assert row[token.tag] == pytest.approx(token.probability, abs=1e-6)


def test_it_is_the_training_of_the_package(fitted: SequenceTagger, tmp_path: Any) -> None:
    model = rnncli.train(DATA, out=tmp_path / "m.npz", **SMALL).model
    assert model == fitted.model_


def test_a_second_fit_begins_anew(fitted: SequenceTagger) -> None:
    tagger = SequenceTagger(**SMALL).fit([["a", "b"]] * 9, [["B-x", "O"]] * 9)
    assert {"B-x", "O"} == set(tagger.classes_)
    assert fitted.model_ == tagger.fit(X, Y).model_


def test_parameters_can_be_read_set_and_cloned(fitted: SequenceTagger) -> None:
    parameters = fitted.get_params()
    assert {"hidden": 8, "arch": "bidirectional", "seeds": 1, "dropout": -1.0}.items() <= parameters.items()
    copied = clone(fitted)
    assert parameters == copied.get_params()
    assert not hasattr(copied, "model_")
    assert 5 == copied.set_params(hidden=5).hidden
    assert 8 == fitted.hidden
    assert "SequenceTagger(arch='elman', hidden=3)" == repr(SequenceTagger(hidden=3, arch="elman", cell="auto"))
    unknown: Any = {"hiden": 5}
    for call in (lambda: copied.set_params(**unknown), lambda: SequenceTagger(**unknown)):
        with pytest.raises(UsageError, match=r'unknown option "hiden"\n  did you mean "hidden"\?'):
            call()


def test_scikit_learn_searches_and_validates_with_it() -> None:
    folds = KFold(3, shuffle=True, random_state=1)
    scores = cross_val_score(SequenceTagger(**SMALL), X, Y, cv=folds)
    train, test = next(folds.split(X))
    own = SequenceTagger(**SMALL).fit([X[i] for i in train], [Y[i] for i in train])
    assert (3, own.score([X[i] for i in test], [Y[i] for i in test])) == (len(scores), scores[0])
    search = GridSearchCV(SequenceTagger(**SMALL), {"epochs": [1, 15]}, cv=folds).fit(X, Y)
    assert {"epochs": 15} == search.best_params_
    assert scores.mean() == pytest.approx(search.best_score_)
    assert Y == search.predict(X)


def upper(sentences: list[list[str]]) -> list[list[str]]:
    return [[token.upper() for token in tokens] for tokens in sentences]


def test_it_ends_a_pipeline() -> None:
    pipeline = make_pipeline(FunctionTransformer(upper), SequenceTagger(**SMALL)).fit(X, Y)
    assert "LEAVE" in pipeline[-1].model_.inputs.words.words
    assert (Y, 1.0) == (pipeline.predict(X), pipeline.score(X, Y))
    assert "SequenceTagger(" in repr(pipeline)
    assert "SequenceTagger" in pipeline._repr_html_()
    assert Y == pickle.loads(pickle.dumps(pipeline)).predict(X)


def test_scikit_learn_knows_what_it_is(fitted: SequenceTagger) -> None:
    check_is_fitted(fitted)
    with pytest.raises(Exception, match="not fitted"):
        check_is_fitted(SequenceTagger())
    assert get_tags(fitted).target_tags.required
    assert not is_classifier(fitted)  # or folds would be made by a class for each sentence


def test_a_fitted_tagger_can_be_copied_and_pickled(fitted: SequenceTagger) -> None:
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert fitted.model_ == other.model_
        assert fitted.predict_marginals(X[:5]) == other.predict_marginals(X[:5])
        assert fitted.get_params() == other.get_params()


def test_development_data_choose_the_epoch() -> None:
    dev = (X[::4], Y[::4])
    tagger = SequenceTagger(**SMALL).fit(X, Y, dev=dev)
    assert len(X[::4]) == tagger.model_.provenance["dev"]["sentences"]
    assert len(X) == tagger.model_.provenance["sentences"]


def test_what_is_wrong_is_said(fitted: SequenceTagger) -> None:
    odd: Any
    for odd, message in (
        (("a b", Y), "X: expected a list of sentences, got 'a b'"),
        ((X, Y[:-1]), "X: 36 sentences, but tags of 35"),
        ((5, Y), "X: expected a list of sentences, got 5"),
        ((X, [*Y[:-1], "O O O"]), "<data>, sentence 36: expected a list of tags, got 'O O O'"),
        (([*X[:-1], ["a", 2, "c"]], Y), "<data>, sentence 36, token 2: expected a text, got 2"),
    ):
        with pytest.raises(UsageError) as caught:
            SequenceTagger(**SMALL).fit(*odd)
        assert str(caught.value).startswith(message)
    with pytest.raises(DataError, match="<data>, sentence 1: 3 tokens, but 2 tags"):
        SequenceTagger(**SMALL).fit(X, [Y[0][:2], *Y[1:]])
    with pytest.raises(UsageError, match="--hidden: expected int, got 'many'"):
        SequenceTagger(**(SMALL | {"hidden": "many"})).fit(X, Y)
    odd = ["leave", "Rome"]
    with pytest.raises(UsageError, match="X, sentence 1: expected a list of texts, got 'leave'"):
        fitted.predict(odd)
    for call in (SequenceTagger().predict, SequenceTagger().predict_marginals):
        with pytest.raises(UsageError, match="this tagger is not trained"):
            call(X)
    with pytest.raises(DataError, match="none of the tags is in the model"):
        fitted.score(X, [["B-a", "B-b", "B-c"] for _ in X])


def test_it_does_not_need_scikit_learn() -> None:
    code = (
        "import sys, rnncli\nsys.modules['sklearn'] = None\n"
        "tagger = rnncli.SequenceTagger(hidden=4, epochs=1)\n"
        "print(tagger.fit([['a', 'b']] * 9, [['B-x', 'O']] * 9).predict([['a', 'b']]) and tagger)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "SequenceTagger(hidden=4, epochs=1)\n" == ran.stdout
