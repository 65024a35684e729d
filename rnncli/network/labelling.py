"""Threads that label sentences with the kernels, each of them a packed batch after the other."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from rnncli.config import NetworkSpec
from rnncli.data.batch import Encoded, Longs, pack
from rnncli.network import output
from rnncli.network.arena import Arena
from rnncli.network.decoding import Chain
from rnncli.network.parameters import Array, Parameters
from rnncli.threads import count_threads


class Labellers:
    """Some threads, that all label with one network."""

    def __init__(
        self, spec: NetworkSpec, parameters: Parameters, by: Chain | None, threads: int, with_probabilities: bool
    ) -> None:
        """Begin; the arguments are those of :func:`rnncli.network.output.label`."""
        self._spec, self._parameters, self._turned = spec, parameters, parameters.transposed()
        self._by, self._with_probabilities = by, with_probabilities
        threads = count_threads(threads)
        self._rooms = [Arena() for _ in range(threads)]
        self._pool = ThreadPoolExecutor(threads)

    def start(
        self, encoded: Encoded, batches: Sequence[Longs], tags: Array, probabilities: Array
    ) -> list[Future[None]]:
        """Have sentences labelled, batch by batch; tags and probabilities (N,) are OUT, once all parts are done."""
        return [self._pool.submit(self._label, encoded, batch, tags, probabilities) for batch in batches]

    def _label(self, encoded: Encoded, sentences: Longs, tags: Array, probabilities: Array) -> None:
        packed, arena = pack(encoded.starts, sentences), self._rooms.pop()
        arena.clear()
        found = output.label(
            self._spec,
            self._parameters,
            encoded.batch(packed),
            self._turned,
            self._by,
            self._with_probabilities,
            arena,
        )
        tags[packed.positions], probabilities[packed.positions] = found
        self._rooms.append(arena)

    def dismiss(self) -> None:
        """Send the threads home; what is not begun is dropped."""
        self._pool.shutdown(cancel_futures=True)
