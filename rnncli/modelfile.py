"""Save and load a model: an ``.npz`` of one JSON header and named arrays, checked completely when it is read.

The format is described in docs/format.md; :mod:`rnncli.archive` reads and writes the container.
"""

import dataclasses
import re
import reprlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from rnncli import __version__, archive, arguments, resources
from rnncli.config import NetworkSpec, TrainingSpec, is_tokenizer
from rnncli.data import lexicon
from rnncli.data.inputs import OF_WORDS, Inputs, InputTable, input_lists
from rnncli.data.packed import PackedTexts
from rnncli.data.tags import Scheme
from rnncli.errors import ModelError, UsageError
from rnncli.model import Model
from rnncli.parameters import Parameter, Parameters, table

FORMAT = 4
_NEIGHBOURS = 3  # the format of a model whose neighbours are added
# Settings of a network that older versions do not have: the value that means the same, which is not written.
_BEFORE = {"digits": "zero", "neighbours": "joined"}
_OLDEST = 2  # the oldest format that is read; a model whose neighbours are joined is written in it
# Texts, and bytes, of all lists together that become lists of Python; these take about 10 MB.
UNPACKED_TEXTS = 50_000
UNPACKED_BYTES = 2**21

# Fields of NetworkSpec that have another key in a header, and so have the values of one.
_KEYS = {"features": "input", "decoder": "output", "transitions": "decoding"}
_TRANSITIONS = {"auto": "auto", "any": "free", "legal": "constrained"}


def network_header(spec: NetworkSpec) -> dict[str, Any]:
    """The settings of a network with the keys and values that headers and JSON have."""
    values = dataclasses.asdict(spec) | {"transitions": _TRANSITIONS[spec.transitions]}
    return {_KEYS.get(name, name): value for name, value in values.items()}


def _header(model: Model) -> dict[str, Any]:
    """The header of a model's file, without the hashes.

    Settings of training are written as they were read, also those that only another version knows.
    """
    network = network_header(model.network_spec)
    network = {key: value for key, value in network.items() if (key, value) not in _BEFORE.items()}
    stored = model.stored_training
    is_same = stored is not None and _read_training(stored) == model.training_spec
    header = {
        "format": format_of(model),
        "network": network,
        "training": stored if is_same else dataclasses.asdict(model.training_spec),
        "tokenizer": model.tokenizer,
        "scheme": model.scheme.text,
        "tags": model.tags,
        "inputs": [list(row) for row in model.inputs.tables],
        "provenance": model.provenance,
    }
    if model.divided:
        header["divided"] = model.divided
    return header


def format_of(model: Model) -> int:
    """The number of the format of a model's file."""
    if is_half(model):
        return FORMAT
    return _NEIGHBOURS if model.network_spec.neighbours != _BEFORE["neighbours"] else _OLDEST


def is_half(model: Model) -> bool:
    """Whether the weights are stored as float16: they were made so, and were not changed since."""
    flat = model.parameters.flat
    with np.errstate(over="ignore"):
        return model.half and bool(np.array_equal(flat.astype(np.float16), flat))


def parts(model: Model) -> tuple[dict[str, Any], dict[str, archive.Array]]:
    """The header of a model's file without its hashes, and the arrays by name.

    What :func:`load` would refuse is a :class:`.ModelError`: a weight that is no finite number.
    """
    if not model.parameters.is_finite():
        raise ModelError("not saved: a weight is not a finite number")
    kind = np.float16 if is_half(model) else np.float32
    arrays = {name: _list_bytes(texts) for name, texts in model.inputs.lists().items()}
    arrays |= {f"parameters/{name}": np.asarray(array, kind) for name, array in model.parameters.items()}
    return _header(model), arrays


def save(model: Model, path: Path | str) -> str:
    """Write a model, whole or not at all; return the SHA-256 of the file.

    What :func:`load` would refuse is not written: errors are those of :func:`parts`.
    """
    arguments.instance("model", model, Model)
    path = Path(arguments.path("path", path))
    with archive.errors_of(path):
        header, arrays = parts(model)
    return archive.write(path, header, arrays)


def load(path: Path | str) -> Model:
    """Read a model file. Nothing in it is executed; a damaged, hostile or newer file is a :class:`.ModelError`.

    The name of a bundled model stands for its file, unless there is a file of this name.
    There is one form of a file: to save the model again gives the same bytes.
    """
    return archive.read(resources.model(arguments.path("model", path)), _build)


def rebuild(path: Path, text: str, arrays: Mapping[str, archive.Array]) -> Model:
    """The model whose file has this header and these arrays, checked as in :func:`load`; ``path`` is for errors."""
    return archive.rebuild(path, text, arrays, _build)


def _read_network(header: Any) -> NetworkSpec:
    """The settings of the network. All of them can change labels, so an unknown one is an error."""
    names = {_KEYS.get(item.name, item.name): item.name for item in dataclasses.fields(NetworkSpec)}
    transitions = {stored: value for value, stored in _TRANSITIONS.items()}
    values: dict[str, Any] = {}
    for key in header:
        value = header[key]
        if key not in names:
            raise ModelError(f'unknown setting "{key}"')
        if key == "decoding" and value not in transitions:
            raise ModelError(f'decoding: "{value}" is not one of its values')
        values[names[key]] = transitions[value] if key == "decoding" else value
    try:
        spec = NetworkSpec(**(_BEFORE | values))
    except UsageError as error:
        raise ModelError(error.message) from error
    if "auto" in (spec.cell, spec.features, spec.neighbours, spec.digits, spec.transitions):
        raise ModelError("its network is not settled")
    return spec


def _read_training(header: Any) -> TrainingSpec:
    """The settings of training that this version knows. None of them can change a label, so others are ignored."""
    if not isinstance(header, dict):
        raise ModelError("its training settings are damaged")
    names = [item.name for item in dataclasses.fields(TrainingSpec) if item.name in header]
    with suppress(UsageError):
        return TrainingSpec(**{name: header[name] for name in names})
    known = {}
    for name in names:
        with suppress(UsageError):  # a value that only a newer version knows
            TrainingSpec(**{name: header[name]})
            known[name] = header[name]
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
        raise ModelError(error.message) from error


def _read_lists(file: archive.Members, tables: list[InputTable], names: list[str]) -> dict[str, Sequence[str]]:
    """The lists of texts, with as many as the tables have rows.

    The shortest lists become lists of Python, which are quicker to search.
    """
    packed = {name: PackedTexts(file.data(name)) for name in names}
    rows = {name: len(texts) for name, texts in packed.items()}
    rows |= dict.fromkeys(OF_WORDS, rows["words"] + 1)
    if "lexicon" in rows:
        rows["lexicon"] *= lexicon.ROWS
    if [rows[part.name] for part in tables] != [part.rows for part in tables]:
        raise ModelError("the vocabularies do not fit the header")
    lists: dict[str, Sequence[str]] = dict(packed)
    texts_left, bytes_left = UNPACKED_TEXTS, UNPACKED_BYTES
    for name, texts in sorted(packed.items(), key=lambda item: len(item[1])):
        texts_left -= len(texts)
        bytes_left -= len(texts.data)
        if texts_left >= 0 and bytes_left >= 0:
            lists[name] = list(texts)
            if len(set(lists[name])) != len(texts):
                raise ModelError(f"the list {name} names a text twice")
    return lists


def _list_bytes(texts: Sequence[str]) -> archive.Array:
    if isinstance(texts, PackedTexts):
        return np.frombuffer(texts.data, np.uint8)
    return archive.text_array("\n".join(texts))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _check_format(number: Any) -> None:
    if type(number) is not int or number < 1:
        raise ModelError(f"not a model: its format is {reprlib.repr(number)}, not {FORMAT}")
    if number > FORMAT:
        raise ModelError(f"made by a newer rnncli (format {number})", hint="upgrade rnncli")
    if number < _OLDEST:
        raise ModelError(f"made by an older rnncli (format {number})", hint="train it again with this version")


def _cure(provenance: Any) -> str:
    """What to do about a file of this format that is refused: a newer version may know what this one does not."""
    version = provenance.get("rnncli") if isinstance(provenance, dict) else None
    if isinstance(version, str) and _numbers_of(version) > _numbers_of(__version__):
        return f"it was made by rnncli {version[:40]}, this is {__version__}: upgrade rnncli"
    return "train or copy it again"


def _numbers_of(version: str) -> list[int]:
    """The numbers of a version: 0.10 is later than 0.9."""
    return [int(number) for number in re.findall(r"\d{1,9}", version.split("+")[0])[:9]]


def _build(file: archive.Members) -> Model:
    header = file.header
    if header.get("kind") == "checkpoint":
        raise ModelError("the checkpoint of a training, not a model", hint="rnncli train --resume goes on from it")
    _check_format(header.get("format"))
    try:
        model = _read(file)
        if not _is_same(_header(model), header):
            raise ModelError("damaged: its header is not written as rnncli writes it")
        return model
    except ModelError as error:
        error.hint = error.hint or _cure(header.get("provenance"))
        raise


def _is_same(written: dict[str, Any], header: dict[str, Any]) -> bool:
    """Tell whether a header is that of its model, also in the order of its keys; the hashes are last."""
    keys = [*written, "sha256"]
    orders = [list(each["network"]) for each in (written, header)]
    return keys == list(header) and orders[0] == orders[1] and all(written[key] == header[key] for key in written)


def _read(file: archive.Members) -> Model:
    header = file.header
    spec = _read_network(header["network"])
    tags = header["tags"]
    divided = header.get("divided", [])
    if not _are_texts(divided):
        raise ModelError("the list of divided words is damaged")
    if not _are_texts(tags) or not tags or len(set(tags)) != len(tags):
        raise ModelError("the list of tags is damaged")
    if not is_tokenizer(header["tokenizer"]):
        raise ModelError("its tokenizer is not known")
    tables = _read_tables(spec, header["inputs"])
    rows = table(spec, tables, len(tags))
    lists = input_lists(part.name for part in tables)
    half = header["format"] == FORMAT
    kind = np.dtype(np.float16 if half else np.float32)
    _check_members(file, lists, rows, kind)
    provenance = header["provenance"]
    if not isinstance(provenance, dict) or not _are_texts(provenance.get("examples", [])):
        raise ModelError("its provenance is damaged")
    widths = {part.name: part.width for part in tables}
    inputs = Inputs.from_lists(widths, _read_lists(file, tables, lists), spec.digits)
    parameters = Parameters(rows)
    for row in rows:
        if half:
            parameters[row.name][...] = file.array(f"parameters/{row.name}", row.shape, kind)
        else:
            file.read_into(f"parameters/{row.name}", parameters[row.name])
    return Model(
        spec,
        _read_training(header["training"]),
        header["tokenizer"],
        _read_scheme(header["scheme"]),
        tags,
        inputs,
        parameters,
        provenance,
        divided,
        header["training"],
        half,
    )


def _check_members(file: archive.Members, lists: list[str], rows: list[Parameter], kind: np.dtype[Any]) -> None:
    """Refuse other members than those of a model, in another order or of other sizes, before any is read."""
    expected = [f"{name}.npy" for name in (*lists, *(f"parameters/{row.name}" for row in rows))]
    if file.files != expected:
        names = ", ".join(sorted({*file.files} ^ {*expected})) or "they are in another order"
        raise ModelError(f"members do not fit the header: {names[:200]}")
    for row in rows:
        name = f"parameters/{row.name}"
        if not file.holds(name, row.shape, kind):
            raise ModelError(f"{name} does not have the size that the header gives it: {row.shape}")
