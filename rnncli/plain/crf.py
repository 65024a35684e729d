"""A linear-chain conditional random field in plain NumPy, one sentence at a time, in logarithms of probabilities.

    score(y) = first[y(1)] + Σ o(t)[y(t)] + Σ A[y(t−1), y(t)] + last[y(T)],    P(y) = exp(score(y)) / Z

The tests compare the kernels with it, and short texts are labelled with it. Everything is computed in float64. In
all functions:

    o            (T, K)  the scores of each token's tags, T at least 1
    transitions  (K, K)  A[i, j]: the score of tag j after tag i; −10 000 to forbid it
    first, last  (K,)    scores of a tag at the beginning and at the end of a sentence

:func:`path_score`, :func:`viterbi` and :func:`nbest` also take a rule for transitions: see :mod:`.transitions`.
:func:`marginals` and :func:`viterbi` also take sentences of one length side by side, o (T, S, K).

Sources: Lafferty, McCallum and Pereira 2001, "Conditional random fields"; forward, backward and Viterbi:
Rabiner 1989, "A tutorial on hidden Markov models", III; the n best: Seshadri and Sundberg 1994, "List Viterbi
decoding algorithms with applications", the parallel form.
"""

import numpy as np

from rnncli.data.tags import Rule
from rnncli.plain import Array
from rnncli.plain.transitions import blocks, merge, move_scores, scores_to, viterbi_step


def _log_sum(a: Array, axis: int) -> Array:
    """Log Σ exp(a) along an axis; the largest is subtracted first, so that nothing overflows."""
    largest = a.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(a - largest).sum(axis=axis)) + largest.squeeze(axis))


def _forward(o: Array, transitions: Array, first: Array) -> Array:
    """Log of the sum over all paths up to a tag: α(t)[j] = log Σᵢ exp(α(t−1)[i] + A[i, j]) + o(t)[j]; (T, K)."""
    alpha = np.empty(o.shape)
    alpha[0] = first + o[0].astype(np.float64)
    for t in range(1, len(o)):
        for some in blocks(len(transitions)):
            alpha[t][..., some] = _log_sum(alpha[t - 1][..., :, None] + transitions[:, some], axis=-2)
        alpha[t] += o[t]
    return alpha


def _backward(o: Array, transitions: Array, last: Array) -> Array:
    """Log of the sum over all paths after a tag: β(t)[i] = log Σⱼ exp(A[i, j] + o(t+1)[j] + β(t+1)[j]); (T, K)."""
    beta = np.empty(o.shape)
    beta[-1] = last
    for t in range(len(o) - 2, -1, -1):
        after = (o[t + 1] + beta[t + 1])[..., None, :]
        for some in blocks(len(transitions)):
            beta[t][..., some] = _log_sum(transitions[some] + after, axis=-1)
    return beta


def log_partition(o: Array, transitions: Array, first: Array, last: Array) -> float:
    """Log Z, the logarithm of the sum of exp(score) over all paths."""
    return float(_log_sum(_forward(o, transitions, first)[-1] + last, axis=0))


def marginals(o: Array, transitions: Array, first: Array, last: Array) -> Array:
    """The posterior probability of each tag of each token, of the shape of o."""
    paths = _forward(o, transitions, first) + _backward(o, transitions, last)
    return np.asarray(np.exp(paths - _log_sum(paths, axis=-1)[..., None]))


def path_score(tags: Array, o: Array, transitions: Array | Rule, first: Array, last: Array) -> float:
    """The score of one path, tags (T,); minus log Z it is the logarithm of the path's probability."""
    emitted = o[np.arange(len(o)), tags].sum(dtype=np.float64)
    moved = move_scores(transitions, tags[:-1], tags[1:]).sum(dtype=np.float64)
    return float(emitted + moved + first[tags[0]] + last[tags[-1]])


def expected_score(q: Array, o: Array, transitions: Array, first: Array, last: Array) -> float:
    """The mean score of a path whose tags are drawn one by one from q (T, K), the rows of which sum to 1."""
    emitted = (q * o).sum(dtype=np.float64)
    moved = np.einsum("ti,ij,tj", q[:-1], transitions, q[1:], dtype=np.float64)
    return float(emitted + moved + q[0] @ first + q[-1] @ last)


def viterbi(o: Array, transitions: Array | Rule, first: Array, last: Array) -> Array:
    """The best path, (T,) or (T, S) int32; of equal paths the one with the lowest tags, compared from the end."""
    best = [first + o[0].astype(np.float64)]
    for scores in o[1:]:
        best.append(viterbi_step(best[-1], transitions) + scores)
    path = [(best[-1] + last).argmax(axis=-1)]
    for previous in reversed(best[:-1]):
        path.append((previous + scores_to(transitions, path[-1])).argmax(axis=-1))
    return np.array(path[::-1], np.int32)


def nbest(o: Array, transitions: Array | Rule, first: Array, last: Array, n: int) -> list[tuple[Array, float]]:
    """The n best paths, (T,) int32, and their scores, best first; fewer if there are fewer paths.

    For each tag the n best paths that end in it are kept. Such a path has the number rank · K + tag.
    """
    tags = o.shape[1]
    best = first + o[:1].astype(np.float64)
    predecessors = []
    for scores in o[1:]:
        best, numbers = merge(best, transitions, n)
        best += scores
        predecessors.append(numbers)
    ends = (best + last).reshape(-1)
    paths = []
    for end in np.argsort(-ends, kind="stable")[:n]:
        path = [end]
        for numbers in reversed(predecessors):
            path.append(numbers[divmod(path[-1], tags)])
        paths.append(((np.array(path[::-1]) % tags).astype(np.int32), float(ends[end])))
    return paths
