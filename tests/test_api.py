"""api.py: what the library's functions refuse, before they do anything, and how a training that is stopped ends."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import untrained_models

import rnncli
from rnncli import api, evaluation, modelfile, solving, training
from rnncli.api import Trained
from rnncli.config import NetworkSpec, TrainingSpec, TrialSpec
from rnncli.data import reading
from rnncli.data.sentence import Sentence, check
from rnncli.errors import FileError, RnncliError, StoppedError, UsageError
from rnncli.model import Model
from rnncli.tagging import Tagger
from rnncli.training import Epoch, Listener

SMALL: dict[str, Any] = {"hidden": 4, "embedding": 4, "ngram": 4, "epochs": 2, "batch": 4}
SENTENCE = Sentence(["leave", "Taipei"], ["O", "B-x"], [(), ()], 1)


class Stopping(Listener):
    """Stops a training after so many batches."""

    def __init__(self, batches: int) -> None:
        self.batches = batches
        self.epochs: list[Epoch] = []

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)

    def should_stop(self) -> bool:
        self.batches -= 1
        return self.batches < 0


def refused(call: Callable[[], Any], message: str) -> None:
    """The call is a UsageError with just this message."""
    with pytest.raises(UsageError) as caught:
        call()
    assert message == str(caught.value)


NUMBERS = [0, -1, 1.5, 2.0, True, np.True_, None, "2", [1]]


@pytest.mark.parametrize("odd", NUMBERS)
def test_a_number_of_runs_is_a_whole_number_from_1_on(booking_tsv: Path, tmp_path: Path, odd: Any) -> None:
    message = f"seeds: expected a whole number of at least 1, got {odd!r}\n  it is how many runs there are"
    refused(lambda: rnncli.train(booking_tsv, out=tmp_path / "model.npz", seeds=odd, **SMALL), message)
    refused(lambda: solving.solve("copy", TrialSpec(), seeds=odd), message)
    assert [] == list(tmp_path.iterdir())


def test_the_last_seed_is_a_seed_too(booking_tsv: Path, tmp_path: Path) -> None:
    listener = Stopping(10**9)
    with pytest.raises(UsageError, match=f"--seed: {2**63} is out of range"):
        rnncli.train(booking_tsv, out=tmp_path / "model.npz", seeds=2, seed=2**63 - 1, listener=listener, **SMALL)
    assert [] == listener.epochs  # it is refused before the first run


def test_numbers_of_numpy_make_the_same_model(booking_tsv: Path, tmp_path: Path) -> None:
    """They come from grids of settings, say."""
    of_numpy = {name: np.int64(value) for name, value in SMALL.items()}
    sums = [
        rnncli.train(booking_tsv, booking_tsv, tmp_path / "model.npz", seeds=runs, force=True, **options).sha256
        for runs, options in (
            (1, SMALL | {"learning_rate": 0.25, "arch": "elman"}),
            (np.int32(1), of_numpy | {"learning_rate": np.float32(0.25), "arch": np.str_("elman")}),
        )
    ]
    assert sums[0] == sums[1]


FILES: list[tuple[Any, str]] = [
    (3, "got 3\n  give it as a text or a pathlib.Path"),
    (b"model.npz", "got b'model.npz'\n  give it as a text or a pathlib.Path"),
    (["a.tsv"], "got ['a.tsv']\n  give it as a text or a pathlib.Path"),
    (True, "got True\n  give it as a text or a pathlib.Path"),
    ("", "got ''"),
    ("a\0b", "got 'a\\x00b'"),
    ("\ud800", "got '\\ud800'"),
]


@pytest.mark.parametrize(("odd", "got"), FILES)
def test_a_file_has_a_name(booking_tsv: Path, tmp_path: Path, tiny: Model, odd: Any, got: str) -> None:
    files: dict[str, Any] = {"data": booking_tsv, "out": tmp_path / "model.npz"}
    for name in set(api.Files._fields) - {"data", "dev"}:  # which may be sentences: tests/python/test_given.py
        message = f"{name}: expected the name of a file, {got}"
        refused(lambda name=name: rnncli.train(**(files | {name: odd}), **SMALL), message)  # type: ignore[misc]
    for load in (rnncli.load, modelfile.load):
        refused(lambda load=load: load(odd), f"model: expected the name of a file, {got}")  # type: ignore[misc]
    refused(lambda: modelfile.save(tiny, odd), f"path: expected the name of a file, {got}")
    assert [] == list(tmp_path.iterdir())


def test_a_model_is_written_somewhere(booking_tsv: Path, tmp_path: Path) -> None:
    odd: Any = None
    refused(
        lambda: rnncli.train(booking_tsv, out=odd, **SMALL),
        "out: expected the name of a file, got None\n  give it as a text or a pathlib.Path",
    )
    with pytest.raises(FileError, match="is a directory, not a file name"):
        rnncli.train(booking_tsv, out=tmp_path, **SMALL)


@pytest.mark.parametrize("odd", [3, print, Listener, object()])
def test_what_reports_is_a_listener(booking_tsv: Path, tmp_path: Path, odd: Any) -> None:
    for call in (
        lambda: rnncli.train(booking_tsv, out=tmp_path / "model.npz", listener=odd, **SMALL),
        lambda: training.train(
            untrained_models.untrained(), [SENTENCE], threads=1, score=lambda _: 0, listener=odd
        ),
    ):
        with pytest.raises(UsageError, match=r"^listener: expected a Listener, got "):
            call()


def test_settings_are_specs(booking_tsv: Path, tmp_path: Path) -> None:
    files, network, settings = api.Files(booking_tsv, out=tmp_path / "model.npz"), NetworkSpec(), TrainingSpec()
    odd: Any = {"hidden": 3}
    for call, name in (
        (lambda: api.train_files(odd, network, settings), "files: expected a Files"),
        (lambda: api.train_files(files, odd, settings), "network_spec: expected a NetworkSpec"),
        (lambda: api.train_files(files, network, odd), "training_spec: expected a TrainingSpec"),
        (lambda: training.prepare([SENTENCE], odd, settings), "network: expected a NetworkSpec"),
        (lambda: training.prepare([SENTENCE], network, odd), "training: expected a TrainingSpec"),
        (lambda: training.prepare([SENTENCE], network, settings, odd), "vectors: expected a Vectors"),
        (lambda: solving.solve("copy", odd), "trial: expected a TrialSpec"),
    ):
        with pytest.raises(UsageError, match=f"^{name}, got {{'hidden': 3}}"):
            call()


ODD_SENTENCES: list[tuple[Any, str]] = [
    (None, "sentences: expected labelled sentences, got None"),
    ("leave", "sentences: expected labelled sentences, got 'leave'"),
    (["leave"], "sentence: expected a Sentence of rnncli.data.sentence, got 'leave'\n  HINT"),
    ([["leave"]], "sentence: expected a Sentence of rnncli.data.sentence, got ['leave']\n  HINT"),
    ([SENTENCE._replace(tokens="leave")], "tokens: expected a list of texts, got 'leave'\n  HINT"),
    ([SENTENCE._replace(tokens=["leave", 3])], "tokens, number 2: expected a text, got 3"),
    ([SENTENCE._replace(tags=["O"])], "tags: expected as many as tokens, which are 2, got ['O']\n  HINT"),
    ([SENTENCE._replace(tags=["O", None])], "tags, number 2: expected a text, got None"),
    ([SENTENCE._replace(columns=[()])], "columns: expected as many as tokens, which are 2, got [()]\n  ROWS"),
    ([SENTENCE._replace(columns=["x", "y"])], "columns: expected a list of texts, got 'x'\n  ROWS"),
    ([SENTENCE._replace(columns=[("x",), (3,)])], "columns, number 1: expected a text, got 3"),
]  # fmt: skip


@pytest.mark.parametrize(("odd", "message"), ODD_SENTENCES)
def test_labelled_sentences_have_a_tag_for_each_token(tiny: Model, odd: Any, message: str) -> None:
    hints = {"HINT": "a sentence is Sentence(tokens, tags, columns, line)", "ROWS": "give a tuple for each token"}
    message = re.sub("HINT|ROWS", lambda found: hints[found[0]], message)
    refused(lambda: evaluation.evaluate(tiny, odd), message)
    refused(lambda: training.prepare(odd, NetworkSpec(), TrainingSpec()), message)
    refused(lambda: training.train(tiny, odd, threads=1, score=lambda _: 0.0), message)


def test_a_training_needs_a_token_and_a_score() -> None:
    message = "sentences: expected at least one token, got []"
    refused(lambda: training.prepare([], NetworkSpec(), TrainingSpec()), message)
    odd: Any = 0.5
    message = "score: expected a function of the model, got 0.5"
    refused(
        lambda: training.train(untrained_models.untrained(), [SENTENCE], threads=1, score=odd),
        message,
    )


def test_sentences_may_come_from_anywhere_and_need_no_rows_for_columns_that_are_not_there(tiny: Model) -> None:
    scores = evaluation.evaluate(tiny, [SENTENCE])
    assert scores == evaluation.evaluate(tiny, iter([SENTENCE._replace(columns=[])]))  # type: ignore[arg-type]
    model = training.prepare([SENTENCE._replace(columns=[])], NetworkSpec(hidden=4), TrainingSpec(epochs=1))
    assert model == training.prepare((SENTENCE,), NetworkSpec(hidden=4), TrainingSpec(epochs=1))
    assert 1 == training.train(model, iter([SENTENCE]), threads=1, score=lambda _: 0.0).epochs  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", [None, "model.npz", Tagger])
def test_a_model_is_a_model(tmp_path: Path, odd: Any) -> None:
    for call in (
        lambda: Tagger(odd),
        lambda: evaluation.evaluate(odd, [SENTENCE]),
        lambda: training.train(odd, [SENTENCE], threads=1, score=lambda _: 0.0),
        lambda: modelfile.save(odd, tmp_path / "model.npz"),
    ):
        with pytest.raises(UsageError, match=r"^model: expected a Model, got "):
            call()


def test_a_task_is_one_that_there_is() -> None:
    refused(
        lambda: solving.solve("coppy", TrialSpec()),
        "task: expected the name of a task, got 'coppy'\n  did you mean \"copy\"?",
    )
    for odd in ([0], [2.5], 5, "5"):
        with pytest.raises(UsageError, match=r"^delays?: expected "):
            solving.solve("copy", TrialSpec(), delays=odd)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="sentences: expected a whole number of at least 1, got 0"):
        solving.solve("copy", TrialSpec(), sentences=0)


@pytest.mark.parametrize("batches", [0, 3])
def test_a_training_that_is_stopped_before_it_has_anything_says_so(
    booking_tsv: Path, tmp_path: Path, batches: int
) -> None:
    """Not by KeyboardInterrupt, which would end the program that asked for it."""
    listener, out = Stopping(batches), tmp_path / "model.npz"
    with pytest.raises(StoppedError, match="stopped before its first epoch was over") as caught:
        rnncli.train(booking_tsv, booking_tsv, out, listener=listener, seeds=3, force=True, **SMALL)
    assert isinstance(caught.value, RnncliError)
    assert (130, [], -1) == (caught.value.exit_code, listener.epochs, listener.batches)
    assert not out.exists()


def test_a_training_that_is_stopped_later_keeps_its_best_epoch(booking_tsv: Path, tmp_path: Path) -> None:
    out, batches = tmp_path / "model.npz", -(-30 // SMALL["batch"])
    trained = rnncli.train(booking_tsv, booking_tsv, out, listener=Stopping(batches), force=True, **SMALL)
    assert (True, 1) == (trained.result.interrupted, trained.result.epochs)
    assert trained.model == modelfile.load(out)


def test_an_interrupt_of_the_user_stays_one(booking_tsv: Path, tmp_path: Path) -> None:
    class Interrupted(Listener):
        def should_stop(self) -> bool:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rnncli.train(booking_tsv, booking_tsv, tmp_path / "model.npz", listener=Interrupted(), force=True, **SMALL)


def test_without_a_name_the_shipped_model_is_loaded(trained: Trained) -> None:
    assert "departure_time" in {tag.removeprefix("B-") for tag in rnncli.load().model.tags}
    assert rnncli.load() == rnncli.load(None)
    assert trained.model == rnncli.load(trained.path).model == rnncli.load(str(trained.path)).model


def test_sentences_of_a_file_are_as_they_are_checked(booking_tsv: Path) -> None:
    for sentence in reading.read(str(booking_tsv)).sentences:
        assert sentence is check(sentence)


@pytest.mark.parametrize(
    ("old", "new"), [("input", "features"), ("output", "decoder"), ("decoding", "transitions")]
)
def test_an_old_option_is_refused_with_the_new_one(old: str, new: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f'unknown option "{old}"\n  it is now "{new}"'):
        api.train(out=tmp_path / "model.npz", **{old: "x"})
    assert [] == list(tmp_path.iterdir())


def test_scores_of_very_many_types_are_not_in_the_file(
    booking_tsv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its header could be larger than a reader allows, and the model would be lost."""
    monkeypatch.setattr(api, "MOST_TYPES", 1)
    trained = api.train(
        booking_tsv, booking_tsv, tmp_path / "m.npz", hidden=4, embedding=4, ngram=4, epochs=1, force=True
    )
    stored = modelfile.load(tmp_path / "m.npz").provenance["dev"]
    assert {**trained.dev.as_dict(), "per_type": {}} == stored
    assert len(trained.dev.per_type) > 1
