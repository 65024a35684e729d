"""A training that begins from a model: what is known keeps its weights, and what does not fit is refused."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NETWORKS

import rnncli
from rnncli import api, evaluation, labelling, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.data.vectors import Vectors
from rnncli.errors import DataError, FileError, ModelError, RnncliError, StoppedError, UsageError
from rnncli.model import Model
from rnncli.modelfile import load, save
from rnncli.training import Carried, Listener

KINDS = ("embedding+ngram", "onehot", "embedding+onehot+ngram+context+vectors+columns")
SMALL: dict[str, Any] = {"hidden": 4, "embedding": 3, "ngram": 3, "column": 2, "window": 1}
OLD = [
    [("leave", "VB", "O"), ("Taipei", "NN", "B-city"), ("now", "RB", "O")],
    [
        ("leave", "VB", "O"),
        ("New", "NN", "B-city"),
        ("York", "NN", "I-city"),
        ("on", "IN", "O"),
        ("May", "NN", "B-day"),
    ],
    [("Taipei", "NN", "B-city"), ("on", "IN", "O"), ("May", "NN", "B-day"), ("now", "RB", "O")],
]
NEW = [
    [("leave", "VB", "O"), ("Kaohsiung", "NP", "B-city"), ("by", "IN", "O"), ("train", "NN", "B-vehicle")],
    [("now", "RB", "O"), ("by", "IN", "O"), ("night", "NN", "B-vehicle"), ("trains", "NN", "I-vehicle")],
]


def sentences(rows: list[list[tuple[str, str, str]]]) -> list[Sentence]:
    return [
        Sentence([word for word, _, _ in row], [tag for *_, tag in row], [(pos,) for _, pos, _ in row], 1)
        for row in rows
    ]


def vectors(*words: str) -> Vectors:
    table = np.random.default_rng(len(words)).standard_normal((len(words), 5), np.float32)
    return Vectors(list(words), table, len(words))


def drawn(features: str, **network: Any) -> Model:
    """A model of the old data; every weight is drawn, also those that training would start at 0."""
    read = vectors("leave", "taipei") if "vectors" in features else None
    model = training.prepare(
        sentences(OLD), NetworkSpec(features=features, **SMALL, **network), TrainingSpec(), read
    )
    rng = np.random.default_rng(3)
    for array in model.parameters.values():
        array[...] = rng.standard_normal(array.shape)
    return model


def begun(start: Model, rows: list[list[tuple[str, str, str]]], read: Vectors | None = None) -> Model:
    """An untrained model for other data that begins from one."""
    settings = training.carry.settings(start, NetworkSpec(), TrainingSpec(seed=2), ())
    return training.prepare(sentences(rows), *settings, read, start.scheme, start)


def labels(model: Model) -> tuple[list[int], list[float]]:
    """Tags of the old sentences and their probabilities."""
    tokens, columns = zip(*((s.tokens, s.columns) for s in sentences(OLD)), strict=True)
    predicted = labelling.predict(model, model.encode(tokens, columns))
    return predicted.tags.tolist(), predicted.probabilities.tolist()


@pytest.mark.promise("init-from")
@pytest.mark.parametrize("features", KINDS)
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_where_nothing_is_new_the_training_begins_with_the_model(
    arch: str, cell: str, decoder: str, features: str
) -> None:
    start = drawn(features, arch=arch, cell=cell, decoder=decoder, layers=2)
    model = begun(start, OLD[1:])
    assert (model.parameters, model.inputs, model.tags) == (start.parameters, start.inputs, start.tags)
    assert (model.network_spec, model.scheme, model.tokenizer) == (
        start.network_spec,
        start.scheme,
        start.tokenizer,
    )
    assert labels(model) == labels(start)


@pytest.mark.promise("init-from")
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_new_words_and_tags_change_nothing_for_those_that_are_known(arch: str, cell: str, decoder: str) -> None:
    """If no new tag can be chosen, all old sentences have the old tags, as probable as they were."""
    start = drawn("embedding+onehot+columns", arch=arch, cell=cell, decoder=decoder, layers=2)
    model = begun(start, NEW)
    assert model.tags[len(start.tags) :] == ["B-vehicle", "I-vehicle"]
    model.parameters["output/c"][len(start.tags) :] = -1e4
    model.parameters.version += 1
    tags, probabilities = labels(start)
    assert labels(model)[0] == tags
    np.testing.assert_allclose(labels(model)[1], probabilities, rtol=1e-5)


@pytest.mark.promise("init-from")
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_every_known_text_keeps_its_row_and_every_new_one_has_an_initial_value(arch: str, cell: str) -> None:
    start = drawn(KINDS[-1], arch=arch, cell=cell)
    read = vectors("leave", "night", "train")
    model = begun(start, [*NEW, NEW[1]], read)
    fresh = Model.untrained(
        model.network_spec, model.training_spec, model.inputs, model.tags, model.tokenizer, model.scheme
    ).parameters
    rows_of = {name: ["", *texts] if name == "words" else texts for name, texts in model.inputs.lists().items()}
    before = {name: ["", *texts] if name == "words" else texts for name, texts in start.inputs.lists().items()}
    for table in model.inputs.tables:
        name = "words" if table.name in ("embedding", "onehot") else table.name
        blocks = 3 if table.name == "onehot" else 1
        shape = blocks, -1, table.width
        now, then, first = (
            parameters[f"input/{table.name}"].reshape(shape)
            for parameters in (model.parameters, start.parameters, fresh)
        )
        assert set(before[name]) < set(rows_of[name])
        for row, text in enumerate(rows_of[name]):
            if text in before[name]:
                expected = then[:, before[name].index(text)]
            elif name == "vectors":
                expected = read.table[[read.words.index(text)]]
            else:
                expected = first[:, row]
            np.testing.assert_array_equal(now[:, row], expected)
    old = len(start.tags)
    for name in ("output/c", "output/first", "output/last", "output/V", "output/A"):
        weights = model.parameters[name]
        np.testing.assert_array_equal(
            weights[tuple(slice(n) for n in start.parameters[name].shape)], start.parameters[name]
        )
        np.testing.assert_array_equal(weights[old:], fresh[name][old:])


def test_words_are_counted_in_the_new_data_alone() -> None:
    """A word that occurs once there is masked at times; one that the model has from elsewhere is not read."""
    words = begun(drawn("embedding"), NEW).inputs.words
    counts = dict(zip(words.words, words.counts[1:].tolist(), strict=True))
    assert counts == {
        **dict.fromkeys(("Taipei", "New", "York", "on", "May"), 0),
        **dict.fromkeys(("leave", "now", "Kaohsiung", "night", "train", "trains"), 1),
        "by": 2,
    }


QUICK: dict[str, Any] = {"hidden": 4, "embedding": 4, "ngram": 4, "epochs": 2, "batch": 8}
LATER = (
    "leave\tO\nPenghu\tB-departure\nby\tO\nship\tB-vehicle\n\n" * 3
    + "arrive\tO\nNew\tB-destination\nYork\tI-destination\n\n" * 3
)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, booking_tsv: Path) -> Path:
    """A model of the small corpus."""
    return api.train(booking_tsv, booking_tsv, tmp_path_factory.mktemp("first") / "m.npz", force=True, **QUICK).path


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Other data, with a new word and a new tag."""
    path = tmp_path / "later.tsv"
    path.write_text(LATER, "utf-8")
    return path


class Heard(Listener):
    """Keeps what was carried over, and stops after so many batches."""

    def __init__(self, batches: int = 10**9) -> None:
        self.batches = batches
        self.what: list[Carried] = []

    def carried(self, carried: Carried) -> None:
        self.what.append(carried)

    def should_stop(self) -> bool:
        self.batches -= 1
        return self.batches <= 0


@pytest.mark.promise("init-from")
def test_a_training_says_what_it_has_from_the_model(first: Path, later: Path, tmp_path: Path) -> None:
    heard = Heard()
    trained = rnncli.train(
        later, later, tmp_path / "m.npz", init_from=first, seeds=2, epochs=1, force=True, listener=heard
    )
    (carried,) = heard.what
    start = load(first)
    assert carried.network == start.network_spec.description
    assert (carried.known_words, carried.new_words, carried.new_tags) == (4, 3, ["B-vehicle"])
    assert carried.known_words + carried.other_words == len(start.inputs.words) - 1
    assert carried.known_tags == len(start.tags)
    assert carried.score == evaluation.evaluate(start, reading.read(str(later)).sentences).score
    again = rnncli.train(later, out=tmp_path / "again.npz", init_from=trained.path, epochs=1, force=True)
    chain = load(again.path).provenance["init_from"]
    assert chain == [trained.sha256, *load(trained.path).provenance["init_from"]]
    assert len(chain) == 2


@pytest.mark.promise("init-from")
@pytest.mark.promise("resume")
def test_a_training_from_a_model_may_be_short() -> None:
    """Where no epoch is better than the first, patience alone decides."""
    start = drawn("embedding")
    anew = training.prepare(sentences(NEW), start.network_spec, TrainingSpec())
    for model, epochs in ((begun(start, NEW), 21), (anew, 70)):
        result = training.train(model, sentences(NEW), threads=1, score=lambda _: 0.5)
        assert (epochs, 1) == (result.epochs, result.high_epoch)


def test_a_training_from_a_model_can_be_stopped_and_resumed(first: Path, later: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"init_from": first, "seeds": 2, "epochs": 3, "force": True, "batch": 2}
    whole = rnncli.train(later, later, tmp_path / "whole.npz", **settings)
    parts = tmp_path / "parts.npz"
    for batches in (2, 4):
        with suppress(StoppedError):
            rnncli.train(later, later, parts, listener=Heard(batches), resume=True, **settings)
    other = tmp_path / "other.npz"
    model = load(first)
    model.parameters["output/c"][0] += 1
    save(model, other)
    with pytest.raises(UsageError, match="other model to begin from"):
        rnncli.train(later, later, parts, resume=True, **(settings | {"init_from": other}))
    resumed = rnncli.train(later, later, parts, resume=True, **settings)
    assert resumed.sha256 == whole.sha256


IOBES = "leave\tO\nNew\tB-city\nYork\tE-city\nto\tO\nTaipei\tS-city\n\n" * 4
IOB1 = "leave\tO\nNew\tI-city\nYork\tI-city\nto\tO\nTaipei\tI-city\n\n" * 4
# Options, the data, and the error.
REFUSED: dict[str, tuple[dict[str, Any], str, type[RnncliError], str]] = {
    "size": (
        {"hidden": 8},
        LATER,
        UsageError,
        "--hidden 8: the model that the training begins from has --hidden 4",
    ),
    "default size": ({"hidden": 128}, LATER, UsageError, "--hidden 128: .* has --hidden 4"),
    "architecture": ({"arch": "elman"}, LATER, UsageError, "--arch elman: .* has --arch bidirectional"),
    "cell": ({"cell": "gru"}, LATER, UsageError, "--cell gru: .* has --cell lstm"),
    "decoder": ({"decoder": "softmax"}, LATER, UsageError, "--decoder softmax: .* has --decoder crf"),
    "features": (
        {"features": "embedding"},
        LATER,
        UsageError,
        "--features embedding: .* --features embedding.ngram",
    ),
    "digits": ({"digits": "keep"}, LATER, UsageError, "--digits keep: .* has --digits zero"),
    "scheme": ({"scheme": "IOBES"}, IOBES, UsageError, "--scheme IOBES: .* has --scheme IOB2"),
    "other letters": (
        {},
        IOBES,
        DataError,
        "IOBES, those of the model are IOB2\n.*rnncli convert .* --scheme IOB2",
    ),
    "other order": ({}, IOB1, DataError, "IOB1, those of the model are IOB2\n.*rnncli convert .* --scheme IOB2"),
    "no letters": ({}, LATER.replace("B-", ""), DataError, "IOB2"),
    "vectors": (
        {"vectors": "vectors.txt"},
        LATER,
        UsageError,
        "2 numbers for a word, and .* reads no word vectors",
    ),
    "lexicon": ({"lexicon": "lexicon.tsv"}, LATER, UsageError, "--lexicon: .* reads no lexicon"),
    "itself": ({"out": "model"}, LATER, UsageError, "--init-from"),
    "no such model": ({"init_from": "none.npz"}, LATER, FileError, "no such model"),
    "no model": ({"init_from": "later.tsv"}, LATER, ModelError, "not a model"),
}


@pytest.mark.promise("init-from")
@pytest.mark.parametrize(("options", "data", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_the_model_is_refused(
    options: dict[str, Any], data: str, error: type[RnncliError], message: str, first: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("later.tsv").write_text(data, "utf-8")
    Path("vectors.txt").write_text("leave 1 2\nship 3 4\n", "utf-8")
    Path("lexicon.tsv").write_text("Taipei\tcity\n", "utf-8")
    before = first.read_bytes()
    settings: dict[str, Any] = {"out": "out.npz", "init_from": first, **options}
    if settings["out"] == "model":
        settings["out"] = first
    with pytest.raises(error, match=message):
        rnncli.train("later.tsv", **settings)
    assert not Path("out.npz").exists()
    assert first.read_bytes() == before


@pytest.mark.promise("init-from")
def test_data_without_the_columns_of_the_model_are_refused() -> None:
    start = drawn(KINDS[-1])
    rows = [Sentence(s.tokens, s.tags, [() for _ in s.tokens], 1) for s in sentences(NEW)]
    with pytest.raises(DataError, match="the model reads a column beside each token; this file has none"):
        training.prepare(rows, start.network_spec, start.training_spec, None, start.scheme, start)


@pytest.mark.promise("init-from")
def test_word_vectors_of_the_model_stay_and_may_be_added_to(tmp_path: Path, later: Path) -> None:
    first, more = tmp_path / "first.txt", tmp_path / "more.txt"
    first.write_text("leave 1 2\nship 3 4\n", "utf-8")
    more.write_text("ship 5 6\nby 7 8\n", "utf-8")
    settings: dict[str, Any] = {"dev": later, "force": True, "epochs": 1}
    start = rnncli.train(later, out=tmp_path / "a.npz", vectors=first, **settings)
    without = rnncli.train(later, out=tmp_path / "b.npz", init_from=start.path, **settings)
    added = rnncli.train(later, out=tmp_path / "c.npz", init_from=start.path, vectors=more, **settings)
    for trained, expected in ((without, [[1, 2], [3, 4]]), (added, [[1, 2], [3, 4], [7, 8]])):
        model = load(trained.path)
        assert model.inputs.lists()["vectors"] == ["leave", "ship", "by"][: len(expected)]
        np.testing.assert_array_equal(model.parameters["input/vectors"], np.array(expected, np.float32))
    more.write_text("ship 5 6 7\n", "utf-8")
    with pytest.raises(UsageError, match=r"3 numbers for a word, and .* reads vectors of 2 numbers"):
        rnncli.train(later, out=tmp_path / "d.npz", init_from=start.path, vectors=more, **settings)


@pytest.mark.promise("init-from")
def test_the_lexicon_of_the_model_stays_and_may_be_added_to(tmp_path: Path, later: Path) -> None:
    first, more = tmp_path / "first.tsv", tmp_path / "more.tsv"
    first.write_text("Kaohsiung\tcity\nMay\tmonth\n", "utf-8")
    more.write_text("train\tvehicle\nMay\tname\nMay\tmonth\n", "utf-8")
    settings: dict[str, Any] = {"dev": later, "force": True, "epochs": 1}
    start = rnncli.train(later, out=tmp_path / "a.npz", lexicon=first, **settings)
    first.unlink()
    without = rnncli.train(later, out=tmp_path / "b.npz", init_from=start.path, **settings)
    added = rnncli.train(later, out=tmp_path / "c.npz", init_from=start.path, lexicon=more, **settings)
    types, phrases = ["city", "month", "vehicle", "name"], ["Kaohsiung\tcity", "May\tmonth"]
    assert (types[:2], phrases) == (without.model.inputs.lexicon.words, without.model.inputs.lexicon.phrases)
    lists = load(added.path).inputs.lists()
    assert (types, ["Kaohsiung\tcity", "May\tmonth\tMay\tname", "train\tvehicle"]) == (
        lists["lexicon"],
        lists["phrases"],
    )
    # Types that look alike are two, as in one file.
    first.write_text("Kaohsiung\tcite\u0301\n", "utf-8")
    more.write_text("May\tcit\u00e9\n", "utf-8")
    like = rnncli.train(later, out=tmp_path / "d.npz", lexicon=first, **settings)
    both = rnncli.train(later, out=tmp_path / "e.npz", init_from=like.path, lexicon=more, **settings)
    assert ["cite\u0301", "cit\u00e9"] == load(both.path).inputs.lexicon.words
    # The initial rows are those of the model; rows that the data does not select are not trained.
    month = slice(8, 16)
    for trained in (without, added):
        np.testing.assert_array_equal(
            trained.model.parameters["input/lexicon"][month], start.model.parameters["input/lexicon"][month]
        )


@pytest.mark.promise("init-from")
def test_the_command_says_what_it_takes_over_and_refuses_a_size_of_the_options(
    run: Any, first: Path, later: Path, tmp_path: Path
) -> None:
    options = ("--init-from", first, "--epochs", 1, "--force", "--json")
    result = run("train", later, "--dev", later, "--out", tmp_path / "m.npz", *options)
    assert result.exit_code == 0
    assert "begins  from a model: bidirectional, 1 × 4 lstm, crf\n" in result.stderr
    assert "        4 words known, 3 new; " in result.stderr
    assert " tags known, 1 new: B-vehicle\n" in result.stderr
    assert json.loads(result.stdout)["epochs"] == 1
    # 128 is also what is used where no option is given.
    refused = run("train", later, "--out", tmp_path / "n.npz", *options, "--hidden", 128)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "error: --hidden 128: the model that the training begins from has --hidden 4\n" in refused.stderr
    refused = run("train", later, "--out", tmp_path / "n.npz", *options, env={"RNNCLI_HIDDEN": "5"})
    assert refused.exit_code == 2
