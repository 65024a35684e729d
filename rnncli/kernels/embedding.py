"""Table look-ups: word embeddings, and one-hot inputs as columns of U (stored as rows of Uᵀ)."""

from rnncli.kernels.compile import jit


@jit
def gather(table, ids, out):
    """out[n] = table[ids[n]]; table (rows, D), ids (N,) int32, out (N, D) OUT."""
    for n in range(len(ids)):
        row = table[ids[n]]
        for d in range(out.shape[1]):
            out[n, d] = row[d]


@jit
def scatter(dout, ids, dtable):
    """dtable[ids[n]] += dout[n], in the order of n; dout (N, D), dtable (rows, D)."""
    for n in range(len(ids)):
        row = dtable[ids[n]]
        for d in range(dout.shape[1]):
            row[d] += dout[n, d]
