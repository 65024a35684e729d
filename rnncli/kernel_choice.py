"""The choice between NumPy and the kernels: which of them labels the next sentences.

The kernels are faster, but NumPy labels many sentences in the time that it takes to load them. So NumPy labels at
first, and the kernels are loaded when NumPy has taken about as long as loading takes. From then on they label
everything. The choice is made for each kind of network, because different kinds need different kernels.

The two differ by about 1e-6. Scores and measures must not depend on what a process did before, so for them the
choice is made by the sentences alone.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import cache

from rnncli.config import NetworkSpec
from rnncli.data.batch import Encoded
from rnncli.data.tags import Rule
from rnncli.errors import MissingLibraryError, UsageError
from rnncli.model import Model
from rnncli.plain.decoding import Chain

# Whether the kernels label: of a model, sentences, the scores of moves that decoding uses (None: it uses none), and
# whether the marginals of a CRF are computed too.
Choice = Callable[[Model, Encoded, Chain | None, bool], bool]

SMALL_TOKENS = 2_000
LOADING_SECONDS = 0.45  # from the cache
COMPILING_SECONDS = 10.0  # where the cache is empty

_Kind = tuple[str, str, str]  # architecture, cell, output
_kinds_by_kernels: set[_Kind] = set()  # those that the kernels label from now on
_numpy_seconds: defaultdict[_Kind, float] = defaultdict(float)  # that NumPy has taken so far


def _kind(spec: NetworkSpec) -> _Kind:
    return spec.arch, spec.cell, spec.decoder


def use_kernels(spec: NetworkSpec) -> None:
    """Let the kernels label networks of this kind from now on, in this process: training has loaded them."""
    _kinds_by_kernels.add(_kind(spec))


def kernels_are_faster(model: Model, encoded: Encoded, chain: Chain | None, marginals: bool) -> bool:
    """Decide whether the kernels label these sentences; if so, they label everything after them too.

    They are loaded when NumPy would have taken as long as loading takes, for all sentences until now and these.
    Whatever comes later, the time spent is at most twice the least possible (Karlin et al. 1988, "Competitive
    snoopy caching"). The arguments are those of :data:`Choice`.
    """
    kind = _kind(model.network_spec)
    if kind in _kinds_by_kernels:
        return True
    seconds = _numpy_seconds[kind] + _estimated_seconds(model, encoded, chain, marginals)
    if _are_worth_loading(seconds):
        _kinds_by_kernels.add(kind)
        return True
    _numpy_seconds[kind] = seconds
    return False


def sentences_are_many(model: Model, encoded: Encoded, chain: Chain | None, marginals: bool) -> bool:
    """Decide by the sentences alone, so that every process decides alike; the arguments are those of Choice."""
    is_slow = _estimated_seconds(model, encoded, chain, marginals) > LOADING_SECONDS
    return (is_slow or len(encoded.words) > SMALL_TOKENS) and _numba_is_there()


@cache
def _numba_is_there() -> bool:
    """Whether Numba is installed; without it NumPy labels everything. Any other problem is left to the kernels."""
    try:
        from rnncli import kernels  # noqa: F401  here, because it loads Numba
    except MissingLibraryError:
        return False
    except UsageError:
        pass
    return True


def _are_worth_loading(seconds: float) -> bool:
    """Tell whether loading the kernels takes no longer than NumPy's work of so many seconds."""
    if seconds < LOADING_SECONDS:
        return False
    try:
        from rnncli.kernels.cache import is_empty  # here, because it loads Numba
    except UsageError:  # the address space is too small for it
        return False
    return seconds > COMPILING_SECONDS or not is_empty()


def _estimated_seconds(model: Model, encoded: Encoded, chain: Chain | None, marginals: bool) -> float:
    """About how many seconds NumPy takes.

    The numbers were fitted by hand to the processor time of networks of all cells, with 16 to 512 units in one to
    three layers and 10 to 1,600 tags. The estimate is right within a factor of 1.5: see benchmarks/latency.json.
    """
    spec = model.network_spec
    tags = len(model.tags)
    moves = tags if chain is None or isinstance(chain.transitions, Rule) else tags**2
    weights = sum(row.size for row in model.parameters.rows if row.is_weight)
    per_token = 5e-6 + 4e-6 * spec.gates * spec.layers * spec.architecture.directions + 4e-11 * weights
    if spec.architecture.keeps_output:
        per_token += 7e-6
    if chain is not None:
        per_token += 5e-6 + 2e-9 * moves
    if marginals:
        # Arrays of moves in float64 that no longer fit into the cache take four times as long.
        per_token += 12e-6 + (3e-9 if moves < 1 << 17 else 13e-9) * moves
    per_sentence = 60e-6
    return per_sentence * len(encoded.lengths) + per_token * len(encoded.words)
