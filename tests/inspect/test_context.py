"""Averages over a corpus are those of its sentences, and a cut text is labelled as such a text."""

import json

import numpy as np
import pytest
from networks import NETWORKS
from small_models import LETTERS, TEXT, copying, drawn

from rnncli import kernel_choice, labelling
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError, UsageError
from rnncli.inspect import context
from rnncli.inspect.connectivity import connectivity
from rnncli.inspect.context import context_needed, decay, half_life

SENTENCES = [
    Sentence(TEXT, ["O", "B-a", "I-a", "B-b", "O", "O", "unheard"], [()] * 7, 1),
    Sentence(["cat"], ["B-a"], [()], 9),
    Sentence(["mat", "on", "cat", "sat"], [], [()] * 4, 11),  # no gold tags
]


def label(model, tokens):
    return [model.tags[number] for number in labelling.predict(model, model.encode([tokens])).tags]


def by_hand(model, sentences, k, ahead):
    """The tags of all tokens, each with its context cut, one text at a time."""
    found = []
    for sentence in sentences:
        for t in range(len(sentence.tokens)):
            first, end = (0, t + k + 1) if ahead else (max(0, t - k), len(sentence.tokens))
            found.append(label(model, sentence.tokens[first:end])[t - first])
    return found


def share(pairs):
    pairs = list(pairs)
    return sum(a == b for a, b in pairs) / len(pairs)


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
@pytest.mark.parametrize(("chunk", "features"), [(1 << 18, "embedding"), (5, "embedding+context")])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_context_needed_is_that_of_labelling_each_cut_text(arch, cell, chunk, features, decoder, monkeypatch):
    monkeypatch.setattr(context, "CHUNK_TOKENS", chunk)
    model = drawn(arch=arch, cell=cell, window=1, decoder=decoder, features=features, scale=1.5)
    found = context_needed(model, SENTENCES, largest=3)
    full = [tag for sentence in SENTENCES for tag in label(model, sentence.tokens)]
    gold = [*SENTENCES[0].tags, *SENTENCES[1].tags, None, None, None, None]
    assert [0, 1, 2, 3, None] == found.k
    assert (found.after is not None) == (arch == "bidirectional")
    for side, ahead in ((found.before, False), (found.after, True)):
        if side is None:
            continue
        runs = [*(by_hand(model, SENTENCES, k, ahead) for k in range(4)), full]
        agreement = [share(zip(run, full, strict=True)) for run in runs]
        assert agreement == pytest.approx(side.overall.agreement)
        known = [share((a, b) for a, b in zip(run, gold, strict=True) if b is not None) for run in runs]
        assert known == pytest.approx(side.overall.accuracy)
        assert next((k for k in range(4) if agreement[k] >= 0.99), None) == side.overall.settled
        assert sorted(set(full)) == sorted(side.tags)
        for tag, row in side.tags.items():
            at = [i for i, each in enumerate(full) if each == tag]
            assert len(at) == row.tokens
            assert [share((run[i], tag) for i in at) for run in runs] == pytest.approx(row.agreement)
            if all(gold[i] is None for i in at):
                assert row.accuracy is None


def test_kernels_and_numpy_find_the_same_context(tiny, monkeypatch):
    sentences = [Sentence(["leave", "Taipei", "on", "May", "2nd"], [], [()] * 5, 1)] * 3
    expected = context_needed(tiny, sentences, largest=4)
    monkeypatch.setattr(kernel_choice, "SMALL_TOKENS", 0)
    assert expected == context_needed(tiny, sentences, largest=4)


@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("lag", [0, 1, 4])
def test_a_network_that_copies_from_k_tokens_ago_needs_k_tokens(lag, activation):
    model, rng = copying(lag, activation), np.random.default_rng(1)
    sentences = []
    for count in (9, 12, 5, 20):
        tokens = [LETTERS[i] for i in rng.integers(0, len(LETTERS), count)]
        tags = [*"O" * lag, *"".join(tokens).upper()[: count - lag]]
        sentences.append(Sentence(tokens, tags, [()] * count, 1))
    found = context_needed(model, sentences, largest=6).before.overall
    # With fewer than k tokens all are O, which is right for the first k of each sentence.
    first = lag * len(sentences) / sum(len(each.tokens) for each in sentences)
    assert [pytest.approx(first if k < lag else 1) for k in (*range(7), 99)] == found.agreement == found.accuracy
    assert lag == found.settled
    reach = decay(model, sentences, largest=6)
    copied = [1.0 if each == -lag else 0.0 for each in reach.lags]
    for means in (reach.overall.gradient, reach.overall.ablation):
        # The first tokens of a sentence, whose O rests on nothing, are targets too.
        share = [sum(len(s.tokens) - lag for s in sentences) / reach.overall.pairs[6 - lag]] * len(copied)
        np.testing.assert_allclose(means, np.multiply(copied, share), atol=1e-6)
    assert reach.overall.half_life["gradient"]["before"] == pytest.approx(lag + 0.5)


@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_decay_is_the_mean_of_the_sentences_connectivity(arch, cell):
    model, rows = drawn(arch=arch, cell=cell, window=1), {}
    for sentence in SENTENCES:
        found = connectivity(model, sentence.tokens, steps=1)
        for m, tag in enumerate(found.tags):
            gradient, ablation = found.gradient[m], np.abs(found.ablation[m])
            for t in range(len(sentence.tokens)):
                pair = gradient[t] / gradient.max(), ablation[t] / (ablation.max() or 1)
                for group in (tag, None):
                    rows.setdefault((group, t - m), []).append(pair)
    result = decay(model, SENTENCES, largest=5)
    assert list(range(-5, 6)) == result.lags
    for group, curve in [(None, result.overall), *result.tags.items()]:
        for lag, pairs, gradient, ablation in zip(
            result.lags, curve.pairs, curve.gradient, curve.ablation, strict=True
        ):
            expected = rows.get((group, lag), [])
            assert len(expected) == pairs
            if not expected:
                assert gradient is None and ablation is None
            else:
                assert np.mean(expected, axis=0).tolist() == pytest.approx([gradient, ablation], abs=1e-12)
    assert {group for group, _ in rows} - {None} == set(result.tags)


def test_half_life_by_hand():
    assert half_life(np.array([1, 0.75, 0.25, 0])) == pytest.approx(1.5)
    assert half_life(np.array([1, 0.0])) == pytest.approx(0.5)
    assert half_life(np.array([0.1, 1, 0.6, 0.2, 0.7])) == pytest.approx(2.25)  # after the largest, the first
    assert half_life(np.array([1, 0.8, 0.6])) is None
    assert half_life(np.array([1, 0.8, np.nan, 0.1])) is None
    assert half_life(np.array([0.0, 0])) is None
    assert half_life(np.array([0.5**lag for lag in range(4)])) == pytest.approx(1)


def test_every_number_is_given_for_json():
    model = drawn(arch="bidirectional", cell="lstm")
    for found in (decay(model, SENTENCES, largest=12), context_needed(model, SENTENCES, largest=2)):
        json.dumps(found.as_dict(), allow_nan=False)
    needed = context_needed(model, SENTENCES, largest=2).as_dict()
    assert ["k", "before", "after"] == list(needed)
    assert ["tokens", "agreement", "accuracy", "settled"] == list(needed["before"]["overall"])
    assert ["lags", "sentences", "overall", "tags"] == list(decay(model, SENTENCES).as_dict())


def test_errors_say_what_is_wrong():
    model = drawn(arch="elman")
    for run in (decay, context_needed):
        with pytest.raises(DataError, match="no token"):
            run(model, [])
        with pytest.raises(UsageError, match="-1"):
            run(model, SENTENCES, largest=-1)
