"""A rule of moves gives what the matrix that it stands for gives, to the last bit and of equal paths the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data.batch import pack
from rnncli.data.tags import ANY, FORBIDDEN, JOINED, Moves, Rule, Scheme
from rnncli.kernels.viterbi import viterbi
from rnncli.plain import crf
from rnncli.plain.transitions import move_scores, scores_to, viterbi_step

LETTERS = {"plain": "BIES", "IOB1": "BI", "IOB2": "BI", "IOE1": "IE", "IOE2": "IE", "IOBES": "BIES"}


@st.composite
def other_rules(draw: st.DrawFn) -> Moves:
    """Moves of no scheme, in which all kinds of rules meet."""
    count = draw(st.integers(1, 7))
    after = draw(st.lists(st.integers(ANY, JOINED), min_size=count, max_size=count))
    types = draw(st.lists(st.integers(0, count - 1), min_size=count, max_size=count))
    flags = st.lists(st.booleans(), min_size=count, max_size=count).map(np.array)
    rule = Rule(np.array(after, np.int8), np.array(types), draw(flags))
    return Moves(draw(flags), rule, draw(flags))


@st.composite
def rules(draw: st.DrawFn) -> Moves:
    """The moves of some tags of a scheme, in any order."""
    scheme = draw(st.sampled_from([*sorted(LETTERS), "any"]))
    if scheme == "any":
        return draw(other_rules())
    tags = ["O", *(letter + kind for letter in LETTERS[scheme] for kind in ("", "-x", "-y", "-z"))]
    return Scheme(scheme).moves(draw(st.lists(st.sampled_from(tags), min_size=1, unique=True)))


def matrix(found: Moves) -> np.ndarray:
    return np.where(found.follow, 0.0, FORBIDDEN)


def ends(found: Moves, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    first, last = (np.where(allowed, 0, FORBIDDEN).astype(dtype) for allowed in (found.first, found.last))
    return first, last


def scores(seed: int, shape: tuple[int, ...], spread: float) -> np.ndarray:
    """Scores of a few different values, so that many paths are equal; or of any, and then some out of all reach."""
    rng = np.random.default_rng(seed)
    if not spread:
        return rng.integers(0, 2, shape).astype(float)
    return spread * rng.standard_normal(shape)


seeds, spreads = st.integers(0, 10**6), st.sampled_from([0.0, 1.0, 1e4])


@given(rules(), seeds, st.integers(1, 6), spreads)
def test_the_best_path_of_numpy(found, seed, length, spread):
    first, last = ends(found, np.float64)
    for shape in ((length,), (length, 3)):
        o = scores(seed, (*shape, len(first)), spread)
        expected = crf.viterbi(o, matrix(found), first, last)
        assert expected.tolist() == crf.viterbi(o, found.rule, first, last).tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(found=rules(), seed=seeds, lengths=st.lists(st.integers(1, 6), max_size=5), spread=spreads)
def test_the_best_paths_of_the_kernel(dtype, found, seed, lengths, spread):
    offsets = pack(np.cumsum([0, *lengths]), np.arange(len(lengths))).offsets
    first, last = ends(found, dtype)
    o = scores(seed, (sum(lengths), len(first)), spread).astype(dtype)
    one, other = np.full((2, len(o)), -1, np.int32)
    viterbi(o, matrix(found).astype(dtype), first, last, offsets, one)
    viterbi(o, found.rule, first, last, offsets, other)
    assert one.tolist() == other.tolist()


@given(rules(), seeds, st.integers(1, 5), spreads, st.integers(1, 12))
def test_the_n_best_paths(found, seed, length, spread, n):
    first, last = ends(found, np.float64)
    o = scores(seed, (length, len(first)), spread)
    expected, actual = (crf.nbest(o, chain, first, last, n) for chain in (matrix(found), found.rule))
    assert [(tags.tolist(), score) for tags, score in expected] == [(tags.tolist(), s) for tags, s in actual]
    for tags, _ in actual:
        score = crf.path_score(tags, o, matrix(found), first, last)
        assert score == crf.path_score(tags, o, found.rule, first, last)


@given(rules(), seeds, spreads)
def test_scores_of_moves(found, seed, spread):
    tags = np.arange(len(found.first))
    assert matrix(found).tolist() == move_scores(found.rule, tags[:, None], tags).tolist()
    assert (
        matrix(found).T.tolist() == scores_to(found.rule, tags).tolist() == scores_to(matrix(found), tags).tolist()
    )
    for dtype in (np.float32, np.float64):
        best = scores(seed, (2, 3, len(tags)), spread).astype(dtype)
        one, other = (viterbi_step(best, chain) for chain in (matrix(found).astype(dtype), found.rule))
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
