"""The three measures are what they say: central differences, an integral that is complete, and tagging again."""

import dataclasses
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from networks import NETWORKS
from small_models import SIDES, TEXT, copying, drawn

from rnncli import labelling
from rnncli.data import reading
from rnncli.errors import DataError, UsageError
from rnncli.inspect import attribution
from rnncli.inspect.connectivity import Connectivity, connectivity, spearman
from rnncli.labelling import single
from rnncli.model import Model
from rnncli.modelfile import load
from rnncli.plain import forward as plain
from rnncli.resources import bundled

STEP = 1e-5
ALL_INPUTS = "embedding+onehot+ngram+columns"


class Dense:
    """The input of a sentence as vectors: what the parts give, and a one-hot vector of the whole vocabulary."""

    def __init__(self, model: Model, tokens, columns=None, blank=False) -> None:
        self.model, p = model, model.parameters
        encoded = model.encode([tokens], None if columns is None else [columns])
        batch = single(encoded, 0)
        read = plain.unknown(p, len(tokens)) if blank else plain.look_up(p, batch)
        places = 2 * model.network_spec.window + 1
        self.onehot = "input/onehot" in p
        words = len(p["input/onehot"]) // places if self.onehot else 0
        units = np.zeros((len(tokens), words))
        for t, rows in enumerate(read.words):
            units[t, rows] = 1
        self.x = np.concatenate([read.x, units], axis=1)
        width = read.x.shape[1]
        none = np.zeros((model.network_spec.product, 0))
        self.width = width
        self.tables = [table.T for table in np.split(p["input/onehot"], places)] if self.onehot else [none] * places
        first = p.get("window/P", p.get("layer1/U", none))
        self.weights = np.split(first, places, axis=1)

    def scores(self, x: np.ndarray) -> np.ndarray:
        """What the network makes of any vectors."""
        p, spec = self.model.parameters, self.model.network_spec
        of_parts, units = x[:, : self.width], x[:, self.width :]
        a = self.read(units, self.tables) + p["layer1/b"]
        if "window/P" in p:
            read = of_parts + np.tanh(self.read(of_parts, self.weights) + p["window/p"])
            a += read @ p["layer1/U"].T
        else:
            a += self.read(of_parts, self.weights)
        return plain.run(dataclasses.replace(spec, neighbours="joined"), p, a).o

    def read(self, x: np.ndarray, weights) -> np.ndarray:
        """The sum over the places of the window of what a matrix makes of the vector there."""
        window = self.model.network_spec.window
        out = np.zeros((len(x), len(weights[0])))
        for t, (place, weight) in itertools.product(range(len(x)), enumerate(weights)):
            if 0 <= t + place - window < len(x):
                out[t] += weight @ x[t + place - window]
        return out


def given(model: Model, tokens, columns=None) -> np.ndarray:
    return labelling.predict(model, model.encode([tokens], None if columns is None else [columns])).tags


def numeric_gradient(model: Model, tokens, columns=None) -> np.ndarray:
    """‖∂s/∂x(t)‖ by central differences, for all targets."""
    dense, tags = Dense(model, tokens, columns), given(model, tokens, columns)
    at, squares = np.arange(len(tokens)), np.zeros((len(tokens), len(tokens)))
    for t, j in np.ndindex(dense.x.shape):
        push = np.zeros_like(dense.x)
        push[t, j] = STEP
        slope = (dense.scores(dense.x + push) - dense.scores(dense.x - push))[at, tags] / (2 * STEP)
        squares[:, t] += slope**2
    return np.sqrt(squares)


@pytest.mark.parametrize(("layers", "window", "neighbours"), [(1, 0, "joined"), (2, 0, "joined"), (1, 1, "added")])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
@pytest.mark.parametrize("count", [1, 7])
def test_the_gradient_equals_central_differences(count, arch, cell, layers, window, neighbours):
    model = drawn(arch=arch, cell=cell, layers=layers, window=window, neighbours=neighbours)
    found = connectivity(model, TEXT[:count]).gradient
    np.testing.assert_allclose(found, numeric_gradient(model, TEXT[:count]), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("hidden", [1, 4])  # with one unit the Gram matrix of U is the smaller
@pytest.mark.parametrize(
    ("inputs", "window", "neighbours"),
    [
        *itertools.product(["onehot", ALL_INPUTS], [0, 2], ["joined"]),
        ("embedding", 2, "added"),
        (ALL_INPUTS, 2, "added"),
    ],
)
@pytest.mark.parametrize("arch", ["elman", "hybrid", "bidirectional"])
def test_it_is_over_all_parts_of_the_input_and_the_whole_vocabulary(arch, inputs, window, neighbours, hidden):
    settings = {"features": inputs, "window": window, "neighbours": neighbours, "hidden": hidden}
    model = drawn(arch=arch, cell="simple", **settings)
    columns = SIDES if inputs == ALL_INPUTS else None
    found = connectivity(model, TEXT, columns).gradient
    np.testing.assert_allclose(found, numeric_gradient(model, TEXT, columns), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("neighbours", ["joined", "added"])
@pytest.mark.parametrize(("arch", "cell"), [("elman", "lstm"), ("jordan", "simple"), ("bidirectional", "gru")])
def test_contributions_are_the_integral_of_the_slope_along_the_path(arch, cell, neighbours):
    model = drawn(arch=arch, cell=cell, window=1, features=ALL_INPUTS, neighbours=neighbours, scale=0.5)
    text, blank, tags = Dense(model, TEXT, SIDES), Dense(model, TEXT, SIDES, blank=True), given(model, TEXT, SIDES)
    change, expected, at, steps = text.x - blank.x, np.zeros((len(TEXT),) * 2), np.arange(len(TEXT)), 400
    for alpha in (np.arange(steps) + 0.5) / steps:
        for t in range(len(TEXT)):
            push = np.zeros_like(change)
            push[t] = STEP * change[t]
            x = blank.x + alpha * change
            expected[:, t] += (text.scores(x + push) - text.scores(x - push))[at, tags] / (2 * STEP * steps)
    found = connectivity(model, TEXT, SIDES, steps=32).contribution
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_contributions_are_complete(arch, cell, activation):
    for layers, neighbours, scale in ((1, "joined", 0.7), (2, "joined", 1.5), (1, "added", 0.7)):
        settings = {"layers": layers, "window": 1, "neighbours": neighbours}
        model = drawn(arch=arch, cell=cell, activation=activation, scale=scale, **settings)
        found = connectivity(model, TEXT)
        text, blank, tags = Dense(model, TEXT), Dense(model, TEXT, blank=True), given(model, TEXT)
        gained = (text.scores(text.x) - text.scores(blank.x))[np.arange(len(TEXT)), tags]
        missed = np.abs(found.contribution.sum(axis=1) - gained)
        moved = gained != 0  # where all relus are off, nothing is gained
        assert (missed[~moved] == 0).all()
        assert (missed[moved] < 0.01 * np.abs(gained)[moved]).all()
        np.testing.assert_allclose(found.gap[moved], missed[moved] / np.abs(gained)[moved], rtol=1e-6, atol=1e-9)


def without(model: Model, tokens, columns, t: int):
    """Encode a text in which one token is the unknown word: row 0 where words have rows, else no row."""
    encoded = model.encode([tokens], None if columns is None else [columns])
    ids, bags = encoded.ids.copy(), []
    for source in range(len(ids)):
        ids[source, t] = ids[source].max() + 1
    for bag in encoded.bags:
        count = int(ids[bag.source, t])
        starts, rows = bag.starts[: count + 1], bag.rows[: bag.starts[count]]
        if bag.is_word:
            rows = np.append(rows, np.int32(0))
        bags.append(bag._replace(rows=rows, starts=np.append(starts, len(rows))))
    return encoded._replace(ids=ids, bags=bags)


def check_ablation(model: Model, tokens, columns, found: Connectivity, precision: float) -> None:
    full = model.encode([tokens], None if columns is None else [columns])
    tags, at = labelling.predict(model, full).tags, np.arange(len(tokens))
    assert [model.tags[number] for number in tags] == found.tags
    o, y = labelling.trace(model, full).o, labelling.predict(model, full).probabilities
    for t in range(len(tokens)):
        encoded = without(model, tokens, columns, t)
        again, trace = labelling.predict(model, encoded), labelling.trace(model, encoded)
        assert (again.tags != tags).tolist() == found.changed[:, t].tolist()
        np.testing.assert_allclose(found.ablation[:, t], (o - trace.o)[at, tags], rtol=0, atol=precision)
        same = again.tags == tags  # where predict gives the probability of the tag in question
        lost = (y - again.probabilities)[same]
        np.testing.assert_allclose(found.probability[same, t], lost, rtol=0, atol=max(precision, 1e-6))
        _, probabilities = labelling.decide(model, trace)
        np.testing.assert_allclose(found.probability[:, t], y - probabilities[at, tags], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("decoder", "transitions"), list(itertools.product(["softmax", "crf"], ["any", "legal"])))
@pytest.mark.parametrize(("layers", "neighbours"), [(1, "joined"), (2, "joined"), (1, "added")])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_ablation_equals_tagging_again(arch, cell, layers, neighbours, decoder, transitions):
    model = drawn(
        arch=arch,
        cell=cell,
        layers=layers,
        decoder=decoder,
        transitions=transitions,
        neighbours=neighbours,
        window=1,
        features=ALL_INPUTS,
        scale=2 if neighbours == "joined" else 4,
    )
    if decoder == "crf":
        model.parameters["output/A"][...] *= 0.2  # so that tags depend on tokens, and ablation changes some
    found = connectivity(model, TEXT, SIDES, steps=1)
    assert found.changed.any()
    check_ablation(model, TEXT, SIDES, found, 1e-12)


def test_ablation_equals_tagging_again_with_the_bundled_model():
    model, tokens = load(bundled("models/default.npz")), ["arrive", "Taipei", "on", "November", "2nd"]
    check_ablation(model, tokens, None, connectivity(model, tokens), 1e-4)


@pytest.mark.parametrize(
    ("window", "neighbours"), [(0, "joined"), (1, "joined"), (2, "joined"), (1, "added"), (2, "added")]
)
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_what_a_network_cannot_see_is_exactly_zero(arch, cell, window, neighbours):
    found = connectivity(drawn(arch=arch, cell=cell, window=window, neighbours=neighbours, layers=2), TEXT)
    lag = np.arange(len(TEXT))[None, :] - np.arange(len(TEXT))[:, None]
    seen = {"fnn": np.abs(lag) <= window, "bidirectional": lag < 99}.get(arch, lag <= window)
    known = np.arange(len(TEXT)) < len(TEXT) - 1  # the unknown word can contribute nothing and be missed by none
    for values, can in ((found.gradient, seen), (found.contribution, seen & known), (found.ablation, seen & known)):
        assert (values[~can] == 0).all()
        assert (values[can] != 0).all()


@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("lag", [0, 1, 3])
def test_a_network_that_copies_rests_on_the_token_it_copies_alone(lag, activation):
    model, tokens = copying(lag, activation), list("abecdaabde")
    found = connectivity(model, tokens)
    assert [*"O" * lag, *"".join(tokens).upper()[: len(tokens) - lag]] == found.tags
    expected = np.eye(len(tokens), k=-lag)
    np.testing.assert_allclose(found.gradient, expected, atol=1e-6)
    np.testing.assert_allclose(found.contribution, expected, atol=1e-6)
    np.testing.assert_allclose(found.ablation, expected, atol=1e-6)
    assert (found.changed == (expected > 0)).all()
    assert {"gradient": pytest.approx(1), "contribution": pytest.approx(1)} == found.agreement()


@pytest.mark.parametrize("verb", ["leave", "arrive"])
def test_where_to_or_from_rests_on_the_verb(verb):
    model = load(bundled("models/default.npz"))
    found = connectivity(model, [verb, "Taipei", "on", "November", "2nd"], targets=[1])
    assert [{"leave": "B-departure", "arrive": "B-destination"}[verb]] == found.tags
    others = [0, 2, 3, 4]
    assert others[int(found.ablation[0, others].argmax())] == 0
    assert others[int(found.probability[0, others].argmax())] == 0


def test_contributions_are_complete_on_the_sample_data():
    model = load(bundled("models/default.npz"))
    texts = [text.split() for text in model.provenance["examples"]]
    texts += [sentence.tokens for sentence in reading.read(str(bundled("sample_data/dev.tsv"))).sentences[:400:20]]
    for tokens in texts:
        assert (connectivity(model, tokens).gap < 0.01).all()


@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_some_targets_in_any_order_have_the_rows_that_all_have(arch, cell, monkeypatch):
    model = drawn(arch=arch, cell=cell, window=1, decoder="crf")
    full, some = connectivity(model, TEXT), [4, 0, 6, 4]
    for most in (attribution.MOST_NUMBERS, 1):  # all at once, and one by one
        monkeypatch.setattr(attribution, "MOST_NUMBERS", most)
        found = connectivity(model, TEXT, targets=some)
        assert (some, [full.tags[t] for t in some]) == (found.targets, found.tags)
        for name in ("gradient", "contribution", "ablation", "probability"):
            np.testing.assert_allclose(getattr(found, name), getattr(full, name)[some], rtol=1e-9, atol=1e-12)
        assert (found.changed == full.changed[some]).all()
    assert connectivity(model, TEXT, targets=[]).gradient.shape == (0, len(TEXT))


def test_every_number_is_given_for_json():
    found = connectivity(drawn(arch="elman"), TEXT)
    result = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert [*Connectivity._fields, "agreement"] == list(result)
    for name in ("gradient", "contribution", "gap", "ablation", "probability", "changed"):
        assert getattr(found, name).tolist() == result[name]
    assert found._replace(gap=np.array([np.nan, 1])).as_dict()["gap"] == [None, 1]


def test_rank_correlation_by_hand():
    assert spearman(np.array([1, 2, 3.0]), np.array([10, 20, 21.0])) == pytest.approx(1)
    assert spearman(np.array([1, 2, 3.0]), np.array([3, 2, 1.0])) == pytest.approx(-1)
    # ranks 1.5 1.5 3 and 1 2 3: 1.5 / √(1.5 · 2)
    assert spearman(np.array([5, 5, 7.0]), np.array([1, 2, 3.0])) == pytest.approx(1.5 / np.sqrt(3))
    assert spearman(np.array([1, 1.0]), np.array([1, 2.0])) is None
    assert spearman(np.empty(0), np.empty(0)) is None


def test_errors_say_what_is_wrong():
    model = drawn(arch="elman")
    with pytest.raises(DataError, match="no token"):
        connectivity(model, [])
    for target in (-1, 7):
        with pytest.raises(UsageError, match=f"no token {target} in a text of 7"):
            connectivity(model, TEXT, targets=[target])
    with pytest.raises(UsageError, match="0 steps"):
        connectivity(model, TEXT, steps=0)
    with pytest.raises(DataError, match="reads a column"):
        connectivity(drawn(arch="elman", features=ALL_INPUTS), TEXT)


def test_one_sentence_needs_no_numba():
    code = (
        "import sys; from rnncli.modelfile import load; from rnncli.resources import bundled;"
        "from rnncli.inspect.connectivity import connectivity;"
        "connectivity(load(bundled('models/default.npz')), 'leave Taipei now'.split());"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
