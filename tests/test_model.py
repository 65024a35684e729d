"""model.py: a model file is equal to its model, or it is refused."""

import dataclasses
import hashlib
import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli.api import Trained
from rnncli.config import ARCHITECTURES, NetworkSpec, TrainingSpec
from rnncli.data.vocabulary import Vocabulary
from rnncli.errors import FileError, ModelError, RnncliError
from rnncli.model import Model, load

Forge = Callable[..., Path]
Header = dict[str, Any]
Members = dict[str, bytes]

TAGS = ["O", "B-x", "I-x"]


def untrained(words: list[str] | None = None, **network: Any) -> Model:
    spec = NetworkSpec(**{"hidden": 3, "embedding": 2, **network})
    vocabulary = Vocabulary(["leave", "Taipei", "0nd"] if words is None else words)
    return Model.untrained(spec, TrainingSpec(), vocabulary, TAGS, "words", "IOB2")


def content(model: Model) -> tuple[Any, ...]:
    """Everything that makes a model, in a form that can be compared."""
    weights = {name: (array.shape, array.tobytes()) for name, array in model.parameters.items()}
    return (
        (model.network, model.training, model.tokenizer, model.scheme, model.tags),
        (model.vocabulary.words, model.provenance, weights),
    )


def predictions(model: Model, texts: list[str]) -> tuple[list[int], list[float]]:
    found = model.predict(model.encode([text.split() for text in texts]))
    return found.tags.tolist(), found.probabilities.tolist()


TEXTS = ["leave Taipei 2nd", "", "unheard", "Leave leave 3nd Taipei"]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", ["embedding", "onehot"])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_model_that_was_saved_is_the_same_model(tmp_path: Path, arch: str, kind: str, layers: int) -> None:
    model = untrained(arch=arch, input=kind, layers=layers)
    model.provenance = {"data_sha256": "ab", "examples": ["離開 台北"], "dev": {"f1": None}}
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    sha256 = model.save(first)
    loaded = load(first)
    assert content(model) == content(loaded)
    assert predictions(model, TEXTS) == predictions(loaded, TEXTS)
    loaded.save(second)
    assert first.read_bytes() == second.read_bytes()
    assert hashlib.sha256(second.read_bytes()).hexdigest() == sha256


def test_a_trained_model_saves_as_the_file_that_it_was_read_from(trained: Trained, tmp_path: Path) -> None:
    again = tmp_path / "again.npz"
    assert trained.sha256 == load(trained.path).save(again)
    assert trained.path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("words", [[], ["a\rb", "\u2028", "\x85", "\0", " ", "台北", "e\u0301", "\ufeff"]])
def test_any_word_that_a_file_can_hold_is_kept(tmp_path: Path, words: list[str]) -> None:
    untrained(words).save(tmp_path / "model.npz")
    assert words == load(tmp_path / "model.npz").vocabulary.words


def test_a_model_is_drawn_from_its_seed() -> None:
    def drawn(seed: int) -> tuple[Any, ...]:
        network, training = NetworkSpec(hidden=3), TrainingSpec(seed=seed)
        model = Model.untrained(network, training, Vocabulary(["a"]), TAGS, "words", "IOB2")
        return tuple(array.tobytes() for array in model.parameters.values())

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_long_and_short_input_are_labelled_alike(tiny: Model) -> None:
    """Short input is labelled in NumPy, long input by the kernels, in whatever order suits them."""
    words = [*tiny.vocabulary.words, "unheard"]
    source = random.Random(1)
    sentences = [[source.choice(words) for _ in range(source.randrange(9))] for _ in range(600)]
    encoded = tiny.encode(sentences)
    assert len(encoded.words) > 2_000
    found = tiny.predict(encoded)
    alone = [tiny.predict(tiny.encode([sentence])) for sentence in sentences]
    assert np.concatenate([each.tags for each in alone]).tolist() == found.tags.tolist()
    expected = np.concatenate([each.probabilities for each in alone])
    assert expected.tolist() == pytest.approx(found.probabilities.tolist(), abs=1e-5)
    other = tiny.predict(encoded, threads=3)
    assert (found.tags.tobytes(), found.probabilities.tobytes()) == (
        other.tags.tobytes(),
        other.probabilities.tobytes(),
    )


def test_nothing_is_labelled_as_nothing(tiny: Model) -> None:
    assert ([], []) == predictions(tiny, [])
    assert ([], []) == predictions(tiny, ["", ""])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_no_number_is_not_saved(tiny: Model, tmp_path: Path, value: float) -> None:
    path = tmp_path / "model.npz"
    tiny.save(path)
    before = path.read_bytes()
    tiny.parameters["output/V"][0, 0] = value
    with pytest.raises(ModelError, match="not saved: a weight is not a finite number"):
        tiny.save(path)
    assert before == path.read_bytes()


# Attacks. The hashes of a forged file are right, so that it is the check in question that refuses it.


def npy(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def setting(*path: str, value: Any) -> Callable[[Header, Members], None]:
    """A change of one entry of the header."""

    def change(header: Header, members: Members) -> None:
        for key in path[:-1]:
            header = header[key]
        header[path[-1]] = value

    return change


def without(key: str) -> Callable[[Header, Members], None]:
    return lambda header, members: header.pop(key)


def spoilt_weight(value: float) -> Callable[[Header, Members], None]:
    def change(header: Header, members: Members) -> None:
        weights = np.load(io.BytesIO(members["parameters/output/V.npy"]))
        weights[-1, -1] = value
        members["parameters/output/V.npy"] = npy(weights)

    return change


def member(name: str, data: bytes = b"") -> Callable[[Header, Members], None]:
    return lambda header, members: members.update({name: data})


def words(text: str) -> Callable[[Header, Members], None]:
    def change(header: Header, members: Members) -> None:
        members["words.npy"] = npy(np.frombuffer(text.encode(), np.uint8))
        header["words"] = text.count("\n") + 2

    return change


ATTACKS = {
    "NaN": (spoilt_weight(np.nan), "not finite"),
    "infinity": (spoilt_weight(-np.inf), "not finite"),
    "newer format": (setting("format", value=2), "format 2 is not known"),
    "format as text": (setting("format", value="1"), "format '1' is not known"),
    "format as a yes": (setting("format", value=True), "format True is not known"),
    "a tag twice": (lambda header, members: header["tags"].__setitem__(1, header["tags"][0]), "list of tags"),
    "a member with another ending": (member("words"), "members do not fit the header"),
    "examples that are no texts": (setting("provenance", "examples", value=[3]), "its provenance is damaged"),
    "no format": (without("format"), "format None is not known"),
    "no network": (without("network"), "damaged header"),
    "no tags": (without("tags"), "damaged header"),
    "no hashes": (without("sha256"), "damaged header"),
    "no provenance": (without("provenance"), "damaged header"),
    "provenance is a number": (setting("provenance", value=3), "its provenance is damaged"),
    "network is a number": (setting("network", value=3), "damaged header"),
    "unknown setting": (setting("network", "hiden", value=8), 'unknown setting "hiden"'),
    "unknown architecture": (setting("network", "arch", value="evil"), '"evil" is not one of its values'),
    "units as text": (setting("network", "hidden", value="8"), "expected int, got '8'"),
    "no units": (setting("network", "hidden", value=0), "0 is out of range"),
    "more units than weights": (setting("network", "hidden", value=65536), "smaller than the shape"),
    "fewer units than weights": (setting("network", "hidden", value=7), "expected float32 of"),
    "more layers than weights": (setting("network", "layers", value=64), "members do not fit the header"),
    "another architecture": (setting("network", "arch", value="jordan"), "members do not fit the header"),
    "a trillion words": (setting("words", value=10**12), "smaller than the shape"),
    "more words than any number": (setting("words", value=10**30), "smaller than the shape"),
    "no words": (setting("words", value=0), "number of words is damaged"),
    "negative words": (setting("words", value=-5), "number of words is damaged"),
    "words as a yes": (setting("words", value=True), "number of words is damaged"),
    "words as a fraction": (setting("words", value=3.0), "number of words is damaged"),
    "no tag": (setting("tags", value=[]), "list of tags is damaged"),
    "one tag too many": (lambda header, members: header["tags"].append("x"), "expected float32 of"),
    "one tag too few": (lambda header, members: header["tags"].pop(), "expected float32 of"),
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
    "a word twice": (words("a\na"), "smaller than the shape|expected float32|vocabulary does not fit"),
    "a word too few": (member("words.npy", npy(np.frombuffer(b"only", np.uint8))), "vocabulary does not fit"),
    "words that are not UTF-8": (member("words.npy", npy(np.frombuffer(b"\xff", np.uint8))), "damaged"),
}


@pytest.mark.parametrize(("change", "message"), ATTACKS.values(), ids=ATTACKS)
def test_a_forged_model_is_refused(forge: Forge, change: Callable[..., None], message: str) -> None:
    path = forge(change)
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert (str(path), 4) == (caught.value.where, caught.value.exit_code)


def test_a_copy_in_which_nothing_was_changed_is_accepted(forge: Forge, tiny: Model) -> None:
    assert content(tiny) == content(load(forge(lambda header, members: None)))


def test_a_compressed_model_is_refused(forge: Forge) -> None:
    path = forge(lambda header, members: None, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match="is compressed; models are stored plainly"):
        load(path)


def test_a_word_twice_is_refused(tmp_path: Path) -> None:
    untrained(["a", "a"]).save(tmp_path / "model.npz")
    with pytest.raises(ModelError, match="vocabulary does not fit"):
        load(tmp_path / "model.npz")


def test_weights_that_were_changed_do_not_fit_their_hash(forge: Forge) -> None:
    path = forge(spoilt_weight(0.5), rehash=False)
    with pytest.raises(ModelError, match="parameters/output/V is damaged: its SHA-256"):
        load(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model]:
    """The smallest model there is: a few kilobytes, most of them names and shapes."""
    path = tmp_path_factory.mktemp("small") / "small.npz"
    model = untrained(["a"], arch="fnn", hidden=1, embedding=1)
    model.save(path)
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


def test_the_header_can_be_read_by_anyone(trained: Trained) -> None:
    with np.load(trained.path, allow_pickle=False) as file:
        header = json.loads(file["header"].tobytes())
    model = trained.model
    assert (1, model.tags, "words", "IOB2") == (
        header["format"],
        header["tags"],
        header["tokenizer"],
        header["scheme"],
    )
    assert dataclasses.asdict(model.network) == header["network"]
    assert dataclasses.asdict(model.training) == header["training"]
    assert model.provenance == header["provenance"]
