"""modelfile.py: a model file is equal to its model, or it is refused."""

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from untrained_models import EVERYTHING, LISTS, predictions, untrained

from rnncli import __version__, modelfile
from rnncli.api import Trained
from rnncli.config import TrainingSpec
from rnncli.errors import FileError, ModelError, RnncliError
from rnncli.export.half import halved
from rnncli.model import Model
from rnncli.modelfile import load

Forge = Callable[..., Path]
Header = dict[str, Any]
Members = dict[str, bytes]

NETWORKS = [
    *((arch, "simple") for arch in ("fnn", "elman", "jordan", "hybrid", "bidirectional")),
    *((arch, cell) for arch in ("elman", "bidirectional") for cell in ("lstm", "gru")),
]


TEXTS = ["leave Taipei 2nd", "", "unheard", "Leave leave 3nd Taipei"]


def assert_saved_and_loaded_alike(model: Model, folder: Path) -> None:
    first, second = folder / "first.npz", folder / "second.npz"
    sha256 = modelfile.save(model, first)
    loaded = load(first)
    assert model == loaded
    assert predictions(model, TEXTS) == predictions(loaded, TEXTS)
    modelfile.save(loaded, second)
    assert first.read_bytes() == second.read_bytes()
    assert hashlib.sha256(second.read_bytes()).hexdigest() == sha256


def header_of(path: Path) -> dict[str, Any]:
    """The header of a file, as NumPy reads it."""
    with np.load(path, allow_pickle=False) as file:
        return dict(json.loads(file["header"].tobytes()))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", ["embedding", "onehot", "embedding+ngram+columns", EVERYTHING])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_a_model_that_was_saved_is_the_same_model(
    tmp_path: Path, arch: str, cell: str, kind: str, layers: int
) -> None:
    model = untrained(arch=arch, cell=cell, features=kind, layers=layers)
    model.provenance = {"data_sha256": "ab", "examples": ["離開 台北"], "dev": {"f1": None}}
    assert_saved_and_loaded_alike(model, tmp_path)


@pytest.mark.parametrize("window", [0, 2])
@pytest.mark.parametrize("transitions", ["any", "legal"])
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_what_decides_on_the_tags_is_kept(tmp_path: Path, decoder: str, transitions: str, window: int) -> None:
    model = untrained(decoder=decoder, transitions=transitions, window=window, features=EVERYTHING)
    assert_saved_and_loaded_alike(model, tmp_path)


@pytest.mark.parametrize("kind", ["embedding", EVERYTHING])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_neighbours_that_are_added_are_in_a_file_of_format_3(
    tmp_path: Path, arch: str, cell: str, kind: str
) -> None:
    model = untrained(arch=arch, cell=cell, features=kind, neighbours="added", window=2)
    assert_saved_and_loaded_alike(model, tmp_path)
    header = header_of(tmp_path / "first.npz")
    assert (3, "added") == (header["format"], header["network"]["neighbours"])
    modelfile.save(untrained(arch=arch, cell=cell, features=kind), tmp_path / "without.npz")
    header = header_of(tmp_path / "without.npz")
    assert 2 == header["format"]
    assert "neighbours" not in header["network"]


@pytest.mark.parametrize("kind", ["embedding", EVERYTHING])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_weights_of_float16_are_in_a_file_of_format_4(tmp_path: Path, arch: str, cell: str, kind: str) -> None:
    model = untrained(arch=arch, cell=cell, features=kind, window=1, decoder="crf")
    modelfile.save(model, tmp_path / "whole.npz")
    small = halved(model, "ab")
    assert_saved_and_loaded_alike(small, tmp_path)
    header = header_of(tmp_path / "first.npz")
    assert (4, "ab") == (header["format"], header["provenance"]["half_of"])
    with np.load(tmp_path / "first.npz", allow_pickle=False) as file:
        for name, weights in model.parameters.items():
            stored = file[f"parameters/{name}"]
            assert np.float16 == stored.dtype
            np.testing.assert_array_equal(weights.astype(np.float16), stored)
    loaded = load(tmp_path / "first.npz").parameters
    assert np.float32 == loaded.flat.dtype
    weights_saved = 2 * len(loaded.flat)
    assert (tmp_path / "whole.npz").stat().st_size - (tmp_path / "first.npz").stat().st_size > weights_saved - 500


@pytest.mark.parametrize("neighbours", ["joined", "added"])
def test_a_small_model_that_is_changed_is_saved_whole(tmp_path: Path, neighbours: str) -> None:
    model = halved(untrained(neighbours=neighbours, window=1), "")
    modelfile.save(model, tmp_path / "small.npz")
    loaded = load(tmp_path / "small.npz")
    loaded.parameters["output/V"][0, 0] += 1e-6
    modelfile.save(loaded, tmp_path / "whole.npz")
    assert loaded == load(tmp_path / "whole.npz")
    assert {"joined": 2, "added": 3}[neighbours] == header_of(tmp_path / "whole.npz")["format"]


@pytest.mark.parametrize("weight", [65_520.0, -1e30])
def test_a_weight_that_is_too_large_for_float16_is_refused(weight: float) -> None:
    model = untrained()
    model.parameters["output/c"][0] = 65_504
    assert 65_504 == halved(model, "").parameters["output/c"][0]
    model.parameters["output/c"][0] = weight
    with pytest.raises(ModelError, match="larger than 65,504, the largest number of float16"):
        halved(model, "")


def _member(name: str, array: np.ndarray[Any, Any]) -> Callable[[Header, Members], None]:
    def change(header: Header, members: Members) -> None:
        stream = io.BytesIO()
        np.save(stream, array)
        members[f"parameters/{name}.npy"] = stream.getvalue()

    return change


HALF = np.float16
ATTACKS_ON_HALF = {
    "format 2": (lambda header, members: header.update(format=2), "does not have the size"),
    "format 3": (lambda header, members: header.update(format=3), "does not have the size"),
    "format true": (lambda header, members: header.update(format=True), "its format is True"),
    "float32": (_member("output/c", np.zeros(3, np.float32)), "does not have the size"),
    "bfloat16 as integers": (_member("output/c", np.zeros(3, np.int16)), "is not an array of float16"),
    "big-endian": (_member("output/c", np.zeros(3, ">f2")), "is not an array of float16"),
    "infinity": (_member("output/c", np.array([0, np.inf, 0], HALF)), "a number that is not finite"),
    "NaN": (_member("output/c", np.array([0, 0, np.nan], HALF)), "a number that is not finite"),
    "another size": (_member("output/c", np.zeros(4, HALF)), "does not have the size"),
    "another shape": (
        _member("output/V", np.zeros((4, 3), HALF).T.copy().reshape(4, 3)),
        "does not have the size|is not",
    ),
}


@pytest.mark.promise("damaged")
@pytest.mark.parametrize(("change", "message"), ATTACKS_ON_HALF.values(), ids=ATTACKS_ON_HALF)
def test_a_forged_model_of_float16_is_refused(
    forge: Forge, tmp_path: Path, change: Callable[..., None], message: str
) -> None:
    path = tmp_path / "small.npz"
    modelfile.save(halved(untrained(), ""), path)
    assert load(forge(lambda header, members: None, of=path)) == load(path)
    with pytest.raises(ModelError, match=message):
        load(forge(change, of=path))


@pytest.mark.parametrize("kind", ["embedding", EVERYTHING])
def test_digits_that_are_kept_are_kept_in_the_file(tmp_path: Path, kind: str) -> None:
    model = untrained({"words": ["s1", "s2"]}, features=kind, digits="keep")
    assert_saved_and_loaded_alike(model, tmp_path)
    for one in (model, load(tmp_path / "first.npz")):
        assert [1, 2, 0] == [one.inputs.words.number(word) for word in ("s1", "s2", "s3")]


def test_a_model_without_digits_in_its_header_reads_every_digit_as_zero(tmp_path: Path) -> None:
    modelfile.save(untrained({"words": ["s0"]}), tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as file:
        header = json.loads(file["header"].tobytes())
    assert "digits" not in header["network"] and "divided" not in header
    loaded = load(tmp_path / "model.npz")
    assert ("zero", 1) == (loaded.network_spec.digits, loaded.inputs.words.number("s7"))


def test_a_tokenizer_that_knows_words_cuts_the_same_after_loading(tmp_path: Path) -> None:
    model = untrained({"words": ["Mr.", "it's", "北京"]})
    model.tokenizer = "words+contractions+lexicon"
    model.divided = ["it's"]
    assert_saved_and_loaded_alike(model, tmp_path)
    text = "it's Mr. Wang,我爱北京"
    expected = ["it", "'s", "Mr.", "Wang", ",", "我", "爱", "北京"]
    assert expected == model.cut(text) == load(tmp_path / "first.npz").cut(text)
    assert expected == [token.text for token in model.tokenize(text)]


def test_a_trained_model_saves_as_the_file_that_it_was_read_from(trained: Trained, tmp_path: Path) -> None:
    again = tmp_path / "again.npz"
    assert trained.sha256 == modelfile.save(load(trained.path), again)
    assert trained.path.read_bytes() == again.read_bytes()


ODD = ["a\rb", "\u2028", "\x85", "\0", " ", "台北", "e\u0301", "\ufeff"]


@pytest.mark.parametrize("texts", [[], ODD])
@pytest.mark.parametrize("name", LISTS)
def test_any_text_that_a_file_can_hold_is_kept(tmp_path: Path, name: str, texts: list[str]) -> None:
    model = untrained({name: texts}, features=EVERYTHING)
    modelfile.save(model, tmp_path / "model.npz")
    assert {**LISTS, name: texts} == load(tmp_path / "model.npz").inputs.lists()


LEXICON = {"lexicon": ["city", "day"], "phrases": ["leave Taipei\tcity", "Taipei\tcity\tTaipei\tday"]}


def test_a_lexicon_is_kept(tmp_path: Path) -> None:
    model = untrained(LEXICON, features="embedding+lexicon")
    assert ("lexicon", 16, 2) == model.inputs.tables[-1]
    assert_saved_and_loaded_alike(model, tmp_path)
    without = untrained(LEXICON | {"phrases": ["x\tcity"]}, features="embedding+lexicon")
    assert predictions(model, TEXTS)[1] != predictions(without, TEXTS)[1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("phrases", "Taipei\tcity\nleave Taipei\tcity\nTaipei\tday", "the phrases of its lexicon are damaged"),
        ("phrases", "Taipei\tnight", "the phrases of its lexicon are damaged"),
        ("phrases", "Taipei", "the phrases of its lexicon are damaged"),
        ("lexicon", "city\ncity", "the list lexicon names a text twice"),
        ("lexicon", "city", "the vocabularies do not fit the header"),
    ],
)
def test_a_damaged_lexicon_is_refused(forge: Forge, tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / "model.npz"
    modelfile.save(untrained(LEXICON, features="embedding+lexicon"), path)
    with pytest.raises(ModelError, match=message):
        load(forge(listed(name, content), of=path))


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


def respelt(name: str, change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Header, Members], None]:
    """A change of the texts of a list, as bytes."""

    def changed(header: Header, members: Members) -> None:
        texts = np.load(io.BytesIO(members[f"{name}.npy"])).tobytes().split(b"\n")
        members[f"{name}.npy"] = npy(np.frombuffer(b"\n".join(change(texts)), np.uint8))

    return changed


ATTACKS = {
    "NaN": (spoilt_weight(np.nan), "not finite"),
    "infinity": (spoilt_weight(-np.inf), "not finite"),
    "older format": (setting("format", value=1), "made by an older rnncli"),
    "newer format": (setting("format", value=5), "made by a newer rnncli"),
    "the format of models whose neighbours are joined": (
        setting("format", value=2),
        "not written as rnncli writes it",
    ),
    "format as text": (setting("format", value="2"), "its format is '2'"),
    "format as a yes": (setting("format", value=True), "its format is True"),
    "format as a fraction": (setting("format", value=2.0), "its format is 2.0"),
    "a tag twice": (lambda header, members: header["tags"].__setitem__(1, header["tags"][0]), "list of tags"),
    "a member with another ending": (member("words"), "members do not fit the header"),
    "examples that are no texts": (setting("provenance", "examples", value=[3]), "its provenance is damaged"),
    "no format": (without("format"), "its format is None"),
    "no network": (without("network"), "damaged header"),
    "no inputs": (without("inputs"), "damaged header"),
    "no tags": (without("tags"), "damaged header"),
    "no hashes": (without("sha256"), "damaged header"),
    "no provenance": (without("provenance"), "damaged header"),
    "provenance is a number": (setting("provenance", value=3), "its provenance is damaged"),
    "network is a number": (setting("network", value=3), "damaged header"),
    "unknown setting": (setting("network", "hiden", value=8), 'unknown setting "hiden"'),
    "a field in place of a key": (setting("network", "features", value="ngram"), 'unknown setting "features"'),
    "a value of a field": (setting("network", "decoding", value="legal"), '"legal" is not one of its values'),
    "decoding as a list": (setting("network", "decoding", value=["free"]), "damaged header"),
    "unknown architecture": (setting("network", "arch", value="evil"), '"evil" is not one of its values'),
    "unknown cell": (setting("network", "cell", value="evil"), '"evil" is not one of its values'),
    "unknown input": (setting("network", "input", value="embedding+evil"), '"evil" is not one of its values'),
    "input as a number": (setting("network", "input", value=3), "expected str, got 3"),
    "a cell left open": (setting("network", "cell", value="auto"), "its network is not settled"),
    "an input left open": (setting("network", "input", value="auto"), "its network is not settled"),
    "decoding left open": (setting("network", "decoding", value="auto"), "its network is not settled"),
    "a cell that its architecture has not": (
        setting("network", "arch", value="jordan"),
        "keeps only its hidden layer",
    ),
    "units as text": (setting("network", "hidden", value="8"), "expected int, got '8'"),
    "no units": (setting("network", "hidden", value=0), "0 is out of range"),
    "more units than weights": (setting("network", "hidden", value=65536), "does not have the size"),
    "fewer units than weights": (setting("network", "hidden", value=7), "does not have the size"),
    "more layers than weights": (setting("network", "layers", value=64), "members do not fit the header"),
    "another architecture": (setting("network", "arch", value="elman"), "does not have the size"),
    "another cell": (setting("network", "cell", value="gru"), "members do not fit the header: .*layer1/bn"),
    "another output": (setting("network", "output", value="softmax"), "members do not fit the header: .*output/A"),
    "a wider window": (setting("network", "window", value=64), "does not have the size"),
    "a narrower window": (setting("network", "window", value=0), "members do not fit the header: .*window/P"),
    "an input too many": (setting("network", "input", value="embedding+ngram+columns+onehot"), "inputs do not fit"),
    "an input too few": (setting("network", "input", value="ngram"), "inputs do not fit its network"),
    "inputs as a number": (setting("inputs", value=3), "damaged header"),
    "inputs as texts": (setting("inputs", value=["embedding", "ngram"]), "damaged header"),
    "a trillion words": (setting("inputs", 0, 1, value=10**12), "does not have the size"),
    "more words than any number": (setting("inputs", 0, 1, value=10**30), "does not have the size"),
    "wider than any number": (setting("inputs", 0, 2, value=10**30), "does not have the size"),
    "no words": (setting("inputs", 0, 1, value=0), "does not have the size"),
    "negative words": (setting("inputs", 0, 1, value=-5), "sizes of its inputs are damaged"),
    "words as a yes": (setting("inputs", 0, 1, value=True), "sizes of its inputs are damaged"),
    "words as a fraction": (setting("inputs", 0, 1, value=3.0), "sizes of its inputs are damaged"),
    "words without width": (setting("inputs", 0, 2, value=0), "sizes of its inputs are damaged"),
    "a width as text": (setting("inputs", 0, 2, value="8"), "sizes of its inputs are damaged"),
    "no tag": (setting("tags", value=[]), "list of tags is damaged"),
    "one tag too many": (lambda header, members: header["tags"].append("x"), "does not have the size"),
    "one tag too few": (lambda header, members: header["tags"].pop(), "does not have the size"),
    "a move too few": (reshaped("output/A", (8, 9)), "does not have the size"),
    "moves in another form": (reshaped("output/A", (3, 27)), "output/A is not an array of float32"),
    "beginnings in another form": (reshaped("output/first", (9, 1)), "output/first is not an array of float32"),
    "a move that is no number": (spoilt_weight(np.nan, "output/A"), "output/A holds a number that is not finite"),
    "tags as text": (setting("tags", value="OBI"), "list of tags is damaged"),
    "tags that are numbers": (setting("tags", value=[1, 2]), "list of tags is damaged"),
    "unknown tokenizer": (setting("tokenizer", value="evil"), "tokenizer"),
    "a part of a tokenizer that is not known": (setting("tokenizer", value="words+evil"), "tokenizer is not known"),
    "parts of a tokenizer that do not go together": (setting("tokenizer", value="whitespace+lexicon"), "tokenizer"),
    "digits that are not known": (lambda h, m: h["network"].update(digits="evil"), "is not one of its values"),
    "digits that are not settled": (lambda h, m: h["network"].update(digits="auto"), "not settled"),
    "divided words as a text": (setting("divided", value="it's"), "list of divided words is damaged"),
    "divided words that are numbers": (lambda h, m: h.update(divided=[1]), "list of divided words is damaged"),
    "tokenizer is a list": (setting("tokenizer", value=[]), "tokenizer"),
    "unknown scheme": (setting("scheme", value="evil"), "scheme"),
    "a spelling that is unknown": (setting("scheme", value="IOB2 b+x o"), "scheme"),
    "the usual spelling, written out": (setting("scheme", value="IOB2 B-x O"), "scheme"),
    "a list as scheme": (setting("scheme", value=["IOB2"]), "scheme"),
    "no scheme": (setting("scheme", value=None), "scheme"),
    "training is a number": (setting("training", value=3), "its training settings are damaged"),
    "training is a list": (setting("training", value=[["seed", 1]]), "its training settings are damaged"),
    "no training": (without("training"), "damaged header"),
    "a path as a name": (member("../../evil.npy"), r"members do not fit the header: \.\./\.\./evil"),
    "an absolute path": (member("/tmp/evil.npy"), "members do not fit the header: /tmp/evil"),
    "a drive": (member("C:\\evil.npy"), "members do not fit the header: C:"),
    "a folder": (member("parameters/"), "members do not fit the header: parameters/"),
    "a member too many": (member("evil.npy", b"evil"), "members do not fit the header: evil"),
    "a member too few": (lambda header, members: members.pop("words.npy"), "members do not fit the header: words"),
    "a word twice": (respelt("words", lambda texts: [texts[0], *texts[:-1]]), "list words names a text twice"),
    "a word too few": (listed("words", "only"), "vocabularies do not fit the header"),
    "a feature twice": (respelt("ngram", lambda texts: [*texts[1:], texts[1]]), "list ngram names a text twice"),
    "words that are not UTF-8": (respelt("words", lambda texts: [b"\xff", *texts[1:]]), "codec can't decode"),
}


@pytest.mark.promise("damaged")
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
    modelfile.save(untrained(cell="lstm", features=EVERYTHING, decoder="crf"), path)
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
    "columns in another order": (exchanged(5, 6), "inputs do not fit its network"),
    "column 1 missing": (lambda header, members: header["inputs"].pop(5), "inputs do not fit its network"),
    "column 2 missing": (lambda header, members: header["inputs"].pop(6), "members do not fit"),
    "no column": (lambda header, members: header["inputs"].__delitem__(slice(5, 7)), "members do not fit"),
    "a column of a path": (setting("inputs", 6, 0, value="column/../../evil"), "inputs do not fit its network"),
    "an unknown input": (setting("inputs", 0, 0, value="evil"), "inputs do not fit its network"),
    # Wider one-hot rows would be added to memory beside the hidden layer.
    "wider than the hidden layer": (widened("onehot", 13), "inputs do not fit its network"),
    "narrower than the hidden layer": (widened("onehot", 11), "inputs do not fit its network"),
    **{
        f"{name} wider than U": (widened(name, 5), "layer1/U does not have the size")
        for name in ("embedding", "ngram", "context", "vectors", "column1", "column2")
    },
    **{
        f"a row too {which} of {name}": (
            setting("inputs", number, 1, value=rows),
            "fit the header|does not have the size",
        )
        for number, (name, own) in enumerate(
            {"embedding": 4, "onehot": 4, "ngram": 4, "context": 3, "vectors": 2}.items()
        )
        for which, rows in (("many", own + 1), ("few", own - 1))
    },
    **{
        f"a trillion {what} of {name}": (setting("inputs", number, place, value=10**12), "does not have the size")
        for number, name in enumerate(("embedding", "onehot", "ngram", "context", "vectors", "column1", "column2"))
        for place, what in ((1, "rows"), (2, "numbers"))
        if (name, what) != ("onehot", "numbers")  # whose width is that of the hidden layer
    },
    **{
        f"a text too {which} in {name}": (listed(name, text), "vocabularies do not fit the header")
        for name, texts in LISTS.items()
        for which, text in (("many", "\n".join([*texts, "more"])), ("few", "\n".join(texts[:-1])))
    },
    **{
        f"a text twice in {name}": (listed(name, "\n".join("a" * len(texts))), f"list {name} names a text twice")
        for name, texts in LISTS.items()
        if len(texts) > 1
    },
    **{
        f"{name} is missing": (lambda h, m, name=name: m.pop(f"{name}.npy"), f"do not fit the header: {name}")
        for name in LISTS
    },
    **{
        f"the table of {name} is missing": (
            lambda h, m, name=name: m.pop(f"parameters/input/{name}.npy"),
            f"do not fit the header: parameters/input/{name}",
        )
        for name in ("onehot", "ngram", "context", "vectors", "column1", "column2")
    },
}


@pytest.mark.promise("damaged")
@pytest.mark.parametrize(("change", "message"), ATTACKS_ON_INPUTS.values(), ids=ATTACKS_ON_INPUTS)
def test_a_forged_input_is_refused(
    forge: Forge, everything: Path, change: Callable[..., None], message: str
) -> None:
    path = forge(change, of=everything)
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert (str(path), 4) == (caught.value.where, caught.value.exit_code)


def test_a_copy_of_all_inputs_is_accepted(forge: Forge, everything: Path) -> None:
    assert load(everything) == load(forge(lambda header, members: None, of=everything))


def test_a_copy_in_which_nothing_was_changed_is_accepted(forge: Forge, tiny: Model) -> None:
    assert tiny == load(forge(lambda header, members: None))


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

    assert trained.model == load(forge(change))


LATER_TRAINING = {
    "a new setting": {"schedule": "cosine"},
    "a new setting of any kind": {"augment": [{"deep": [None]}], "": -1, "__class__": "x", "self": 3},
    "a new value": {"optimiser": "lion"},
    "a value of another kind": {"learning_rate": [0.1, 0.01], "seed": "1", "batch": None, "optimiser": {"a": 1}},
    "a value out of range": {"dropout": 1e300, "seed": -1, "epochs": 10**400, "clip": -(10**400)},
}


@pytest.mark.parametrize("settings", LATER_TRAINING.values(), ids=LATER_TRAINING)
def test_what_a_newer_version_says_of_training_changes_no_label(
    forge: Forge, trained: Trained, tiny: Model, settings: Header
) -> None:
    found = load(forge(lambda header, members: header["training"].update(settings)))
    known = dataclasses.asdict(trained.model.training_spec)
    defaults = dataclasses.asdict(TrainingSpec())
    expected = {name: defaults[name] if name in settings else value for name, value in known.items()}
    assert expected == dataclasses.asdict(found.training_spec)
    assert tiny == dataclasses.replace(found, training_spec=tiny.training_spec)
    assert predictions(tiny, TEXTS) == predictions(found, TEXTS)


UNKNOWN = {
    "a setting": setting("network", "skip", value=False),
    "an architecture": setting("network", "arch", value="transformer"),
    "an input": setting("network", "input", value="embedding+ngram+bytes"),
    "a size": setting("network", "layers", value=65),
    "a scheme": setting("scheme", value="IOB9"),
    "a tokenizer": setting("tokenizer", value="words+emoji"),
    "a key": setting("quantised", value={"bits": 32}),
}


@pytest.mark.promise("formats")
@pytest.mark.parametrize("change", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_asks_for_a_newer_version_only_if_one_made_it(
    forge: Forge, run: Callable[..., Any], change: Callable[..., None]
) -> None:
    hints = {
        "0.10.0": f"it was made by rnncli 0.10.0, this is {__version__}: upgrade rnncli",
        "1": f"it was made by rnncli 1, this is {__version__}: upgrade rnncli",
        __version__: "train or copy it again",
        "0.0.9": "train or copy it again",
        "": "train or copy it again",
        3: "train or copy it again",
    }
    for version, hint in hints.items():

        def made_by(header: Header, members: Members, version: object = version) -> None:
            change(header, members)
            header["provenance"]["rnncli"] = version

        path = forge(made_by)
        with pytest.raises(ModelError) as caught:
            load(path)
        assert hint == caught.value.hint
    result = run("tag", "leave Taipei", "--model", path)
    assert (4, "", f"error: {caught.value}\n") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.promise("formats")
@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (5, "made by a newer rnncli (format 5)", "upgrade rnncli"),
        (1, "made by an older rnncli (format 1)", "train it again with this version"),
    ],
)
def test_another_format_is_refused_by_a_true_sentence(forge: Forge, number: int, message: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        load(forge(setting("format", value=number)))
    assert (message, hint) == (caught.value.message, caught.value.hint)


def test_the_header_can_be_read_by_anyone(trained: Trained) -> None:
    header = header_of(trained.path)
    model = trained.model
    assert (3, model.tags, "words", "IOB2") == (
        header["format"],
        header["tags"],
        header["tokenizer"],
        header["scheme"],
    )
    spec = dataclasses.asdict(model.network_spec)
    assert {"features": "embedding+ngram", "decoder": "crf", "transitions": "legal"}.items() <= spec.items()
    stored = {"input": "embedding+ngram", "output": "crf", "decoding": "constrained"}
    others = {name: value for name, value in spec.items() if name not in ("features", "decoder", "transitions")}
    assert others | stored == header["network"] | {"digits": "zero"}
    assert "digits" not in header["network"]
    assert dataclasses.asdict(model.training_spec) == header["training"]
    assert model.provenance == header["provenance"]
    words, features = len(model.inputs.words), len(model.inputs.parts[1].features)
    assert [["embedding", words, 8], ["ngram", features, 8]] == header["inputs"]
