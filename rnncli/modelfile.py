"""Save and load a model: an ``.npz`` of one JSON header and named arrays, checked completely when it is read.

The format is described in docs/format.md; :mod:`rnncli.archive` reads and writes the container.
"""

import dataclasses
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnncli import archive, arguments
from rnncli.config import NetworkSpec, TrainingSpec, is_tokenizer
from rnncli.data.inputs import Inputs, InputTable, input_lists
from rnncli.data.tags import Scheme
from rnncli.errors import ModelError, UsageError
from rnncli.model import Model
from rnncli.parameters import Parameters, table

FORMAT = 2
UPGRADE = "upgrade rnncli"

# Fields of NetworkSpec that have another key in a header, and so have the values of one.
_KEYS = {"features": "input", "decoder": "output", "transitions": "decoding"}
_TRANSITIONS = {"auto": "auto", "any": "free", "legal": "constrained"}


def network_header(spec: NetworkSpec) -> dict[str, Any]:
    """The settings of a network with the keys and values that headers and JSON have."""
    values = dataclasses.asdict(spec) | {"transitions": _TRANSITIONS[spec.transitions]}
    return {_KEYS.get(name, name): value for name, value in values.items()}


def save(model: Model, path: Path | str) -> str:
    """Write a model, whole or not at all; return the SHA-256 of the file."""
    arguments.instance("model", model, Model)
    path = Path(arguments.path("path", path))
    if not model.parameters.is_finite():
        raise ModelError("not saved: a weight is not a finite number", where=str(path))
    network = network_header(model.network_spec)
    if network["digits"] == "zero":  # as in models of versions without this setting
        del network["digits"]
    header = {
        "format": FORMAT,
        "network": network,
        "training": dataclasses.asdict(model.training_spec),
        "tokenizer": model.tokenizer,
        "scheme": model.scheme.text,
        "tags": model.tags,
        "inputs": [list(row) for row in model.inputs.tables],
        "provenance": model.provenance,
    }
    if model.divided:
        header["divided"] = model.divided
    arrays = {name: archive.text_array("\n".join(words)) for name, words in model.inputs.lists().items()}
    arrays |= {f"parameters/{name}": array for name, array in model.parameters.items()}
    return archive.write(path, header, arrays)


def load(path: Path | str) -> Model:
    """Read a model file. Nothing in it is executed; a damaged, hostile or newer file is a :class:`.ModelError`."""
    return archive.read(Path(arguments.path("model", path)), _build)


def _read_network(header: Any) -> NetworkSpec:
    """The settings of the network. All of them can change labels, so an unknown one is an error."""
    names = {_KEYS.get(item.name, item.name): item.name for item in dataclasses.fields(NetworkSpec)}
    transitions = {stored: value for value, stored in _TRANSITIONS.items()}
    values: dict[str, Any] = {}
    for key in header:
        value = header[key]
        if key not in names:
            raise ModelError(f'unknown setting "{key}"', hint=UPGRADE)
        if key == "decoding" and value not in transitions:
            raise ModelError(f'decoding: "{value}" is not one of its values', hint=UPGRADE)
        values[names[key]] = transitions[value] if key == "decoding" else value
    try:
        spec = NetworkSpec(**({"digits": "zero"} | values))
    except UsageError as error:
        raise ModelError(error.message, hint=UPGRADE) from error
    if "auto" in (spec.cell, spec.features, spec.digits, spec.transitions):
        raise ModelError("its network is not settled")
    return spec


def _read_training(header: Any) -> TrainingSpec:
    """The settings of training that this version knows. None of them can change a label, so others are ignored."""
    if not isinstance(header, dict):
        raise ModelError("its training settings are damaged")
    known = {}
    for item in dataclasses.fields(TrainingSpec):
        with suppress(KeyError, UsageError):  # missing, or a value that only a newer version knows
            value = header[item.name]
            TrainingSpec(**{item.name: value})
            known[item.name] = value
    return TrainingSpec(**known)


def _read_tables(spec: NetworkSpec, header: Any) -> list[InputTable]:
    """The tables of the inputs with their sizes; their names and order must be those of the network's inputs."""
    tables = []
    for name, rows, width in header:
        if [type(value) for value in (name, rows, width)] != [str, int, int] or rows < 0 or width < 1:
            raise ModelError("the sizes of its inputs are damaged")
        tables.append(InputTable(name, rows, width))
    columns = sum(part.name.startswith("column") for part in tables)
    expected = [name for name in spec.inputs if name != "columns"]
    if "columns" in spec.inputs:
        expected += [f"column{number}" for number in range(1, columns + 1)]
    fits = all(part.width == spec.product for part in tables if part.name == "onehot")
    if [part.name for part in tables] != expected or not fits:
        raise ModelError("its inputs do not fit its network")
    return tables


def _read_scheme(header: Any) -> Scheme:
    try:
        return Scheme.read(header)
    except UsageError as error:
        raise ModelError(error.message, hint=UPGRADE) from error


def _read_list(file: archive.Members, name: str) -> list[str]:
    text = file.text(name)
    words = text.split("\n") if text else []
    if len(set(words)) != len(words):
        raise ModelError(f"the list {name} names a text twice")
    return words


def _are_texts(value: Any) -> bool:
    """Tell whether a value of the header is a list of texts that can be encoded as UTF-8."""
    return isinstance(value, list) and all(isinstance(text, str) and _is_utf8(text) for text in value)


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _build(file: archive.Members) -> Model:
    header = file.header
    if header.get("kind") == "checkpoint":
        raise ModelError("the checkpoint of a training, not a model", hint="rnncli train --resume goes on from it")
    number = header.get("format")
    if type(number) is not int or number != FORMAT:
        hint = UPGRADE if type(number) is int and number > FORMAT else "train it again with this version"
        raise ModelError(f"format {number!r} is not known; this version reads format {FORMAT}", hint=hint)
    spec = _read_network(header["network"])
    tags = header["tags"]
    divided = header.get("divided", [])
    if not _are_texts(divided):
        raise ModelError("the list of divided words is damaged")
    if not _are_texts(tags) or not tags or len(set(tags)) != len(tags):
        raise ModelError("the list of tags is damaged")
    if not is_tokenizer(header["tokenizer"]):
        raise ModelError("its tokenizer is not known", hint=UPGRADE)
    tables = _read_tables(spec, header["inputs"])
    rows = table(spec, tables, len(tags))
    lists = input_lists(part.name for part in tables)
    expected = {f"{name}.npy" for name in (*lists, *(f"parameters/{row.name}" for row in rows))}
    if file.files != expected:
        names = ", ".join(sorted(file.files ^ expected))
        raise ModelError(f"members do not fit the header: {names[:200]}")
    if not all(file.holds(f"parameters/{row.name}", row.shape) for row in rows):
        raise ModelError("a member is smaller than the shape that the header gives it")
    provenance = header["provenance"]
    if not isinstance(provenance, dict) or not _are_texts(provenance.get("examples", [])):
        raise ModelError("its provenance is damaged")
    widths = {part.name: part.width for part in tables}
    inputs = Inputs.from_lists(widths, {name: _read_list(file, name) for name in lists}, spec.digits)
    if inputs.tables != tables:
        raise ModelError("the vocabularies do not fit the header")
    arrays = {row.name: file.array(f"parameters/{row.name}", row.shape) for row in rows}
    return Model(
        spec,
        _read_training(header["training"]),
        header["tokenizer"],
        _read_scheme(header["scheme"]),
        tags,
        inputs,
        Parameters(rows).assign(arrays),
        provenance,
        divided,
    )
