"""model.py and labelling.py: what a model labels."""

import copy
import itertools
import math
import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from untrained_models import EVERYTHING, LISTS, TAGS, predictions, untrained

from rnncli import labelling
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.batch import Encoded
from rnncli.data.inputs import Inputs
from rnncli.data.tags import PLAIN, Scheme
from rnncli.labelling import Labeller, Prediction
from rnncli.model import Model
from rnncli.modelfile import load
from rnncli.plain import activation, crf
from rnncli.trained import Trained

COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
}
TEXTS = ["leave Taipei 2nd", "", "unheard", "Leave leave 3nd Taipei"]


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("transitions", ["any", "legal"])
def test_a_copy_of_a_model_is_equal_and_independent(transitions: str, copied: Callable[[Model], Model]) -> None:
    model = untrained(features=EVERYTHING, transitions=transitions, decoder="crf")
    assert model == copied(model)
    expected = predictions(model, TEXTS)  # after which it keeps what it allows and what it looked up
    other = copied(model)
    assert model == other
    assert expected == predictions(other, TEXTS)
    other.parameters["output/V"][...] *= -1
    assert model != other
    assert expected == predictions(model, TEXTS)
    assert expected != predictions(other, TEXTS)


def test_a_shallow_copy_allows_what_its_own_tags_do() -> None:
    model = untrained(transitions="legal")
    assert model.allowed is not None
    other = copy.copy(model)
    other.tags = ["B-x", "I-x", "O"]
    assert other.allowed is not None
    assert model.allowed.first.tolist() == [True, True, False]
    assert other.allowed.first.tolist() == [True, False, True]


def test_models_that_differ_in_anything_are_not_equal() -> None:
    def same() -> Model:
        return untrained(features=EVERYTHING)

    assert same() == same()
    assert same() != untrained(features=EVERYTHING, transitions="legal")
    for name in LISTS:
        assert same() != untrained({name: [f"{text}2" for text in LISTS[name]]}, features=EVERYTHING), name
    changes: dict[str, Any] = {
        "training_spec": TrainingSpec(seed=2),
        "tokenizer": "characters",
        "scheme": PLAIN,
        "tags": ["O", "B-y", "I-y"],
        "provenance": {"sentences": 3},
    }
    for name, value in changes.items():
        other = same()
        setattr(other, name, value)
        assert same() != other, name


def test_what_training_gives_back_can_be_copied_and_is_what_was_saved(trained: Trained) -> None:
    assert trained.model == load(trained.path)
    assert trained == pickle.loads(pickle.dumps(trained)) == copy.deepcopy(trained)


def test_a_model_is_drawn_from_its_seed() -> None:
    def drawn(seed: int) -> tuple[Any, ...]:
        network, inputs = NetworkSpec(hidden=3, cell="lstm"), Inputs.from_lists({"embedding": 2}, {"words": ["a"]})
        model = Model.untrained(network, TrainingSpec(seed=seed), inputs, TAGS, "words", "IOB2")
        return tuple(array.tobytes() for array in model.parameters.values())

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def some_sentences(count: int) -> tuple[list[list[str]], list[list[tuple[str, str]]]]:
    source, words = random.Random(1), [*LISTS["words"], "taipei", "tar", "unheard"]
    sentences = [[source.choice(words) for _ in range(source.randrange(9))] for _ in range(count)]
    return sentences, [[(source.choice(["VB", "NN", "?"]), "x") for _ in tokens] for tokens in sentences]


@pytest.mark.parametrize("transitions", ["any", "legal"])
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), [("bidirectional", "lstm"), ("elman", "gru"), ("jordan", "simple")])
def test_long_and_short_input_are_labelled_alike(arch: str, cell: str, decoder: str, transitions: str) -> None:
    """Short input is labelled in NumPy, long input by the kernels, in whatever order suits them."""
    model = untrained(arch=arch, cell=cell, decoder=decoder, transitions=transitions, features=EVERYTHING)
    model.parameters["output/V"][...] *= 9  # so that not all tokens get one tag
    encoded = model.encode(*some_sentences(600))
    assert len(encoded.words) > 2_000
    numpy, kernels = (Labeller(model, kernels=chosen) for chosen in (False, True))

    def labelled(labeller: Labeller, encoded: Encoded, **options: Any) -> Prediction:
        return next(labeller.stream([(None, encoded)], **options))[2]

    together = labelled(kernels, encoded)
    alone = [labelled(numpy, model.encode([s], [c])) for s, c in zip(*some_sentences(600), strict=True)]
    assert np.concatenate([each.tags for each in alone]).tolist() == together.tags.tolist()
    expected = np.concatenate([each.probabilities for each in alone])
    assert expected.tolist() == pytest.approx(together.probabilities.tolist(), abs=1e-5)
    assert len({*together.tags.tolist()}) > 1
    shared = labelled(kernels, encoded, threads=3)
    assert together.tags.tobytes() == shared.tags.tobytes()
    assert together.probabilities.tobytes() == shared.probabilities.tobytes()
    assert together.tags.tobytes() == labelled(kernels, encoded, with_probabilities=False).tags.tobytes()


def test_probabilities_of_a_chain_are_not_worked_out_where_nobody_asks() -> None:
    model = untrained(decoder="crf")
    encoded = model.encode([["leave"] * 3] * 700)
    assert np.isnan(labelling.predict(model, encoded, with_probabilities=False).probabilities).all()
    assert not np.isnan(labelling.predict(model, encoded).probabilities).any()


@pytest.mark.parametrize(
    ("transitions", "scheme", "is_bound"),
    [
        ("any", "IOB2", False),
        ("legal", "IOB2", True),
        ("legal", "plain", False),
        ("legal", "io", False),
    ],
)
def test_only_a_tag_scheme_can_forbid(transitions: str, scheme: str, is_bound: bool) -> None:
    model = untrained(transitions=transitions)
    model.scheme = Scheme.read(scheme)
    assert is_bound == (model.allowed is not None)
    if model.allowed:
        assert Scheme("IOB2").moves(TAGS).follow.tolist() == model.allowed.follow.tolist()


def test_a_model_that_is_bound_gives_only_what_the_scheme_allows() -> None:
    sentences, columns = some_sentences(300)
    for decoder in ("softmax", "crf"):
        given = {}
        for transitions in ("any", "legal"):
            model = untrained(decoder=decoder, transitions=transitions, features=EVERYTHING)
            encoded = model.encode(sentences, columns)
            tags = [TAGS[number] for number in labelling.predict(model, encoded).tags]
            given[transitions] = [tags[start:end] for start, end in itertools.pairwise(encoded.starts)]
        bad = [tags for tags in given["any"] if "I-x" in tags[:1] or ("O", "I-x") in itertools.pairwise(tags)]
        assert bad  # or there was nothing to forbid
        found = given["legal"]
        assert [] == [t for t in found if "I-x" in t[:1] or ("O", "I-x") in itertools.pairwise(t)]


def by_brute_force(model: Model, encoded: Any) -> list[tuple[list[int], float]]:
    """Every sequence of tags of the first sentence and its probability, best first."""
    trace, length = labelling.trace(model, encoded), int(encoded.starts[1])
    everything = paths = [list(path) for path in itertools.product(range(len(TAGS)), repeat=length)]
    allowed = Scheme("IOB2").moves(TAGS)
    first, follow, last = allowed.first, allowed.follow, allowed.last
    if model.network_spec.transitions == "legal":
        paths = [
            p for p in paths if first[p[0]] and last[p[-1]] and all(follow[a, b] for a, b in itertools.pairwise(p))
        ]
    if model.network_spec.decoder == "softmax":
        weighed = [(path, math.prod(trace.y[range(length), path].tolist())) for path in paths]
    else:
        by = tuple(model.parameters[f"output/{name}"] for name in ("A", "first", "last"))
        scores = {tuple(p): math.exp(crf.path_score(np.array(p), trace.o, *by)) for p in everything}
        weighed = [(path, scores[tuple(path)] / sum(scores.values())) for path in paths]
    return sorted(weighed, key=lambda each: -each[1])


@pytest.mark.parametrize("transitions", ["any", "legal"])
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), [("elman", "lstm"), ("jordan", "simple")])
def test_the_n_best_are_those_of_all_sequences(arch: str, cell: str, decoder: str, transitions: str) -> None:
    model = untrained(arch=arch, cell=cell, decoder=decoder, transitions=transitions)
    encoded = model.encode([["leave", "Taipei", "2nd", "unheard"]])
    expected = by_brute_force(model, encoded)
    for count in (1, 7, 1000):
        found = labelling.nbest(model, encoded, 0, count)
        assert [tags for tags, _ in expected[:count]] == [tags for tags, _ in found]
        assert [p for _, p in found] == pytest.approx([p for _, p in expected[:count]], rel=1e-4)
    # 3⁴ sequences, or those in which no I-x begins a span, and no more.
    assert {"any": 81, "legal": 34}[transitions] == len(found)
    total = sum(probability for _, probability in found)
    if transitions == "any":
        assert total == pytest.approx(1)
    else:
        assert 0 < total < 1  # forbidden sequences have a probability too


def test_the_best_of_the_n_best_is_what_is_labelled() -> None:
    for decoder, transitions in itertools.product(("softmax", "crf"), ("any", "legal")):
        model = untrained(decoder=decoder, transitions=transitions)
        encoded = model.encode(some_sentences(40)[0])
        tags = labelling.predict(model, encoded).tags.tolist()
        for sentence, (start, end) in enumerate(itertools.pairwise(encoded.starts.tolist())):
            if start < end:
                assert tags[start:end] == labelling.nbest(model, encoded, sentence, 3)[0][0]


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_the_loss_of_gold_tags_is_that_of_their_probability(decoder: str) -> None:
    model = untrained(decoder=decoder)
    sentences = [["leave", "Taipei", "on"], [], ["Taipei"]]
    gold = [["O", "B-x", "I-x"], [], ["B-x"]]
    encoded = model.encode(sentences, tags=gold)
    logs = []
    for number, tags in enumerate(gold):
        readings = (
            {tuple(path): p for path, p in labelling.nbest(model, encoded, number, 27)} if tags else {(): 1.0}
        )
        logs.append(np.log(readings[tuple(TAGS.index(tag) for tag in tags)]))
    assert -sum(logs) / 4 == pytest.approx(labelling.gold_loss(model, encoded), rel=1e-6)
    # A tag that the model does not know may be any.
    unknown = model.encode(sentences, tags=[["O", "?", "I-x"], [], ["?"]])
    paths = labelling.nbest(model, encoded, 0, 27)
    possible = sum(p for path, p in paths if (path[0], path[2]) == (TAGS.index("O"), TAGS.index("I-x")))
    assert -np.log(possible) / 4 == pytest.approx(labelling.gold_loss(model, unknown), rel=1e-6)
    assert 0 == labelling.gold_loss(model, model.encode([[]], tags=[[]]))


def test_where_no_way_is_allowed_those_that_break_the_rules_least_are_given() -> None:
    """One token, and only tags that cannot stand alone; I-x neither begins a sentence nor ends it."""
    model = untrained(transitions="legal")
    model.tags, model.scheme = ["B-x", "I-x", "E-x"], Scheme("IOBES")
    encoded = model.encode([["leave"]])
    found = [tags for tags, _ in labelling.nbest(model, encoded, 0, 5)]
    assert [[0], [2]] == sorted(found)
    assert found[0] == labelling.predict(model, encoded).tags.tolist()


def test_a_trace_is_that_of_the_reference() -> None:
    model = untrained(features=EVERYTHING, arch="bidirectional", cell="gru", layers=2)
    sentences, columns = [["leave"], ["Taipei", "on"]], [[("VB", "x")], [("NN", "x"), ("?", "y")]]
    alone, both = model.encode(sentences[1:], columns[1:]), model.encode(sentences, columns)
    found = labelling.trace(model, both, 1)
    assert [h.tolist() for h in labelling.trace(model, alone).h] == [h.tolist() for h in found.h]
    assert activation.softmax(found.o).tolist() == found.y.tolist()
    assert [(2, 6)] * 2 == [h.shape for h in found.h]


def test_nothing_is_labelled_as_nothing(tiny: Model) -> None:
    assert ([], []) == predictions(tiny, [])
    assert ([], []) == predictions(tiny, ["", ""])
