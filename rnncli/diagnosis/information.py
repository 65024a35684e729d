"""What a model file holds: the network, its sizes, tags and inputs, and what the file says of its training."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from rnncli import modelfile
from rnncli.diagnosis.provenance import Provenance
from rnncli.model import Model

VERSION = 1  # of the JSON
_FLOAT = 4  # bytes


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Information(NamedTuple):
    """What a model file holds."""

    sha256: str
    size: int  # bytes of the file
    model: Model
    provenance: Provenance

    @classmethod
    def read(cls, path: Path) -> "Information":
        """Open a model; the errors are those of :func:`.modelfile.load`."""
        model = modelfile.load(path)
        return cls(sha256_of(path), path.stat().st_size, model, Provenance.read(model.provenance))

    @property
    def format(self) -> int:
        """The number of the format."""
        return modelfile.format_of(self.model)

    @property
    def weights(self) -> int:
        """How many weights there are."""
        return int(self.model.parameters.flat.size)

    @property
    def memory(self) -> int:
        """Bytes of all weights, and of the copy of the matrices that the kernels multiply by."""
        copied = sum(row.size for row in self.model.parameters.rows if row.is_weight)
        return _FLOAT * (self.weights + copied)

    @property
    def types(self) -> list[str]:
        """The types of spans, in the order of the tags; of plain tags none."""
        scheme = self.model.scheme
        if not scheme.has_spans:
            return []
        return list(dict.fromkeys(kind for kind in map(scheme.type_of, self.model.tags) if kind is not None))

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli info``."""
        model = self.model
        stored = self.provenance
        return {
            "version": VERSION,
            "sha256": self.sha256,
            "bytes": self.size,
            "format": self.format,
            "rnncli": stored.rnncli,
            "description": model.network_spec.description,
            "network": modelfile.network_header(model.network_spec),
            "weights": self.weights,
            "memory": self.memory,
            "parameters": [{"name": row.name, "shape": row.shape} for row in model.parameters.rows],
            "inputs": [table._asdict() for table in model.inputs.tables],
            "words": len(model.inputs.words) - 1,  # without the unknown word
            "tags": model.tags,
            "types": self.types,
            "scheme": model.scheme.text,
            "tokenizer": model.tokenizer,
            "training": dataclasses.asdict(model.training_spec),
            "data": {"sha256": stored.data_sha256, "sentences": stored.sentences, "tokens": stored.tokens},
            "epochs": stored.epochs,
            "best_epoch": stored.best_epoch,
            "metric": stored.metric,
            "dev": stored.dev and stored.dev.as_dict(),
            "refit": stored.refit and stored.refit._asdict(),
            "distilled": stored.distilled and stored.distilled._asdict(),
            "examples": stored.examples,
        }
