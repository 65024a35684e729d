"""model.py: a model file is equal to its model, or it is refused."""

import dataclasses
import hashlib
import io
import itertools
import json
import math
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli import labelling, modelfile
from rnncli.api import Trained
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.inputs import Inputs
from rnncli.data.tags import moves
from rnncli.errors import FileError, ModelError, RnncliError
from rnncli.model import Model
from rnncli.modelfile import load
from rnncli.plain import activation, crf

Forge = Callable[..., Path]
Header = dict[str, Any]
Members = dict[str, bytes]

TAGS = ["O", "B-x", "I-x"]
LISTS = {
    "words": ["leave", "Taipei", "0nd"],
    "ngram": ["=x", "<t", "<ta", "e>"],
    "vectors": ["leave", "taipei"],
    "column1": ["VB", "NN"],
    "column2": ["x"],
}
EVERYTHING = "embedding+onehot+ngram+vectors+columns"
NETWORKS = [
    *((arch, "simple") for arch in ("fnn", "elman", "jordan", "hybrid", "bidirectional")),
    *((arch, cell) for arch in ("elman", "bidirectional") for cell in ("lstm", "gru")),
]


def untrained(lists: dict[str, list[str]] | None = None, **network: Any) -> Model:
    """A small model; every weight is drawn, also those that training would start at 0."""
    settled = {"arch": "elman", "cell": "simple", "hidden": 3, "input": "embedding", "decoding": "free"}
    spec = NetworkSpec(**(settled | network))
    onehot = spec.architecture.directions * spec.gates * spec.hidden
    widths = {"embedding": 2, "onehot": onehot, "ngram": 4, "vectors": 3, "column1": 2, "column2": 1}
    names = [name for name in widths if name in spec.inputs or ("columns" in spec.inputs and "column" in name)]
    inputs = Inputs.from_lists({name: widths[name] for name in names}, LISTS | (lists or {}))
    model = Model.untrained(spec, TrainingSpec(), inputs, TAGS, "words", "IOB2")
    rng = np.random.default_rng(3)
    for array in model.parameters.values():
        array[...] = rng.standard_normal(array.shape)
    return model


def content(model: Model) -> tuple[Any, ...]:
    """Everything that makes a model, in a form that can be compared."""
    weights = {name: (array.shape, array.tobytes()) for name, array in model.parameters.items()}
    parts = [part[:3] for part in model.inputs.parts]
    return (
        (model.network_spec, model.training_spec, model.tokenizer, model.scheme, model.tags),
        (parts, model.inputs.lists(), model.provenance, weights),
    )


def predictions(model: Model, texts: list[str]) -> tuple[list[int], list[float]]:
    sentences = [text.split() for text in texts]
    columns = [[(("VB", "NN", "?")[len(token) % 3], "x") for token in tokens] for tokens in sentences]
    found = labelling.predict(model, model.encode(sentences, columns))
    return found.tags.tolist(), found.probabilities.tolist()


TEXTS = ["leave Taipei 2nd", "", "unheard", "Leave leave 3nd Taipei"]


def assert_saved_and_loaded_alike(model: Model, folder: Path) -> None:
    first, second = folder / "first.npz", folder / "second.npz"
    sha256 = modelfile.save(model, first)
    loaded = load(first)
    assert content(model) == content(loaded)
    assert predictions(model, TEXTS) == predictions(loaded, TEXTS)
    modelfile.save(loaded, second)
    assert first.read_bytes() == second.read_bytes()
    assert hashlib.sha256(second.read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", ["embedding", "onehot", "embedding+ngram+columns", EVERYTHING])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_a_model_that_was_saved_is_the_same_model(
    tmp_path: Path, arch: str, cell: str, kind: str, layers: int
) -> None:
    model = untrained(arch=arch, cell=cell, input=kind, layers=layers)
    model.provenance = {"data_sha256": "ab", "examples": ["離開 台北"], "dev": {"f1": None}}
    assert_saved_and_loaded_alike(model, tmp_path)


@pytest.mark.parametrize("window", [0, 2])
@pytest.mark.parametrize("decoding", ["free", "constrained"])
@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_what_decides_on_the_tags_is_kept(tmp_path: Path, output: str, decoding: str, window: int) -> None:
    model = untrained(output=output, decoding=decoding, window=window, input=EVERYTHING)
    assert_saved_and_loaded_alike(model, tmp_path)


def test_a_trained_model_saves_as_the_file_that_it_was_read_from(trained: Trained, tmp_path: Path) -> None:
    again = tmp_path / "again.npz"
    assert trained.sha256 == modelfile.save(load(trained.path), again)
    assert trained.path.read_bytes() == again.read_bytes()


ODD = ["a\rb", "\u2028", "\x85", "\0", " ", "台北", "e\u0301", "\ufeff"]


@pytest.mark.parametrize("texts", [[], ODD])
@pytest.mark.parametrize("name", LISTS)
def test_any_text_that_a_file_can_hold_is_kept(tmp_path: Path, name: str, texts: list[str]) -> None:
    model = untrained({name: texts}, input=EVERYTHING)
    modelfile.save(model, tmp_path / "model.npz")
    assert {**LISTS, name: texts} == load(tmp_path / "model.npz").inputs.lists()


def test_a_model_is_drawn_from_its_seed() -> None:
    def drawn(seed: int) -> tuple[Any, ...]:
        network, inputs = NetworkSpec(hidden=3, cell="lstm"), Inputs.from_lists({"embedding": 2}, {"words": ["a"]})
        model = Model.untrained(network, TrainingSpec(seed=seed), inputs, TAGS, "words", "IOB2")
        return tuple(array.tobytes() for array in model.parameters.values())

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def some_sentences(count: int) -> tuple[list[list[str]], list[list[tuple[str, str]]]]:
    source, words = random.Random(1), [*LISTS["words"], "taipei", "tar", "unheard"]
    sentences = [[source.choice(words) for _ in range(source.randrange(9))] for _ in range(count)]
    return sentences, [[(source.choice(["VB", "NN", "?"]), "x") for _ in tokens] for tokens in sentences]


@pytest.mark.parametrize("decoding", ["free", "constrained"])
@pytest.mark.parametrize("output", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), [("bidirectional", "lstm"), ("elman", "gru"), ("jordan", "simple")])
def test_long_and_short_input_are_labelled_alike(arch: str, cell: str, output: str, decoding: str) -> None:
    """Short input is labelled in NumPy, long input by the kernels, in whatever order suits them."""
    model = untrained(arch=arch, cell=cell, output=output, decoding=decoding, input=EVERYTHING)
    model.parameters["output/V"][...] *= 9  # so that not all tokens get one tag
    encoded = model.encode(*some_sentences(600))
    assert len(encoded.words) > 2_000
    found = labelling.predict(model, encoded)
    alone = [labelling.predict(model, model.encode([s], [c])) for s, c in zip(*some_sentences(600), strict=True)]
    assert np.concatenate([each.tags for each in alone]).tolist() == found.tags.tolist()
    expected = np.concatenate([each.probabilities for each in alone])
    assert expected.tolist() == pytest.approx(found.probabilities.tolist(), abs=1e-5)
    assert len({*found.tags.tolist()}) > 1
    other = labelling.predict(model, encoded, threads=3)
    assert (found.tags.tobytes(), found.probabilities.tobytes()) == (
        other.tags.tobytes(),
        other.probabilities.tobytes(),
    )
    assert found.tags.tobytes() == labelling.predict(model, encoded, with_probabilities=False).tags.tobytes()


def test_probabilities_of_a_chain_are_not_worked_out_where_nobody_asks() -> None:
    model = untrained(output="crf")
    encoded = model.encode([["leave"] * 3] * 700)
    assert np.isnan(labelling.predict(model, encoded, with_probabilities=False).probabilities).all()
    assert not np.isnan(labelling.predict(model, encoded).probabilities).any()


@pytest.mark.parametrize(
    ("decoding", "scheme", "is_bound"),
    [("free", "IOB2", False), ("constrained", "IOB2", True), ("constrained", "plain", False)],
)
def test_only_a_tag_scheme_can_forbid(decoding: str, scheme: str, is_bound: bool) -> None:
    model = untrained(decoding=decoding)
    model.scheme = scheme
    assert is_bound == (model.allowed is not None)
    if model.allowed:
        assert moves(TAGS, "IOB2").follow.tolist() == model.allowed.follow.tolist()


def test_a_model_that_is_bound_gives_only_what_the_scheme_allows() -> None:
    sentences, columns = some_sentences(300)
    for output in ("softmax", "crf"):
        given = {}
        for decoding in ("free", "constrained"):
            model = untrained(output=output, decoding=decoding, input=EVERYTHING)
            encoded = model.encode(sentences, columns)
            tags = [TAGS[number] for number in labelling.predict(model, encoded).tags]
            given[decoding] = [tags[start:end] for start, end in itertools.pairwise(encoded.starts)]
        bad = [tags for tags in given["free"] if "I-x" in tags[:1] or ("O", "I-x") in itertools.pairwise(tags)]
        assert bad  # or there was nothing to forbid
        found = given["constrained"]
        assert [] == [t for t in found if "I-x" in t[:1] or ("O", "I-x") in itertools.pairwise(t)]


def by_brute_force(model: Model, encoded: Any) -> list[tuple[list[int], float]]:
    """Every sequence of tags of the first sentence and its probability, best first."""
    trace, length = labelling.trace(model, encoded), int(encoded.starts[1])
    everything = paths = [list(path) for path in itertools.product(range(len(TAGS)), repeat=length)]
    allowed = moves(TAGS, "IOB2")
    first, follow, last = allowed.first, allowed.follow, allowed.last
    if model.network_spec.decoding == "constrained":
        paths = [
            p for p in paths if first[p[0]] and last[p[-1]] and all(follow[a, b] for a, b in itertools.pairwise(p))
        ]
    if model.network_spec.output == "softmax":
        weighed = [(path, math.prod(trace.y[range(length), path].tolist())) for path in paths]
    else:
        by = tuple(model.parameters[f"output/{name}"] for name in ("A", "first", "last"))
        scores = {tuple(p): math.exp(crf.path_score(np.array(p), trace.o, *by)) for p in everything}
        weighed = [(path, scores[tuple(path)] / sum(scores.values())) for path in paths]
    return sorted(weighed, key=lambda each: -each[1])


@pytest.mark.parametrize("decoding", ["free", "constrained"])
@pytest.mark.parametrize("output", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), [("elman", "lstm"), ("jordan", "simple")])
def test_the_n_best_are_those_of_all_sequences(arch: str, cell: str, output: str, decoding: str) -> None:
    model = untrained(arch=arch, cell=cell, output=output, decoding=decoding)
    encoded = model.encode([["leave", "Taipei", "2nd", "unheard"]])
    expected = by_brute_force(model, encoded)
    for count in (1, 7, 1000):
        found = labelling.nbest(model, encoded, 0, count)
        assert [tags for tags, _ in expected[:count]] == [tags for tags, _ in found]
        assert [p for _, p in found] == pytest.approx([p for _, p in expected[:count]], rel=1e-4)
    # 3⁴ sequences, or those in which no I-x begins a span, and no more.
    assert {"free": 81, "constrained": 34}[decoding] == len(found)
    total = sum(probability for _, probability in found)
    if decoding == "free":
        assert total == pytest.approx(1)
    else:
        assert 0 < total < 1  # forbidden sequences have a probability too


def test_the_best_of_the_n_best_is_what_is_labelled() -> None:
    for output, decoding in itertools.product(("softmax", "crf"), ("free", "constrained")):
        model = untrained(output=output, decoding=decoding)
        encoded = model.encode(some_sentences(40)[0])
        tags = labelling.predict(model, encoded).tags.tolist()
        for sentence, (start, end) in enumerate(itertools.pairwise(encoded.starts.tolist())):
            if start < end:
                assert tags[start:end] == labelling.nbest(model, encoded, sentence, 3)[0][0]


def test_where_no_way_is_allowed_those_that_break_the_rules_least_are_given() -> None:
    """One token, and only tags that cannot stand alone; I-x neither begins a sentence nor ends it."""
    model = untrained(decoding="constrained")
    model.tags, model.scheme = ["B-x", "I-x", "E-x"], "IOBES"
    encoded = model.encode([["leave"]])
    found = [tags for tags, _ in labelling.nbest(model, encoded, 0, 5)]
    assert [[0], [2]] == sorted(found)
    assert found[0] == labelling.predict(model, encoded).tags.tolist()


def test_a_trace_is_that_of_the_reference() -> None:
    model = untrained(input=EVERYTHING, arch="bidirectional", cell="gru", layers=2)
    sentences, columns = [["leave"], ["Taipei", "on"]], [[("VB", "x")], [("NN", "x"), ("?", "y")]]
    alone, both = model.encode(sentences[1:], columns[1:]), model.encode(sentences, columns)
    found = labelling.trace(model, both, 1)
    assert [h.tolist() for h in labelling.trace(model, alone).h] == [h.tolist() for h in found.h]
    assert activation.softmax(found.o).tolist() == found.y.tolist()
    assert [(2, 6)] * 2 == [h.shape for h in found.h]


def test_nothing_is_labelled_as_nothing(tiny: Model) -> None:
    assert ([], []) == predictions(tiny, [])
    assert ([], []) == predictions(tiny, ["", ""])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_no_number_is_not_saved(tiny: Model, tmp_path: Path, value: float) -> None:
    path = tmp_path / "model.npz"
    modelfile.save(tiny, path)
    before = path.read_bytes()
    tiny.parameters["output/V"][0, 0] = value
    with pytest.raises(ModelError, match="not saved: a weight is not a finite number"):
        modelfile.save(tiny, path)
    assert before == path.read_bytes()


# Attacks. The hashes of a forged file are right, so that it is the check in question that refuses it.


def npy(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def setting(*path: str | int, value: Any) -> Callable[[Header, Members], None]:
    """A change of one entry of the header."""

    def change(header: Header, members: Members) -> None:
        for key in path[:-1]:
            header = header[key]
        header[path[-1]] = value

    return change


def without(key: str) -> Callable[[Header, Members], None]:
    return lambda header, members: header.pop(key)


def spoilt_weight(value: float, name: str = "output/V") -> Callable[[Header, Members], None]:
    def change(header: Header, members: Members) -> None:
        weights = np.load(io.BytesIO(members[f"parameters/{name}.npy"]))
        weights[-1, -1] = value
        members[f"parameters/{name}.npy"] = npy(weights)

    return change


def reshaped(name: str, shape: tuple[int, ...]) -> Callable[[Header, Members], None]:
    return member(f"parameters/{name}.npy", npy(np.zeros(shape, np.float32)))


def member(name: str, data: bytes = b"") -> Callable[[Header, Members], None]:
    return lambda header, members: members.update({name: data})


def listed(name: str, text: str) -> Callable[[Header, Members], None]:
    return member(f"{name}.npy", npy(np.frombuffer(text.encode(), np.uint8)))


ATTACKS = {
    "NaN": (spoilt_weight(np.nan), "not finite"),
    "infinity": (spoilt_weight(-np.inf), "not finite"),
    "older format": (setting("format", value=1), "format 1 is not known"),
    "newer format": (setting("format", value=3), "format 3 is not known"),
    "format as text": (setting("format", value="2"), "format '2' is not known"),
    "format as a yes": (setting("format", value=True), "format True is not known"),
    "format as a fraction": (setting("format", value=2.0), "format 2.0 is not known"),
    "a tag twice": (lambda header, members: header["tags"].__setitem__(1, header["tags"][0]), "list of tags"),
    "a member with another ending": (member("words"), "members do not fit the header"),
    "examples that are no texts": (setting("provenance", "examples", value=[3]), "its provenance is damaged"),
    "no format": (without("format"), "format None is not known"),
    "no network": (without("network"), "damaged header"),
    "no inputs": (without("inputs"), "damaged header"),
    "no tags": (without("tags"), "damaged header"),
    "no hashes": (without("sha256"), "damaged header"),
    "no provenance": (without("provenance"), "damaged header"),
    "provenance is a number": (setting("provenance", value=3), "its provenance is damaged"),
    "network is a number": (setting("network", value=3), "damaged header"),
    "unknown setting": (setting("network", "hiden", value=8), 'unknown setting "hiden"'),
    "unknown architecture": (setting("network", "arch", value="evil"), '"evil" is not one of its values'),
    "unknown cell": (setting("network", "cell", value="evil"), '"evil" is not one of its values'),
    "unknown input": (setting("network", "input", value="embedding+evil"), '"evil" is not one of its values'),
    "input as a number": (setting("network", "input", value=3), "expected str, got 3"),
    "a cell left open": (setting("network", "cell", value="auto"), "its network is not settled"),
    "an input left open": (setting("network", "input", value="auto"), "its network is not settled"),
    "decoding left open": (setting("network", "decoding", value="auto"), "its network is not settled"),
    "a cell that its architecture has not": (
        setting("network", "arch", value="jordan"),
        "way to keep the hidden layer",
    ),
    "units as text": (setting("network", "hidden", value="8"), "expected int, got '8'"),
    "no units": (setting("network", "hidden", value=0), "0 is out of range"),
    "more units than weights": (setting("network", "hidden", value=65536), "smaller than the shape"),
    "fewer units than weights": (setting("network", "hidden", value=7), "expected float32 of"),
    "more layers than weights": (setting("network", "layers", value=64), "members do not fit the header"),
    "another architecture": (setting("network", "arch", value="elman"), "expected float32 of"),
    "another cell": (setting("network", "cell", value="gru"), "members do not fit the header: .*layer1/bn"),
    "another output": (setting("network", "output", value="softmax"), "members do not fit the header: .*output/A"),
    "a wider window": (setting("network", "window", value=64), "smaller than the shape"),
    "a narrower window": (setting("network", "window", value=0), "expected float32 of"),
    "an input too many": (setting("network", "input", value="embedding+ngram+columns+onehot"), "inputs do not fit"),
    "an input too few": (setting("network", "input", value="ngram"), "inputs do not fit its network"),
    "inputs as a number": (setting("inputs", value=3), "damaged header"),
    "inputs as texts": (setting("inputs", value=["embedding", "ngram"]), "damaged header"),
    "a trillion words": (setting("inputs", 0, 1, value=10**12), "smaller than the shape"),
    "more words than any number": (setting("inputs", 0, 1, value=10**30), "smaller than the shape"),
    "wider than any number": (setting("inputs", 0, 2, value=10**30), "smaller than the shape"),
    "no words": (setting("inputs", 0, 1, value=0), "vocabularies do not fit the header"),
    "negative words": (setting("inputs", 0, 1, value=-5), "sizes of its inputs are damaged"),
    "words as a yes": (setting("inputs", 0, 1, value=True), "sizes of its inputs are damaged"),
    "words as a fraction": (setting("inputs", 0, 1, value=3.0), "sizes of its inputs are damaged"),
    "words without width": (setting("inputs", 0, 2, value=0), "sizes of its inputs are damaged"),
    "a width as text": (setting("inputs", 0, 2, value="8"), "sizes of its inputs are damaged"),
    "no tag": (setting("tags", value=[]), "list of tags is damaged"),
    "one tag too many": (lambda header, members: header["tags"].append("x"), "expected float32 of|smaller than"),
    "one tag too few": (lambda header, members: header["tags"].pop(), "expected float32 of"),
    "a move too few": (reshaped("output/A", (8, 9)), "expected float32 of"),
    "moves in another form": (reshaped("output/A", (3, 27)), "expected float32 of"),
    "beginnings in another form": (reshaped("output/first", (9, 1)), "expected float32 of"),
    "a move that is no number": (spoilt_weight(np.nan, "output/A"), "output/A holds a number that is not finite"),
    "tags as text": (setting("tags", value="OBI"), "list of tags is damaged"),
    "tags that are numbers": (setting("tags", value=[1, 2]), "list of tags is damaged"),
    "a tag that cannot be written": (lambda h, m: h.update(tags=["\ud800", *h["tags"][1:]]), "damaged"),
    "unknown tokenizer": (setting("tokenizer", value="evil"), "tokenizer"),
    "tokenizer is a list": (setting("tokenizer", value=[]), "damaged"),
    "unknown scheme": (setting("scheme", value="evil"), "scheme"),
    "training that never ends": (setting("training", "dropout", value=float("nan")), "out of range"),
    "a path as a name": (member("../../evil.npy"), r"members do not fit the header: \.\./\.\./evil"),
    "an absolute path": (member("/tmp/evil.npy"), "members do not fit the header: /tmp/evil"),
    "a drive": (member("C:\\evil.npy"), "members do not fit the header: C:"),
    "a folder": (member("parameters/"), "members do not fit the header: parameters/"),
    "a member too many": (member("evil.npy", b"evil"), "members do not fit the header: evil"),
    "a member too few": (lambda header, members: members.pop("words.npy"), "members do not fit the header: words"),
    "a word twice": (listed("words", "a\na"), "the list words names a text twice"),
    "a word too few": (listed("words", "only"), "vocabularies do not fit the header"),
    "a feature twice": (listed("ngram", "a\na"), "the list ngram names a text twice"),
    "words that are not UTF-8": (member("words.npy", npy(np.frombuffer(b"\xff", np.uint8))), "damaged"),
}


@pytest.mark.parametrize(("change", "message"), ATTACKS.values(), ids=ATTACKS)
def test_a_forged_model_is_refused(forge: Forge, change: Callable[..., None], message: str) -> None:
    path = forge(change)
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert (str(path), 4) == (caught.value.where, caught.value.exit_code)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with all parts of the input: rows and widths 4 × 2, 4 × 12, 4 × 4, 2 × 3, 3 × 2 and 2 × 1."""
    path = tmp_path_factory.mktemp("everything") / "everything.npz"
    modelfile.save(untrained(cell="lstm", input=EVERYTHING, output="crf"), path)
    return path


def exchanged(first: int, second: int) -> Callable[[Header, Members], None]:
    def change(header: Header, members: Members) -> None:
        inputs = header["inputs"]
        inputs[first], inputs[second] = inputs[second], inputs[first]

    return change


def widened(name: str, width: int) -> Callable[[Header, Members], None]:
    """The table of an input with another width, in the header as well as in the file."""

    def change(header: Header, members: Members) -> None:
        (row,) = (row for row in header["inputs"] if row[0] == name)
        row[2] = width
        members[f"parameters/input/{name}.npy"] = npy(np.zeros(row[1:], np.float32))

    return change


ATTACKS_ON_INPUTS = {
    "a name as a number": (setting("inputs", 0, 0, value=3), "sizes of its inputs are damaged"),
    "a name as a list": (setting("inputs", 0, 0, value=["embedding"]), "sizes of its inputs are damaged"),
    "no name": (setting("inputs", 0, value=[4, 2]), "damaged header"),
    "a name too many": (lambda header, members: header["inputs"].append(["column3", 2, 1]), "members do not fit"),
    "an input twice": (lambda header, members: header["inputs"].append(["column2", 2, 1]), "inputs do not fit"),
    "another order": (exchanged(0, 2), "inputs do not fit its network"),
    "columns in another order": (exchanged(4, 5), "inputs do not fit its network"),
    "column 1 missing": (lambda header, members: header["inputs"].pop(4), "inputs do not fit its network"),
    "column 2 missing": (lambda header, members: header["inputs"].pop(5), "members do not fit"),
    "no column": (lambda header, members: header["inputs"].__delitem__(slice(4, 6)), "members do not fit"),
    "a column of a path": (setting("inputs", 5, 0, value="column/../../evil"), "inputs do not fit its network"),
    "an unknown input": (setting("inputs", 0, 0, value="evil"), "inputs do not fit its network"),
    # Wider one-hot rows would be added to memory beside the hidden layer.
    "wider than the hidden layer": (widened("onehot", 13), "inputs do not fit its network"),
    "narrower than the hidden layer": (widened("onehot", 11), "inputs do not fit its network"),
    **{
        f"{name} wider than U": (widened(name, 5), "parameters/layer1/U|smaller than the shape")
        for name in ("embedding", "ngram", "vectors", "column1", "column2")
    },
    **{
        f"a row too {which} of {name}": (setting("inputs", number, 1, value=rows), "fit the header|smaller than")
        for number, (name, own) in enumerate({"embedding": 4, "onehot": 4, "ngram": 4, "vectors": 2}.items())
        for which, rows in (("many", own + 1), ("few", own - 1))
    },
    **{
        f"a trillion {what} of {name}": (setting("inputs", number, place, value=10**12), "smaller than the shape")
        for number, name in enumerate(("embedding", "onehot", "ngram", "vectors", "column1", "column2"))
        for place, what in ((1, "rows"), (2, "numbers"))
        if (name, what) != ("onehot", "numbers")  # whose width is that of the hidden layer
    },
    **{
        f"a text too {which} in {name}": (listed(name, text), "vocabularies do not fit the header")
        for name, texts in LISTS.items()
        for which, text in (("many", "\n".join([*texts, "more"])), ("few", "\n".join(texts[:-1])))
    },
    **{f"a text twice in {name}": (listed(name, "a\nb\na"), f"list {name} names a text twice") for name in LISTS},
    **{
        f"{name} is missing": (lambda h, m, name=name: m.pop(f"{name}.npy"), f"do not fit the header: {name}")
        for name in LISTS
    },
    **{
        f"the table of {name} is missing": (
            lambda h, m, name=name: m.pop(f"parameters/input/{name}.npy"),
            f"do not fit the header: parameters/input/{name}",
        )
        for name in ("onehot", "ngram", "vectors", "column1", "column2")
    },
}


@pytest.mark.parametrize(("change", "message"), ATTACKS_ON_INPUTS.values(), ids=ATTACKS_ON_INPUTS)
def test_a_forged_input_is_refused(
    forge: Forge, everything: Path, change: Callable[..., None], message: str
) -> None:
    path = forge(change, of=everything)
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert (str(path), 4) == (caught.value.where, caught.value.exit_code)


def test_a_copy_of_all_inputs_is_accepted(forge: Forge, everything: Path) -> None:
    assert content(load(everything)) == content(load(forge(lambda header, members: None, of=everything)))


def test_a_copy_in_which_nothing_was_changed_is_accepted(forge: Forge, tiny: Model) -> None:
    assert content(tiny) == content(load(forge(lambda header, members: None)))


def test_a_compressed_model_is_refused(forge: Forge) -> None:
    path = forge(lambda header, members: None, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match="is compressed; models are stored plainly"):
        load(path)


def test_a_word_twice_is_refused(tmp_path: Path) -> None:
    modelfile.save(untrained({"words": ["a", "a"]}), tmp_path / "model.npz")
    with pytest.raises(ModelError, match="the list words names a text twice"):
        load(tmp_path / "model.npz")


def test_weights_that_were_changed_do_not_fit_their_hash(forge: Forge) -> None:
    path = forge(spoilt_weight(0.5), rehash=False)
    with pytest.raises(ModelError, match="parameters/output/V is damaged: its SHA-256"):
        load(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model]:
    """The smallest model there is: a few kilobytes, most of them names and shapes."""
    path = tmp_path_factory.mktemp("small") / "small.npz"
    model = untrained({"words": ["a"]}, arch="fnn", hidden=1)
    modelfile.save(model, path)
    return path, model


def outcome(path: Path) -> tuple[Any, ...] | None:
    """The model in a file, or nothing where it is refused; any other exception fails the test."""
    try:
        return content(load(path))
    except ModelError as error:
        assert str(path) == error.where
        return None


def test_every_truncation_of_a_model_is_refused(small: tuple[Path, Model], tmp_path: Path) -> None:
    path = Path(shutil.copy(small[0], tmp_path))
    assert content(small[1]) == outcome(path)
    for size in reversed(range(path.stat().st_size)):
        os.truncate(path, size)
        assert outcome(path) is None, f"the first {size} bytes"


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_flipped_byte_is_noticed_or_means_nothing(small: tuple[Path, Model], tmp_path: Path, mask: int) -> None:
    path = Path(shutil.copy(small[0], tmp_path))
    whole, expected = path.read_bytes(), content(small[1])
    accepted = set()
    with path.open("r+b", buffering=0) as file:
        for position, byte in enumerate(whole):
            file.seek(position)
            file.write(bytes([byte ^ mask]))
            found = outcome(path)
            assert found in (None, expected), f"byte {position} of {len(whole)}"
            if found:
                accepted.add(position)
            file.seek(position)
            file.write(bytes([byte]))
    assert whole == path.read_bytes()
    # Only the zip's own dates, versions and the like may change unnoticed.
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            start = member.header_offset + 30 + len(member.filename)
            assert set() == accepted & set(range(start, start + member.file_size))


def test_a_missing_model_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such model") as caught:
        load(tmp_path / "missing.npz")
    assert 5 == caught.value.exit_code


def test_a_directory_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a directory, not a model"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"leave\tO\n", b"PK\x03\x04"])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(RnncliError, match="not a model") as caught:
        load(path)
    assert (str(path), 4) == (caught.value.where, caught.value.exit_code)


def test_a_setting_of_training_that_a_file_leaves_out_has_its_default(forge: Forge, trained: Trained) -> None:
    """Files that were written before there was the setting are read as ever."""

    def change(header: Header, members: Members) -> None:
        for name in ("omega", "recurrent_init"):
            del header["training"][name]

    assert content(trained.model) == content(load(forge(change)))


def test_the_header_can_be_read_by_anyone(trained: Trained) -> None:
    with np.load(trained.path, allow_pickle=False) as file:
        header = json.loads(file["header"].tobytes())
    model = trained.model
    assert (2, model.tags, "words", "IOB2") == (
        header["format"],
        header["tags"],
        header["tokenizer"],
        header["scheme"],
    )
    assert dataclasses.asdict(model.network_spec) == header["network"]
    assert dataclasses.asdict(model.training_spec) == header["training"]
    assert model.provenance == header["provenance"]
    words, features = len(model.inputs.words), len(model.inputs.parts[1].features)
    assert [["embedding", words, 8], ["ngram", features, 8]] == header["inputs"]


MANY_TAGS = """
import sys
from rnncli import labelling
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.inputs import Inputs
from rnncli.model import Model
options = {"cell": "simple", "hidden": 3, "input": "embedding", "decoding": "constrained"}
spec = NetworkSpec(arch="elman", output=sys.argv[1], **options)
tags = [f"B-{number}" for number in range(3_000)]
inputs = Inputs.from_lists({"embedding": 2}, {"words": ["a"]})
model = Model.untrained(spec, TrainingSpec(), inputs, tags, "words", "IOB2")
labelling.predict(model, model.encode([["a"] * 20]))
sys.exit("numba" in sys.modules)
"""


@pytest.mark.parametrize(("output", "loads_numba"), [("softmax", False), ("crf", True)])
def test_every_pair_of_many_tags_is_compared_by_the_kernels_alone(output: str, loads_numba: bool) -> None:
    done = subprocess.run([sys.executable, "-c", MANY_TAGS, output], check=False)
    assert loads_numba == done.returncode
