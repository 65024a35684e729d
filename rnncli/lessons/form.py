"""The settings of a training to watch: for each its default, its bounds and what it means.

The table has the form of JSON Schema, so that a page, the service and its description read the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, get_args

from rnncli.config import ARCHITECTURES, CELLS, Activation, NetworkSpec, TrainingSpec
from rnncli.data.examples import BOOKING_PAIR
from rnncli.lessons.architectures import NETWORKS, SENTENCES, SETTINGS

_NETWORK = NETWORKS["elman"]  # whose values are the defaults

TEXT: Mapping[str, Any] = {"type": "string", "maxLength": 1_000}
FORM: Mapping[str, Mapping[str, Any]] = {
    "arch": {
        "type": "string",
        "enum": list(ARCHITECTURES),
        "default": _NETWORK.arch,
        "description": "What the network keeps in memory, and in which direction it reads.",
    },
    "cell": {
        "type": "string",
        "enum": list(CELLS),
        "default": _NETWORK.cell,
        "description": "Type of the hidden units; only elman and bidirectional have others than simple ones.",
    },
    "hidden": {
        "type": "integer",
        "minimum": 1,
        "maximum": 128,
        "default": _NETWORK.hidden,
        "description": "Hidden units of each layer and direction.",
    },
    "layers": {
        "type": "integer",
        "minimum": 1,
        "maximum": 4,
        "default": _NETWORK.layers,
        "description": "Hidden layers.",
    },
    "activation": {
        "type": "string",
        "enum": list(get_args(Activation)),
        "default": _NETWORK.activation,
        "description": "φ of simple hidden units.",
    },
    "learning_rate": {
        "type": "number",
        "minimum": 0.0001,
        "maximum": 1,
        "default": SETTINGS.learning_rate,
        "description": "Peak learning rate.",
    },
    "epochs": {
        "type": "integer",
        "minimum": 1,
        "maximum": 50,
        "default": SETTINGS.epochs,
        "description": "Passes over the sentences.",
    },
    "clip": {
        "type": "number",
        "minimum": 0,
        "maximum": 1_000,
        "default": SETTINGS.clip,
        "description": "Largest norm of a gradient; 0 is no limit.",
    },
    "sentences": {
        "type": "integer",
        "minimum": 50,
        "maximum": SENTENCES,
        "default": SENTENCES,
        "description": "The first sentences of the bundled corpus.",
    },
    "texts": {
        "type": "array",
        "items": TEXT,
        "maxItems": 4,
        "default": BOOKING_PAIR,
        "description": "Examples that are labelled after every epoch.",
    },
}


class Chosen(NamedTuple):
    """What to train: ``sentences`` is their number."""

    network: NetworkSpec
    settings: TrainingSpec
    sentences: int
    texts: list[str]


def chosen(values: Mapping[str, Any]) -> Chosen:
    """The training of values within the bounds of :data:`FORM`; UsageError for some that do not go together."""
    given = {name: values.get(name, setting["default"]) for name, setting in FORM.items()}
    network = replace(
        _NETWORK, **{name: given[name] for name in ("arch", "cell", "hidden", "layers", "activation")}
    )
    settings = replace(
        SETTINGS,
        learning_rate=float(given["learning_rate"]),
        epochs=given["epochs"],
        clip=float(given["clip"]),
    )
    return Chosen(network, settings, given["sentences"], list(given["texts"]))
