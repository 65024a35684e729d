"""Tags of all spellings from file to labels, odd tags in it, and development data whose score says nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncli
from rnncli.api import Trained
from rnncli.data.tags import Scheme, Span
from rnncli.errors import DataError, UsageError
from rnncli.modelfile import load
from rnncli.training import Epoch, Listener

SMALL: dict[str, Any] = {"hidden": 8, "embedding": 8, "ngram": 8, "epochs": 8, "batch": 4, "learning_rate": 0.02}
CITIES = ["Taipei", "New York", "Kyoto", "San Jose", "Graz", "Rio de Janeiro"]
IOB2 = Scheme("IOB2")


class Hearing(Listener):
    """Keeps the epochs and the warnings."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []
        self.warnings: list[str] = []

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)


def rows(scheme: Scheme, count: int = 40, kinds: tuple[str, str] = ("to", "from")) -> list[list[tuple[str, str]]]:
    """Sentences such as "fly to San Jose Kyoto from Graz now", and some without a city."""
    rng = np.random.default_rng(4)
    sentences = []
    for number in range(count):
        tokens, spans = ["fly"], []
        for kind in kinds if number % 4 else ():
            tokens.append(kind)
            for name in rng.choice(CITIES, size=1 + number % 2, replace=False):
                city = name.split()
                spans.append(Span(kind, len(tokens), len(tokens) + len(city)))
                tokens += city
        tokens.append("now")
        sentences.append(list(zip(tokens, scheme.write(spans, len(tokens)), strict=True)))
    return sentences


def write(path: Path, sentences: list[list[tuple[str, str]]]) -> Path:
    lines = ["".join(f"{token}\t{tag}\n" for token, tag in sentence) for sentence in sentences]
    path.write_text("\n".join(lines), "utf-8")
    return path


def with_tag(sentences: list[list[tuple[str, str]]], sentence: int, tag: str) -> list[list[tuple[str, str]]]:
    """The same with another tag for the first token of a sentence."""
    changed = [list(sentence) for sentence in sentences]
    changed[sentence][0] = (changed[sentence][0][0], tag)
    return changed


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Trained]:
    def run(sentences: list[list[tuple[str, str]]], dev: Any = None, **options: Any) -> Trained:
        data = write(tmp_path / "train.tsv", sentences)
        if dev == sentences:  # the same data for both would be refused
            dev = dev[:-1]
        dev_file = None if dev is None else write(tmp_path / "dev.tsv", dev)
        return rnncli.train(data, dev_file, tmp_path / "model.npz", **(SMALL | options))

    return run


SPELLINGS = [
    "IOB1",
    "IOB2",
    "IOE1",
    "IOE2",
    "IOBES",
    "BILOU",
    "BMES",
    "BMEWO",
    "IOB2 B_x O",
    "IOE2 x-I O",
    "IOB2 b-x o",
    "BILOU xb o",
    "IOB2 Bx O",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_file_is_learned_and_labelled_in_its_own_spelling(train: Callable[..., Trained], text: str) -> None:
    scheme = Scheme.read(text)
    trained = train(rows(scheme), rows(scheme), epochs=30)
    assert (scheme, "legal") == (trained.model.scheme, trained.model.network_spec.transitions)
    loaded = load(trained.path)
    assert loaded == trained.model
    tagged = rnncli.load(trained.path).tag("fly to San Jose from Graz now")
    assert [("to", "San Jose"), ("from", "Graz")] == [(span.type, span.text) for span in tagged.spans]
    expected = scheme.write([Span("to", 2, 4), Span("from", 5, 6)], 7)
    assert expected == [token.tag for token in tagged.tokens]
    assert text == trained.as_dict()["dev"]["scheme"]
    assert trained.dev.score > 0.9


def test_every_spelling_trains_the_same_weights(train: Callable[..., Trained]) -> None:
    """Tags are numbered as they come, so only their texts differ."""
    weights = [train(rows(Scheme.read(text))).model.parameters.flat.tolist() for text in ("IOB2", "IOB2 x_b o")]
    assert weights[0] == weights[1]


def test_io_joins_neighbours_into_spans(train: Callable[..., Trained]) -> None:
    sentences = rows(Scheme("io"))
    listener = Hearing()
    plain = train(sentences, listener=listener)
    assert ["--scheme io" in warning for warning in listener.warnings] == [True]
    assert ("plain", None, "accuracy") == tuple(plain.as_dict()["dev"][key] for key in ("scheme", "f1", "metric"))
    trained = train(sentences, sentences, scheme="io", epochs=30, dropout=0.5)
    assert ("io", "f1") == (trained.model.scheme.text, trained.as_dict()["dev"]["metric"])
    tagged = rnncli.load(trained.path).tag("fly to San Jose now")
    assert [("to", "San Jose")] == [(span.type, span.text) for span in tagged.spans]


@pytest.mark.parametrize(
    ("text", "scheme", "hint"),
    [("IOB2", "io", "give --scheme IOB2"), ("IOB2", "IOBES", "auto finds IOB2"), ("io", "IOB2", "--scheme io")],
)
def test_a_scheme_that_the_file_cannot_have_is_refused(
    train: Callable[..., Trained], text: str, scheme: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=f"--scheme {scheme}") as caught:
        train(rows(Scheme.read(text)), scheme=scheme)
    assert hint in caught.value.hint


# Odd tags.


def test_an_odd_tag_is_refused_with_its_place_and_the_nearest_tag(train: Callable[..., Trained]) -> None:
    with pytest.raises(DataError) as caught:
        train(with_tag(rows(IOB2), 1, "0"))
    assert 'train.tsv:4:5: not a tag of IOB2; the nearest is "O": "0"' in caught.value.message
    with pytest.raises(DataError) as caught:
        train(rows(IOB2), with_tag(rows(IOB2), 0, "Bto"))
    assert 'dev.tsv:1:5: not a tag of IOB2; the nearest is "B-to": "Bto"' in caught.value.message


def test_forced_it_is_outside_all_spans_and_changes_nothing_else(train: Callable[..., Trained]) -> None:
    sentences = rows(IOB2)
    trained = train(with_tag(sentences, 1, "0"), with_tag(sentences, 0, "NN"), force=True, epochs=30)
    assert (IOB2, "legal") == (trained.model.scheme, trained.model.network_spec.transitions)
    assert "f1" == trained.result.metric
    spans = [span for row in sentences for span in IOB2.spans([tag for _, tag in row])]
    assert len(spans) == trained.dev.total.gold
    assert trained.dev.score > 0.9


def test_asked_for_plain_tags_it_is_a_tag_as_any(train: Callable[..., Trained]) -> None:
    trained = train(with_tag(rows(IOB2), 1, "0"), scheme="plain")
    assert ("plain", "any") == (trained.model.scheme.text, trained.model.network_spec.transitions)


def test_development_data_of_another_scheme_is_refused(train: Callable[..., Trained]) -> None:
    with pytest.raises(DataError, match="the tags here are IOBES x_b o, those of the training data are IOB2"):
        train(rows(IOB2), rows(Scheme.read("IOBES x_b o")))


def test_one_malformed_move_is_a_warning_and_decoding_stays_constrained(train: Callable[..., Trained]) -> None:
    sentences = [*rows(IOB2), [("fly", "O"), ("Taipei", "I-to")]]
    listener = Hearing()
    trained = train(sentences, rows(IOB2), listener=listener)
    assert (IOB2, "legal") == (trained.model.scheme, trained.model.network_spec.transitions)
    (warning,) = listener.warnings
    assert "train.tsv: 1 tag is not in the order of IOB2: I-to in line " in warning
    tags = rnncli.load(trained.path)
    malformed = [
        move
        for text in ("Taipei", "San San Jose to", "to to now fly Jose", "Jose York Vegas")
        for move in IOB2.malformed([[token.tag for token in tags.tag(text).tokens]])
    ]
    assert [] == malformed


def test_well_formed_data_gives_no_warning(train: Callable[..., Trained]) -> None:
    listener = Hearing()
    train(rows(IOB2), listener=listener, epochs=1)
    assert [] == listener.warnings


# Development data whose score says nothing.

NO_SPAN = [[("fly", "O"), ("now", "O")], [("to", "O"), ("fly", "O")]]
UNHEARD = [[("fly", "O"), ("Taipei", "B-via")]]


@pytest.mark.parametrize(
    ("dev", "why"),
    [
        (NO_SPAN, "the development data has no span"),
        (UNHEARD, "no type of span of the development data is in the training data"),
    ],
)
def test_where_the_score_cannot_change_the_lowest_loss_is_kept(
    train: Callable[..., Trained], dev: list[list[tuple[str, str]]], why: str
) -> None:
    listener = Hearing()
    trained = train(rows(IOB2), dev, listener=listener)
    assert f"{why}, so the epoch with the lowest loss on it is kept" in listener.warnings
    losses = [epoch.score for epoch in listener.epochs]
    assert {"loss"} == {epoch.metric for epoch in listener.epochs}
    assert trained.result.best_epoch > 1
    assert (min(losses), losses.index(min(losses)) + 1) == (trained.result.best_score, trained.result.best_epoch)
    document = trained.as_dict()
    assert ("loss", min(losses)) == (document["metric"], document["seeds"]["mean"])
    assert [min(losses)] == [run["score"] for run in document["seeds"]["runs"]]
    assert "loss" == load(trained.path).provenance["metric"]
    assert document == json.loads(json.dumps(document, allow_nan=False))


def test_of_several_seeds_the_lowest_loss_is_kept(train: Callable[..., Trained]) -> None:
    trained = train(rows(IOB2), NO_SPAN, seeds=3, epochs=2)
    losses = {run.seed: run.result.best_score for run in trained.runs}
    assert len(set(losses.values())) == 3
    assert min(losses.values()) == losses[trained.model.training_spec.seed]


def test_plain_tags_that_training_never_shows_are_no_score_either(train: Callable[..., Trained]) -> None:
    sentences = [[("a", "DT"), ("dog", "NN"), ("barks", "VB")]] * 20
    trained = train(sentences, [[("a", "X"), ("dog", "Y")]])
    # Tags that the model does not know have no loss, so all epochs are alike, and the last is kept.
    assert ("loss", 0.0, 8) == (trained.result.metric, trained.result.best_score, trained.result.best_epoch)


# The command line.


def test_the_command_shows_faults_notes_and_json(run: Callable[..., Any], tmp_path: Path) -> None:
    options = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "2", "--out", tmp_path / "m.npz")
    odd = write(tmp_path / "odd.tsv", with_tag(rows(IOB2), 1, "0"))
    refused = run("train", odd, *options)
    assert 3 == refused.exit_code
    assert f'{odd}:4:5: not a tag of IOB2; the nearest is "O": "0"' in refused.stderr
    assert "--force" in refused.stderr
    no_span = write(tmp_path / "dev.tsv", NO_SPAN)
    forced = run("train", odd, "--dev", no_span, "--force", "--json", *options)
    assert 0 == forced.exit_code
    warning = f"warning: {odd}: 1 tag is none of IOB2, such as 0 in line 4; they are outside all spans"
    assert warning in forced.stderr.splitlines()
    assert "warning: the development data has no span, so the epoch with the lowest loss" in forced.stderr
    assert "dev loss" in forced.stderr
    document = json.loads(forced.stdout)
    assert ("loss", "f1", 0) == (
        document["metric"],
        document["dev"]["metric"],
        document["dev"]["per_type"].get("to", {}).get("gold", 0),
    )

    evaluated = run("evaluate", odd, "--model", tmp_path / "m.npz", "--json")
    assert f"warning: {odd}: 1 tag is none of IOB2, such as 0 in line 4" in evaluated.stderr.splitlines()
    other = write(tmp_path / "other.tsv", rows(Scheme.read("IOB2 b_x o")))
    refused = run("evaluate", other, "--model", tmp_path / "m.npz")
    assert (3, True) == (refused.exit_code, "the tags here are IOB2 b_x o" in refused.stderr)
