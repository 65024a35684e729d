"""Makes the models of this folder, and writes the tags that each gives.

    PYTHONPATH=tests python tests/golden/make.py

A file that is there is left as it is: files of this folder never change, because every later version has to load
them and to give the same tags. To add one, add a row to KINDS. The weights are drawn and not trained, so that every
tag occurs in a few tokens.

``format1.npz`` was written by a version that knew format 1 alone. Later versions refuse it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from test_golden import labelled

from rnncli import modelfile
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.inputs import Inputs
from rnncli.data.tags import Scheme
from rnncli.export.half import halved
from rnncli.model import Model

FOLDER = Path(__file__).parent
TAGS = {
    "plain": ["N", "V", "X"],
    "io o": ["o", "city", "day"],
    "IOB2": ["O", "B-city", "I-city", "B-day", "I-day"],
    "IOB1": ["O", "I-city", "B-city", "I-day"],
    "IOE1 Ix O": ["O", "Icity", "Ecity", "Iday"],
    "IOBES": ["O", "B-city", "I-city", "E-city", "S-city", "S-day"],
    "BILOU x_B O": ["O", "city_B", "city_I", "city_L", "city_U", "day_U"],
    "BMES": ["O", "B-nr", "M-nr", "E-nr", "S-nr"],
}
LETTERS = list("aeit0")
WORDS = [
    "leave",
    "Taipei",
    "for",
    "on",
    "May",
    "0nd",
    "0:00",
    "don't",
    "l'hôtel",
    "$0.00",
    "well-known",
    "我爱",
    "北京",
]
LISTS = {
    "words": [*WORDS, *LETTERS],
    "ngram": ["=x", "=Xx", "<t", "<ta", "tai", "i>", "<m", "0", "=0x", "<0", "<l'"],
    "vectors": ["leave", "taipei", "May", "0nd", "北京"],
    "column1": ["VB", "NN", "CD", "x\u0301"],
    "column2": ["a", "b"],
}
# Of weights by the last part of their name, so that tags depend on the token more than on the tag before.
SCALES = {"A": 0.2, "first": 0.2, "last": 0.2, "c": 0.2, "W": 0.3, "Wy": 2, "V": 3}
# Names of files, and what differs from a small Elman network with the part embedding.
KINDS: dict[str, dict[str, Any]] = {
    "format2-fnn": {
        "arch": "fnn",
        "window": 2,
        "activation": "relu",
        "decoder": "softmax",
        "tokenizer": "whitespace",
    },
    "format2-elman": {"features": "embedding+ngram", "transitions": "legal", "scheme": "IOB2"},
    "format2-elman-lstm": {"cell": "lstm", "layers": 2, "window": 0, "transitions": "legal", "scheme": "IOB1"},
    "format2-elman-gru": {
        "cell": "gru",
        "features": "onehot+ngram",
        "tokenizer": "words+amounts",
        "scheme": "io o",
    },
    "format2-jordan": {"arch": "jordan", "decoder": "softmax", "transitions": "legal", "scheme": "IOE1 Ix O"},
    "format2-hybrid": {"arch": "hybrid", "layers": 2, "tokenizer": "words+compounds"},
    "format2-bidirectional": {
        "arch": "bidirectional",
        "transitions": "legal",
        "scheme": "IOBES",
        "tokenizer": "words+elisions",
    },
    "format2-bidirectional-lstm": {
        "arch": "bidirectional",
        "cell": "lstm",
        "features": "embedding+ngram+vectors+columns",
        "transitions": "legal",
        "scheme": "BILOU x_B O",
        "tokenizer": "words+contractions",
    },
    "format2-bidirectional-gru": {
        "arch": "bidirectional",
        "cell": "gru",
        "layers": 2,
        "features": "onehot",
        "digits": "keep",
        "transitions": "legal",
        "scheme": "BMES",
        "tokenizer": "characters",
    },
    "format2-lexicon": {"activation": "sigmoid", "tokenizer": "words+lexicon", "divided": ["我爱"]},
    "format2-words-characters": {
        "tokenizer": "words+characters+contractions+elisions+amounts+compounds",
        "digits": "keep",
    },
    # As versions before these settings wrote it, and as a later version may.
    "format2-training": {"training": {"epochs": 3, "optimiser": "lion", "seed": 7}},
    "format3-added": {
        "arch": "bidirectional",
        "cell": "lstm",
        "neighbours": "added",
        "features": "embedding+ngram+vectors",
        "transitions": "legal",
        "scheme": "IOB2",
    },
    "format3-added-onehot": {
        "cell": "gru",
        "layers": 2,
        "window": 2,
        "neighbours": "added",
        "features": "onehot+columns",
    },
    "format4-half": {
        "arch": "bidirectional",
        "cell": "lstm",
        "features": "embedding+ngram",
        "transitions": "legal",
        "scheme": "IOB2",
        "half": True,
    },
}


def model(
    scheme: str = "plain",
    tokenizer: str = "words",
    divided: tuple[str, ...] = (),
    training: dict[str, Any] | None = None,
    half: bool = False,
    **network: Any,
) -> Model:
    """A small model whose weights are drawn."""
    settled = {"arch": "elman", "cell": "simple", "hidden": 3, "features": "embedding", "digits": "zero"}
    spec = NetworkSpec(**(settled | {"neighbours": "joined", "transitions": "any"} | network))
    widths = {"embedding": 4, "onehot": spec.product, "ngram": 3, "vectors": 4, "column1": 2, "column2": 1}
    names = [name for name in widths if name in spec.inputs or ("columns" in spec.inputs and "column" in name)]
    inputs = Inputs.from_lists({name: widths[name] for name in names}, LISTS, spec.digits)
    made = Model.untrained(spec, TrainingSpec(), inputs, TAGS[scheme], tokenizer, Scheme.read(scheme))
    rng = np.random.default_rng(1)
    for name, array in made.parameters.items():
        array[...] = rng.standard_normal(array.shape) * SCALES.get(name.split("/")[-1], 1)
    made.provenance = {
        "rnncli": "0.1.0",
        "dev": {"f1": 0.5, "per_type": {"city": {"f1": None}}},
        "examples": ["leave Taipei"],
    }
    made.divided = list(divided)
    if training is not None:
        made.stored_training = training
        made.training_spec = TrainingSpec(epochs=training["epochs"], seed=training["seed"])
    return halved(made, "0" * 64) if half else made


def main() -> None:
    """Write what is missing."""
    path = FOLDER / "expected.json"
    expected = json.loads(path.read_text("utf-8"))
    for name, options in KINDS.items():
        file = f"{name}.npz"
        if not (FOLDER / file).exists():
            modelfile.save(model(**options), FOLDER / file)
            expected[file] = labelled(modelfile.load(FOLDER / file), kernels=False)
    lines = ",\n".join(
        f" {json.dumps(file)}: [\n  " + ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n ]"
        for file, rows in expected.items()
    )
    path.write_text(f"{{\n{lines}\n}}\n", "utf-8")
    sys.stdout.write(f"{len(expected)} files\n")


if __name__ == "__main__":
    main()
