"""A trained network with its vocabulary, tags and provenance; prediction; safe, atomic ``.npz`` files."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import archive
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import inputs
from rnncli.data.batch import Encoded, Longs, by_length, pack
from rnncli.data.tags import SCHEMES
from rnncli.data.tokenize import TOKENIZERS
from rnncli.data.vocabulary import Vocabulary
from rnncli.errors import ModelError
from rnncli.network import parameters as network_parameters
from rnncli.network import reference
from rnncli.network.parameters import Parameters

FORMAT = 1
# Up to here NumPy is done before Numba is loaded.
SHORT_TEXT_TOKENS = 2_000
BATCH_TOKENS = 4_096


class Prediction(NamedTuple):
    """For every token of :class:`Encoded` the number of its likeliest tag, and the probability of that tag."""

    tags: NDArray[np.int32]  # (N,)
    probabilities: NDArray[np.float32]  # (N,)


@dataclass
class Model:
    """Everything that is needed to label text."""

    network: NetworkSpec
    training: TrainingSpec
    tokenizer: str
    scheme: str
    tags: list[str]
    vocabulary: Vocabulary
    parameters: Parameters
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def untrained(
        cls,
        network: NetworkSpec,
        training: TrainingSpec,
        vocabulary: Vocabulary,
        tags: list[str],
        tokenizer: str,
        scheme: str,
    ) -> "Model":
        """Make a model with freshly drawn parameters, from the seed of ``training``."""
        rows = network_parameters.table(network, len(vocabulary), len(tags))
        parameters = Parameters(rows).initialise(np.random.default_rng([training.seed, 0]))
        return cls(network, training, tokenizer, scheme, tags, vocabulary, parameters)

    def encode(self, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]] = ()) -> Encoded:
        """Turn tokens, and tags where given, into numbers."""
        numbers = {tag: number for number, tag in enumerate(self.tags)}
        return inputs.encode(sentences, self.vocabulary, tags, numbers)

    def trace(self, tokens: Sequence[str]) -> reference.Trace:
        """Run the network over one sentence and keep its hidden layers; plain NumPy."""
        return reference.forward(self.network, self.parameters, self.encode([tokens]).words)

    def predict(self, encoded: Encoded, threads: int = 1) -> Prediction:
        """Label sentences: a handful in NumPy, more with the kernels, in batches of like length."""
        count = len(encoded.words)
        result = Prediction(np.empty(count, np.int32), np.empty(count, np.float32))
        if count <= SHORT_TEXT_TOKENS:
            self._predict_by_reference(encoded, result)
        else:
            self._predict_by_kernels(encoded, result, threads)
        return result

    def _predict_by_reference(self, encoded: Encoded, result: Prediction) -> None:
        for start, end in zip(encoded.starts[:-1], encoded.starts[1:], strict=True):
            if start < end:
                y = reference.forward(self.network, self.parameters, encoded.words[start:end]).y
                result.tags[start:end] = y.argmax(axis=1)
                result.probabilities[start:end] = y.max(axis=1)

    def _predict_by_kernels(self, encoded: Encoded, result: Prediction, threads: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        from rnncli.network import forward  # here, because it loads Numba

        turned = forward.transposed(self.parameters)

        def label(sentences: Longs) -> None:
            batch = pack(encoded.starts, sentences)
            words = encoded.words[batch.positions]
            tags, probabilities = forward.label(self.network, self.parameters, words, batch.offsets, turned)
            result.tags[batch.positions] = tags
            result.probabilities[batch.positions] = probabilities

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(label, by_length(encoded, BATCH_TOKENS)))

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
            "words": len(self.vocabulary),
            "provenance": self.provenance,
        }
        arrays = {"words": archive.text_array("\n".join(self.vocabulary.words))}
        arrays |= {f"parameters/{name}": array for name, array in self.parameters.items()}
        return archive.write(Path(path), header, arrays)


def load(path: Path | str) -> Model:
    """Read a model file. Nothing in it is executed; what is damaged, hostile or newer is a :class:`ModelError`."""
    return archive.read(Path(path), _build)


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
    tags, count = header["tags"], header["words"]
    if not _are_texts(tags) or not tags or len(set(tags)) != len(tags):
        raise ModelError("the list of tags is damaged")
    if header["tokenizer"] not in TOKENIZERS or header["scheme"] not in SCHEMES:
        raise ModelError("its tokenizer or its tag scheme is not known", hint="upgrade rnncli")
    if type(count) is not int or count < 1:
        raise ModelError("the number of words is damaged")
    rows = network_parameters.table(spec, count, len(tags))
    expected = {"words.npy", *(f"parameters/{row.name}.npy" for row in rows)}
    if file.files != expected:
        odd = ", ".join(sorted(file.files ^ expected))
        raise ModelError(f"members do not fit the header: {odd[:200]}")
    if not all(file.holds(f"parameters/{row.name}", row.shape) for row in rows):
        raise ModelError("a member is smaller than the shape that the header gives it")
    provenance = header["provenance"]
    if not isinstance(provenance, dict) or not _are_texts(provenance.get("examples", [])):
        raise ModelError("its provenance is damaged")
    text = file.text("words")
    words = text.split("\n") if text else []
    if len(words) + 1 != count or len(set(words)) != len(words):
        raise ModelError("the vocabulary does not fit the header")
    arrays = {row.name: file.array(f"parameters/{row.name}", row.shape) for row in rows}
    return Model(
        spec,
        TrainingSpec.from_mapping(header["training"]),
        header["tokenizer"],
        header["scheme"],
        tags,
        Vocabulary(words),
        Parameters(rows).assign(arrays),
        provenance,
    )
