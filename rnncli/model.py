"""A trained network with its vocabulary, tags and provenance; prediction; safe, atomic ``.npz`` files."""

import dataclasses
import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import archive
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.batch import Batch, Encoded, Longs, by_length, pack
from rnncli.data.inputs import Columns, Inputs, input_lists
from rnncli.data.tags import SCHEMES, moves
from rnncli.data.tokenize import TOKENIZERS
from rnncli.errors import ModelError
from rnncli.network import chain, decoding, reference
from rnncli.network import parameters as network_parameters
from rnncli.network.decoding import Chain
from rnncli.network.parameters import Array, Input, Parameters

if TYPE_CHECKING:
    from concurrent.futures import Future

    from rnncli.network.labelling import Labellers

FORMAT = 2
# Up to here NumPy is done before Numba is loaded.
SHORT_TEXT_TOKENS = 2_000
BATCH_TOKENS = 2_048


class Prediction(NamedTuple):
    """For every token of :class:`Encoded` the number of the tag it is given, and the probability of that tag."""

    tags: NDArray[np.int32]  # (N,)
    probabilities: NDArray[np.float32]  # (N,); NaN where they were not asked for


@dataclass
class Model:
    """Everything that is needed to label text."""

    network: NetworkSpec
    training: TrainingSpec
    tokenizer: str
    scheme: str
    tags: list[str]
    inputs: Inputs
    parameters: Parameters
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def untrained(
        cls,
        network: NetworkSpec,
        training: TrainingSpec,
        inputs: Inputs,
        tags: list[str],
        tokenizer: str,
        scheme: str,
    ) -> "Model":
        """Make a model with freshly drawn parameters, from the seed of ``training``."""
        rows = network_parameters.table(network, _tables(inputs), len(tags), training.recurrent_init)
        parameters = Parameters(rows).initialise(np.random.default_rng([training.seed, 0]))
        return cls(network, training, tokenizer, scheme, tags, inputs, parameters)

    def encode(
        self,
        sentences: Sequence[Sequence[str]],
        columns: Columns | None = None,
        tags: Sequence[Sequence[str]] = (),
    ) -> Encoded:
        """Turn tokens, the columns beside them where the model reads any, and tags where given, into numbers."""
        numbers = {tag: number for number, tag in enumerate(self.tags)}
        return self.inputs.encode(sentences, columns, tags, numbers)

    @cached_property
    def allowed(self) -> Chain | None:
        """The moves that decoding keeps to; ``None`` for any."""
        if self.network.decoding == "free" or self.scheme == "plain":
            return None
        first, follow, last = moves(self.tags, self.scheme)
        return Chain(follow, first, last)

    def trace(self, encoded: Encoded, sentence: int = 0) -> reference.Trace:
        """Run the network over one of the sentences and keep its hidden layers; plain NumPy."""
        return reference.forward(self.network, self.parameters, alone(encoded, sentence))

    def chain(self) -> Chain | None:
        """What decoding goes by, ``None`` if each token is decided by itself."""
        return decoding.chain(self.network, self.parameters, self.allowed)

    def predict(self, encoded: Encoded, threads: int = 1, with_probabilities: bool = True) -> Prediction:
        """Label sentences: a handful in NumPy, more with the kernels, in batches of like length."""
        return next(self.predictions([encoded], threads, with_probabilities))

    def predictions(
        self, blocks: Iterable[Encoded], threads: int = 1, with_probabilities: bool = True, ahead: int = 0
    ) -> Iterator[Prediction]:
        """Label blocks of sentences, one after the other; what is said of one may take as many more as ``ahead``.

        The caller's thread reads them, and writes what it is given, while others are at work on those ahead.
        """
        waiting: deque[tuple[Prediction, Sequence[Future[None]]]] = deque()
        labellers: Labellers | None = None

        def finished() -> Prediction:
            result, parts = waiting.popleft()
            for part in parts:
                part.result()
            return result

        try:
            for encoded in blocks:
                count = len(encoded.words)
                result = Prediction(np.empty(count, np.int32), np.full(count, np.nan, np.float32))
                parts: Sequence[Future[None]] = ()
                if count <= SHORT_TEXT_TOKENS:
                    self._predict_by_reference(encoded, result)
                else:
                    labellers = labellers or self._labellers(threads, with_probabilities)
                    parts = labellers.start(encoded, list(by_length(encoded, BATCH_TOKENS)), *result)
                waiting.append((result, parts))
                if len(waiting) > ahead:
                    yield finished()
            while waiting:
                yield finished()
        finally:
            if labellers:
                labellers.dismiss()

    def _labellers(self, threads: int, with_probabilities: bool) -> "Labellers":
        from rnncli.network.labelling import Labellers  # here, because it loads Numba

        return Labellers(self.network, self.parameters, self.chain(), threads, with_probabilities)

    def decide(self, trace: reference.Trace) -> tuple[NDArray[np.int32], Array]:
        """The tags of a trace, (T,), and the probabilities that the network gives all tags, (T, K); plain NumPy.

        The probabilities are the marginals of a CRF, else ŷ. S sentences side by side: (T, S) and (T, S, K).
        """
        by, own = self.chain(), decoding.learned(self.network, self.parameters)
        tags = trace.o.argmax(axis=-1).astype(np.int32) if by is None else chain.viterbi(trace.o, *by)
        return tags, chain.marginals(trace.o, *own) if self.network.output == "crf" else trace.y

    def _predict_by_reference(self, encoded: Encoded, result: Prediction) -> None:
        for number, (start, end) in enumerate(itertools.pairwise(encoded.starts)):
            if start < end:
                tags, y = self.decide(self.trace(encoded, number))
                result.tags[start:end] = tags
                result.probabilities[start:end] = y[np.arange(len(tags)), tags]

    def states(self, encoded: Encoded) -> Iterator[tuple[Longs, list[Array], Array]]:
        """Run the network over sentences and give, batch by batch, what it had in its units.

        For n tokens: their positions in ``encoded`` (n,), each layer's h (n, R·H), and (n, K) the output, which is
        ŷ where it is fed back. A handful of sentences is done in NumPy, more with the kernels.
        """
        if len(encoded.words) <= SHORT_TEXT_TOKENS:
            for number, (start, end) in enumerate(itertools.pairwise(encoded.starts.tolist())):
                if start < end:
                    trace = self.trace(encoded, number)
                    yield np.arange(start, end), trace.h, trace.y
            return
        from rnncli.network import forward

        turned = self.parameters.transposed()
        for sentences in by_length(encoded, BATCH_TOKENS):
            packed = pack(encoded.starts, sentences)
            run = forward.forward(self.network, self.parameters, encoded.batch(packed), turned=turned)
            yield packed.positions, [layer.h for layer in run.layers], run.o

    def nbest(self, encoded: Encoded, sentence: int, count: int) -> list[tuple[list[int], float]]:
        """The ``count`` likeliest sequences of tags of one sentence, best first, each with its probability.

        Fewer where there are fewer. With softmax outputs the probability is the product of those of its tags.
        """
        trace, own = self.trace(encoded, sentence), decoding.learned(self.network, self.parameters)
        is_crf = self.network.output == "crf"
        o = trace.o if is_crf else decoding.log(trace.y)
        total = chain.log_partition(o, *own) if is_crf else 0.0
        found = chain.nbest(o, *(self.chain() or own), count)
        # After the last allowed sequence come those with a forbidden move; the first is given whatever it is.
        kept = [row for n, row in enumerate(found) if n == 0 or row[1] > found[0][1] + decoding.FORBIDDEN / 2]
        return [(tags.tolist(), math.exp(chain.path_score(tags, o, *own) - total)) for tags, _ in kept]

    def save(self, path: Path | str) -> str:
        """Write the model, whole or not at all; return the SHA-256 of the file."""
        if not self.parameters.is_finite():
            raise ModelError("not saved: a weight is not a finite number", where=str(path))
        header = {
            "format": FORMAT,
            "network": dataclasses.asdict(self.network),
            "training": dataclasses.asdict(self.training),
            "tokenizer": self.tokenizer,
            "scheme": self.scheme,
            "tags": self.tags,
            "inputs": [list(table) for table in _tables(self.inputs)],
            "provenance": self.provenance,
        }
        arrays = {name: archive.text_array("\n".join(words)) for name, words in self.inputs.lists().items()}
        arrays |= {f"parameters/{name}": array for name, array in self.parameters.items()}
        return archive.write(Path(path), header, arrays)


def _tables(inputs: Inputs) -> list[Input]:
    return [Input(part.name, len(part.features), part.width) for part in inputs.parts]


def alone(encoded: Encoded, sentence: int) -> Batch:
    """One sentence as a batch of its own."""
    return encoded.batch(pack(encoded.starts, np.array([sentence])))


def load(path: Path | str) -> Model:
    """Read a model file. Nothing in it is executed; what is damaged, hostile or newer is a :class:`ModelError`."""
    return archive.read(Path(path), _build)


def _read_tables(spec: NetworkSpec, described: Any) -> list[Input]:
    """The tables of the inputs as the header gives them: of known names, in their order, with sizes."""
    found = []
    for name, rows, width in described:
        if [type(each) for each in (name, rows, width)] != [str, int, int] or rows < 0 or width < 1:
            raise ModelError("the sizes of its inputs are damaged")
        found.append(Input(name, rows, width))
    columns = sum(table.name.startswith("column") for table in found)
    wanted = [name for name in spec.inputs if name != "columns"]
    if "columns" in spec.inputs:
        wanted += [f"column{number}" for number in range(1, columns + 1)]
    if [table.name for table in found] != wanted or any(
        t.name == "onehot" and t.width != spec.product for t in found
    ):
        raise ModelError("its inputs do not fit its network")
    return found


def _read_list(file: archive.Reader, name: str) -> list[str]:
    text = file.text(name)
    words = text.split("\n") if text else []
    if len(set(words)) != len(words):
        raise ModelError(f"the list {name} names a text twice")
    return words


def _are_texts(value: Any) -> bool:
    """Tell whether a value of the header is a list of texts that can be shown."""
    return isinstance(value, list) and all(isinstance(text, str) and _is_utf8(text) for text in value)


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _build(file: archive.Reader) -> Model:
    header = file.header
    if type(header.get("format")) is not int or header["format"] != FORMAT:
        message = f"format {header.get('format')!r} is not known; this version reads format {FORMAT}"
        raise ModelError(message, hint="upgrade rnncli")
    spec = NetworkSpec.from_mapping(header["network"])
    if "auto" in (spec.cell, spec.input, spec.decoding):
        raise ModelError("its network is not settled")
    tags = header["tags"]
    if not _are_texts(tags) or not tags or len(set(tags)) != len(tags):
        raise ModelError("the list of tags is damaged")
    if header["tokenizer"] not in TOKENIZERS or header["scheme"] not in SCHEMES:
        raise ModelError("its tokenizer or its tag scheme is not known", hint="upgrade rnncli")
    tables = _read_tables(spec, header["inputs"])
    rows, lists = network_parameters.table(spec, tables, len(tags)), input_lists(table.name for table in tables)
    expected = {f"{name}.npy" for name in (*lists, *(f"parameters/{row.name}" for row in rows))}
    if file.files != expected:
        odd = ", ".join(sorted(file.files ^ expected))
        raise ModelError(f"members do not fit the header: {odd[:200]}")
    if not all(file.holds(f"parameters/{row.name}", row.shape) for row in rows):
        raise ModelError("a member is smaller than the shape that the header gives it")
    provenance = header["provenance"]
    if not isinstance(provenance, dict) or not _are_texts(provenance.get("examples", [])):
        raise ModelError("its provenance is damaged")
    widths = {table.name: table.width for table in tables}
    inputs = Inputs.from_lists(widths, {name: _read_list(file, name) for name in lists})
    if _tables(inputs) != tables:
        raise ModelError("the vocabularies do not fit the header")
    arrays = {row.name: file.array(f"parameters/{row.name}", row.shape) for row in rows}
    return Model(
        spec,
        TrainingSpec.from_mapping(header["training"]),
        header["tokenizer"],
        header["scheme"],
        tags,
        inputs,
        Parameters(rows).assign(arrays),
        provenance,
    )
