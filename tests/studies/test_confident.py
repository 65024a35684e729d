"""Confident learning: worked examples, and the formulas written out."""

import numpy as np
import pytest

from rnncli.studies import confident


def test_thresholds_joint_and_confident_tags_of_a_worked_example():
    given = np.array([0, 0, 0, 0, 1, 1])
    first = np.array([0.9, 0.8, 0.6, 0.1, 0.3, 0.7])
    learned = confident.learn(given, np.stack([first, 1 - first], axis=1))
    # t(0) = (0.9 + 0.8 + 0.6 + 0.1) / 4, t(1) = (0.7 + 0.3) / 2
    assert learned.thresholds == pytest.approx([0.6, 0.5])
    # Token 3 is given 0 and is confidently 1; token 5 is given 1 and is confidently 0.
    assert learned.tags.tolist() == [0, 0, 0, 1, 1, 0]
    assert learned.counts.tolist() == [[3, 1], [1, 1]]
    # Rows of the joint sum to 4/6 and 2/6, divided as the counts are.
    assert learned.joint == pytest.approx(np.array([[3 / 6, 1 / 6], [1 / 6, 1 / 6]]))
    assert learned.noise == pytest.approx(2 / 6)


def test_of_several_tags_above_their_thresholds_the_most_probable_one_counts():
    given = np.array([0, 1, 2, 2])
    probabilities = np.array([[0.2, 0.3, 0.5], [0.1, 0.3, 0.6], [0.4, 0.2, 0.4], [0.1, 0.1, 0.8]])
    learned = confident.learn(given, probabilities)
    assert learned.thresholds == pytest.approx([0.2, 0.3, 0.6])
    # Token 0 reaches t(0) and t(1); of these 1 is more probable. Tag 2 is the most probable, but 0.5 < 0.6.
    # Token 2 reaches t(0) alone.
    assert learned.tags.tolist() == [1, 2, 0, 2]


def test_a_token_that_reaches_no_threshold_counts_nowhere():
    given = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.1, 0.9]])
    learned = confident.learn(given, probabilities)
    assert learned.thresholds == pytest.approx([0.7, 0.9])
    assert learned.tags.tolist() == [0, confident.NONE, 1, 1]
    assert learned.counts.sum() == 3
    assert learned.joint == pytest.approx(np.array([[0.5, 0], [0, 0.5]]))


def test_a_tag_without_tokens_is_never_suspected_and_one_without_confident_tokens_counts_as_right():
    given = np.array([0, 1])
    learned = confident.learn(given, np.array([[0.1, 0.1, 0.8], [0.1, 0.1, 0.8]]))
    assert learned.thresholds.tolist() == pytest.approx([0.1, 0.1, np.inf])
    assert confident.NONE not in learned.tags
    assert not learned.counts[:, 2].any()
    alone = confident.learn(np.array([0, 0, 1]), np.array([[1.0, 0.0], [1.0, 0.0], [0.999, 0.001]]))
    assert alone.counts.tolist() == [[2, 0], [0, 1]]  # the last reaches t(1) = 0.001, and not t(0) = 1
    assert alone.noise == pytest.approx(0)


@pytest.mark.parametrize("block", [8, 1 << 20])
def test_it_is_what_the_formulas_say(block, monkeypatch):
    monkeypatch.setattr(confident, "BLOCK", block)
    rng = np.random.default_rng(1)
    tokens, tags = 300, 4
    given = rng.integers(tags, size=tokens)
    probabilities = rng.dirichlet(np.full(tags, 0.5), tokens).astype(np.float32)
    probabilities[np.arange(tokens), given] += 0.5
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    learned = confident.learn(given, probabilities)
    thresholds = [
        np.mean([float(p[j]) for p, g in zip(probabilities, given, strict=True) if g == j]) for j in range(tags)
    ]
    counts = np.zeros((tags, tags), int)
    for p, g in zip(probabilities.tolist(), given.tolist(), strict=True):
        reached = {j: p[j] for j in range(tags) if p[j] >= thresholds[j]}
        if reached:
            counts[g, max(reached, key=reached.__getitem__)] += 1
    joint = np.array([counts[i] / counts[i].sum() * np.sum(given == i) for i in range(tags)]) / tokens
    assert learned.thresholds == pytest.approx(thresholds)
    assert (learned.counts == counts).all()
    assert np.trace(counts) < counts.sum() < tokens
    assert learned.joint == pytest.approx(joint)
    assert learned.joint.sum() == pytest.approx(1)


def test_scores_of_the_given_tags():
    given = np.array([0, 1])
    probabilities = np.array([[0.7, 0.2, 0.1], [0.6, 0.1, 0.3]])
    assert confident.self_confidence(given, probabilities) == pytest.approx([0.7, 0.1])
    assert confident.margin(given, probabilities) == pytest.approx([(1 + 0.7 - 0.2) / 2, (1 + 0.1 - 0.6) / 2])
