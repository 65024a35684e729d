"""The kernels of the CRF compute what the readable chain computes, batch or no batch, and its gradients."""

import itertools
from typing import NamedTuple

import numpy as np
import pytest

from rnncli.data.batch import pack
from rnncli.kernels import crf
from rnncli.kernels.parallel import SERIAL
from rnncli.kernels.viterbi import viterbi
from rnncli.plain import crf as chain

LENGTHS = (1, 7, 3, 2, 5, 4, 6, 1)
STEP = 1e-5
FORBIDDEN = -1e4
# Beside float64's digits: what is too small for the type, and the rounding of scores of some size.
TYPES = [pytest.param(np.float64, 1e-10, id="float64"), pytest.param(np.float32, 2e-5, id="float32")]


class Case(NamedTuple):
    """A packed batch, its scores and gold tags, and where each sentence's tokens are."""

    o: np.ndarray
    transitions: np.ndarray
    first: np.ndarray
    last: np.ndarray
    offsets: np.ndarray
    gold: np.ndarray
    sentences: list[np.ndarray]  # rows of each sentence, in the order of the batch
    target: tuple[np.ndarray, np.ndarray] | None = None  # tags and their shares; None: the gold tags

    @property
    def scores(self):
        """What every kernel takes."""
        return self.o, self.transitions, self.first, self.last, self.offsets

    @property
    def moves(self):
        """Scores of transitions, of the first and of the last tag."""
        return self.transitions, self.first, self.last

    def alone(self, rows):
        """One sentence of the batch as a batch."""
        return self._replace(
            o=self.o[rows],
            offsets=np.arange(len(rows) + 1),
            gold=self.gold[rows],
            sentences=[np.arange(len(rows))],
            target=self.target and tuple(array[rows] for array in self.target),
        )


def drawn(tags, lengths=LENGTHS, dtype=np.float64, spread=1.5, seed=1):
    rng = np.random.default_rng(seed)
    offsets = pack(np.cumsum([0, *lengths]), np.arange(len(lengths))).offsets
    count = sum(lengths)
    shapes = ((count, tags), (tags, tags), (tags,), (tags,))
    arrays = [(spread * rng.standard_normal(shape)).astype(dtype) for shape in shapes]
    gold = rng.integers(0, tags, count).astype(np.int32)
    sentences = [offsets[:length] + b for b, length in enumerate(sorted(lengths, reverse=True))]
    return Case(*arrays, offsets, gold, sentences)


class Result(NamedTuple):
    """The loss and its gradients."""

    loss: float
    do: np.ndarray
    dtransitions: np.ndarray
    dfirst: np.ndarray
    dlast: np.ndarray


def loss(case, weights=None, scale=1.0, before=0.0):
    """Run the kernel with gradients that start from ``before``."""
    gradients = [np.full_like(array, before) for array in case.moves]
    weights = np.ones(len(case.sentences), case.o.dtype) if weights is None else weights
    do = np.full_like(case.o, np.nan)
    tags, shares = case.target or (case.gold[:, None], np.ones((len(case.gold), 1)))
    shares = shares.astype(case.o.dtype)
    return Result(
        crf.loss(SERIAL, case.o, tags, shares, *case.moves, case.offsets, weights, scale, do, *gradients),
        do,
        *gradients,
    )


def taught(case, tags=3):
    """The case with some tags and shares for each token; every third token has one tag alone."""
    rng = np.random.default_rng(7)
    shares = rng.dirichlet(np.ones(tags), len(case.o))
    shares[::3] = np.eye(tags)[0]
    chosen = rng.permuted(np.tile(np.arange(case.o.shape[1]), (len(case.o), 1)), axis=1)[:, :tags]
    return case._replace(target=(chosen.astype(np.int32), shares))


def dense(case):
    """The shares of all tags, (N, K)."""
    tags, shares = case.target
    q = np.zeros(case.o.shape)
    np.put_along_axis(q, tags, shares, axis=1)
    return q


def posterior(case):
    y, log_z = np.full_like(case.o, np.nan), np.full(len(case.sentences), np.nan)
    crf.marginals(SERIAL, *case.scores, y, log_z)
    return y, log_z


def best(case):
    tags = np.full(len(case.o), -1, np.int32)
    viterbi(*case.scores, tags)
    return tags


@pytest.mark.parametrize("spread", [0.1, 1.5, 30.0])
@pytest.mark.parametrize("tags", [1, 2, 5, 9, 37])
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
def test_kernels_equal_the_readable_chain(dtype, tolerance, tags, spread):
    case = drawn(tags, dtype=dtype, spread=spread)
    y, log_z = posterior(case)
    path, total = best(case), 0.0
    for b, rows in enumerate(case.sentences):
        arguments = case.o[rows], *case.moves
        np.testing.assert_allclose(y[rows], chain.marginals(*arguments), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(log_z[b], chain.log_partition(*arguments), rtol=tolerance, atol=tolerance)
        assert chain.viterbi(*arguments).tolist() == path[rows].tolist()
        total += chain.log_partition(*arguments) - chain.path_score(case.gold[rows], *arguments)
    result = loss(case)
    np.testing.assert_allclose(result.loss, total, rtol=tolerance, atol=10 * tolerance)
    np.testing.assert_allclose(result.do, y - np.eye(tags)[case.gold], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("tags", [3, 9, 37])
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
def test_the_loss_of_a_target_is_that_of_the_readable_chain(dtype, tolerance, tags):
    case = taught(drawn(tags, dtype=dtype))
    q = dense(case)
    total = 0.0
    for rows in case.sentences:
        arguments = case.o[rows], *case.moves
        total += chain.log_partition(*arguments) - chain.expected_score(q[rows], *arguments)
    result = loss(case)
    np.testing.assert_allclose(result.loss, total, rtol=tolerance, atol=10 * tolerance)
    np.testing.assert_allclose(result.do, posterior(case)[0] - q, rtol=tolerance, atol=tolerance)


def test_the_loss_of_a_target_is_the_mean_over_all_labellings():
    case = taught(drawn(3, (4,)))
    arguments = case.o, *case.moves
    q = dense(case)
    mean = 0.0
    for path in itertools.product(range(3), repeat=4):
        share = np.prod(q[np.arange(4), path])
        mean += share * (chain.log_partition(*arguments) - chain.path_score(np.array(path), *arguments))
    np.testing.assert_allclose(loss(case).loss, mean, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_target_of_one_tag_is_the_gold_tag_to_the_last_bit(dtype):
    case = drawn(9, dtype=dtype)
    others = (case.gold + 1) % 9
    shares = np.tile([0.0, 1.0], (len(case.gold), 1))
    one = case._replace(target=(np.stack([others, case.gold], axis=1), shares))
    for value, other in zip(loss(one), loss(case), strict=True):
        assert np.array_equal(value, other)


def numeric(case, weights, scale, array):
    """Central differences of the loss with respect to each number of ``array``."""
    flat, slope = array.reshape(-1), np.empty(array.size)
    for i, kept in enumerate(flat.tolist()):
        losses = []
        for flat[i] in (kept + STEP, kept - STEP):
            losses.append(scale * loss(case, weights).loss)
        flat[i] = kept
        slope[i] = (losses[0] - losses[1]) / (2 * STEP)
    return slope.reshape(array.shape)


@pytest.mark.parametrize("is_taught", [False, True])
@pytest.mark.parametrize("tags", [2, 5])
def test_gradients_equal_central_differences(tags, is_taught):
    case, scale = drawn(tags), 0.3
    if is_taught:
        case = taught(case, 2)
    weights = np.random.default_rng(2).uniform(0.2, 3.0, len(case.sentences))
    result = loss(case, weights, scale, before=0.5)
    expected = [numeric(case, weights, scale, array) for array in (case.o, *case.moves)]
    for slope, analytic, start in zip(expected, result[1:], (0, 0.5, 0.5, 0.5), strict=True):
        assert np.abs(slope).max() > 0.01  # a gradient of 0 would prove nothing
        np.testing.assert_allclose(analytic - start, slope, atol=1e-8)


@pytest.mark.parametrize("is_taught", [False, True])
@pytest.mark.parametrize("spread", [1.5, 20.0])  # beyond a range of 32, float32 is computed in float64
def test_gradients_of_float32_are_those_of_float64(spread, is_taught):
    case = drawn(9, dtype=np.float32, spread=spread)
    if is_taught:
        case = taught(case)
    assert crf._needs_double(case.o, *case.moves) == (spread > 1.5)
    weights = np.linspace(0.5, 2, len(case.sentences)).astype(np.float32)
    exact = case._replace(
        **{name: getattr(case, name).astype(float) for name in ("o", "transitions", "first", "last")}
    )
    expected = loss(exact, weights.astype(float), 0.3, before=0.5)
    result = loss(case, weights, np.float32(0.3), before=0.5)
    for value, other in zip(result, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-5)
    assert all(array.dtype == np.float32 for array in result[1:])


@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@pytest.mark.parametrize("spread", [5.0, 50.0])
@pytest.mark.parametrize("tags", [2, 7])
def test_a_long_sentence_with_large_scores(tags, spread, dtype, tolerance):
    case = drawn(tags, (5000,), dtype)
    rng = np.random.default_rng(3)
    for array in (case.o, *case.moves):
        array[...] = rng.uniform(-spread, spread, array.shape)
    arguments = case.o, *case.moves
    y, log_z = posterior(case)
    # Both roundings and cut-off terms must stay where they are: no error may grow with the length.
    np.testing.assert_allclose(y, chain.marginals(*arguments), rtol=0, atol=tolerance)
    np.testing.assert_allclose(log_z, chain.log_partition(*arguments), rtol=tolerance / 100)
    result, gold = loss(case), chain.path_score(case.gold, *arguments)
    np.testing.assert_allclose(result.loss, chain.log_partition(*arguments) - gold, rtol=tolerance / 100)
    path = best(case)
    np.testing.assert_allclose(
        chain.path_score(path, *arguments), chain.path_score(chain.viterbi(*arguments), *arguments), rtol=1e-9
    )


@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
def test_the_likely_path_may_leave_through_the_unlikeliest_tag(dtype, tolerance):
    """Of two tags the worse by 100 after the first token is as good as the other after the second."""
    o = np.array([[50, -50], [-50, 50], [0, 0]], dtype)
    transitions = np.array([[0, -100], [-100, 0]], dtype)
    zeros, offsets = np.zeros(2, dtype), np.arange(4)
    y, log_z = np.empty_like(o), np.empty(1)
    crf.marginals(SERIAL, o, transitions, zeros, zeros, offsets, y, log_z)
    np.testing.assert_allclose(y, chain.marginals(o, transitions, zeros, zeros), rtol=0, atol=tolerance)
    np.testing.assert_allclose(y[0], [2 / 3, 1 / 3], rtol=0, atol=tolerance)
    np.testing.assert_allclose(log_z, np.log(3), atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [1.5, 20.0])
def test_a_batch_is_its_sentences_one_by_one(spread, dtype):
    case = drawn(37, dtype=dtype, spread=spread)
    (y, log_z), path = posterior(case), best(case)
    result, parts = loss(case), []
    for b, rows in enumerate(case.sentences):
        alone = case.alone(rows)
        # To the last bit: every row of a product is summed in the same order, whatever rows are beside it.
        assert y[rows].tolist() == posterior(alone)[0].tolist()
        assert log_z[b] == posterior(alone)[1][0]
        assert path[rows].tolist() == best(alone).tolist()
        parts.append(loss(alone))
        assert result.do[rows].tolist() == parts[-1].do.tolist()
    for number in (0, 2, 3, 4):
        np.testing.assert_allclose(result[number], sum(part[number] for part in parts), rtol=1e-5, atol=1e-5)


def forbid(case, rng):
    """Forbid half of all moves, but for those to the same tag, to begin with the first and to end with any."""
    for array in case.moves:
        array[rng.random(array.shape) < 0.5] = FORBIDDEN
    np.fill_diagonal(case.transitions, 0)
    case.first[0], case.last[0] = 0, 0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_forbidden_moves_are_never_made(dtype, seed):
    case = drawn(4, dtype=dtype, spread=10.0, seed=seed)
    for array in case.moves:
        array[...] = 0
    forbid(case, np.random.default_rng(seed))
    path, (y, _) = best(case), posterior(case)
    assert any(  # so that the comparison means something
        case.transitions[move] == FORBIDDEN
        for rows in case.sentences
        for move in itertools.pairwise(case.o[rows].argmax(axis=1))
    )
    for rows in case.sentences:
        tags, arguments = path[rows], (case.o[rows], *case.moves)
        assert case.first[tags[0]] == case.last[tags[-1]] == 0
        assert (case.transitions[tags[:-1], tags[1:]] == 0).all()
        every = itertools.product(range(4), repeat=len(rows))
        assert tuple(tags) == max(every, key=lambda p: chain.path_score(np.array(p), *arguments))
        np.testing.assert_allclose(y[rows], chain.marginals(*arguments), rtol=0, atol=1e-6)


@pytest.mark.parametrize("tags", [1, 7, 8, 9, 16, 37])
def test_the_best_path_may_come_from_any_tag(tags):
    following = np.random.default_rng(1).permutation(tags)
    case = drawn(tags, (2,) * tags, spread=0.0)
    case.transitions[np.arange(tags), following] = 1
    case.o[:tags] = 2 * np.eye(tags)
    assert best(case).tolist() == [*range(tags), *following]


def test_of_equal_paths_the_first_tags_from_the_end_win():
    for tags in (1, 3, 8, 19):
        case = drawn(tags, spread=0.0)
        assert best(case).tolist() == [0] * len(case.o)
        case.o[...] = np.random.default_rng(1).integers(0, 2, case.o.shape)
        for rows in case.sentences:
            assert best(case)[rows].tolist() == chain.viterbi(case.o[rows], *case.moves).tolist()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_infinity_stay_in_their_sentence(dtype, wrong):
    case = drawn(9, dtype=dtype)
    case.o[case.sentences[2][1], 3] = wrong
    path, (y, log_z), result = best(case), posterior(case), loss(case)
    assert ((path >= 0) & (path < 9)).all()
    assert np.isfinite(np.delete(y, case.sentences[2], axis=0)).all()
    # A loss that is not finite stops the training.
    assert np.isfinite(result.loss) == np.isfinite(log_z[2]) == np.isfinite(y).all() == (wrong == -np.inf)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moves_that_are_not_finite_do_no_harm(dtype, number, wrong):
    case = drawn(9, dtype=dtype)
    case.moves[number].reshape(-1)[3] = wrong
    path = best(case)
    assert ((path >= 0) & (path < 9)).all()
    # The gold tags may make a move that −∞ forbids; nothing else may come of it.
    assert np.isnan(loss(case).loss) == (wrong != -np.inf)


def test_no_sentence_costs_nothing():
    case = drawn(3, ())
    result = loss(case, before=0.5)
    assert result.loss == 0
    assert all((array == 0.5).all() for array in result[2:])
    assert best(case).tolist() == []
