"""A training that was stopped after any batch and resumed gives the bytes of one that was not stopped."""

import contextlib
import dataclasses
import itertools
import math
import pickle
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NETWORKS
from promises import Cases

from rnncli import api, checkpoint
from rnncli.api import Trained, checkpoint_of
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.errors import ModelError, RnncliError, StoppedError, UsageError
from rnncli.kernels.optimiser import OPTIMISERS
from rnncli.training import Epoch, Listener, Resumed


class Stopping(Listener):
    """Stops a training after some batches, and notes the events."""

    def __init__(self, batches: float = math.inf) -> None:
        self.batches = batches
        self.epochs: list[tuple[Any, ...]] = []
        self.warnings: list[str] = []
        self.resumptions: list[Resumed] = []

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.batches -= 1

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append((epoch.number, epoch.loss, epoch.score, epoch.clipped, epoch.is_kept))

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def resumed(self, resumed: Resumed) -> None:
        self.resumptions.append(resumed)

    def should_stop(self) -> bool:
        return self.batches <= 0


SMALL: dict[str, Any] = {
    "hidden": 4,
    "embedding": 3,
    "ngram": 3,
    "column": 2,
    "batch": 8,
    "epochs": 2,
    "force": True,
}


@pytest.fixture
def files(tmp_path: Path, booking_text: str) -> tuple[Path, Path]:
    """Training data of 30 sentences with a column, four batches, and development data."""
    rows = booking_text.replace("\t", "\tc\t")
    train, dev = tmp_path / "train.tsv", tmp_path / "dev.tsv"
    train.write_text(rows)
    dev.write_text("\n\n".join(rows.split("\n\n")[::3]) + "\n")
    return train, dev


def steadily(files: tuple[Path, Path], out: Path, **options: Any) -> tuple[Trained, Stopping]:
    """A training that is not stopped."""
    listener = Stopping()
    return api.train(*files, out, listener=listener, **(SMALL | options)), listener


def piecewise(
    files: tuple[Path, Path], out: Path, lengths: Callable[[int], int] = lambda part: 1, **options: Any
) -> tuple[Trained, Stopping, int]:
    """The same in parts of so many batches, with another number of threads each; also how many parts there were."""
    events = Stopping()
    for part in itertools.count():
        listener = Stopping(lengths(part))
        listener.epochs = events.epochs
        try:
            given = {"threads": 1 + part % 2, **SMALL, **options}
            trained = api.train(*files, out, listener=listener, resume=True, **given)
        except StoppedError:
            assert checkpoint_of(out).exists()
            continue
        if not trained.stopped:
            return trained, events, part + 1
        assert checkpoint_of(out) == trained.checkpoint
    raise AssertionError


@pytest.mark.promise("resume")
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_stopped_after_every_batch(
    arch: str, cell: str, files: tuple[Path, Path], tmp_path: Path, long: bool, cases: Cases
) -> None:
    """Every network with every optimiser and decoder; by default each with one of them."""
    kinds = list(itertools.product(OPTIMISERS, ("softmax", "crf")))
    number = NETWORKS.index((arch, cell))
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("Taipei\tcity\nNovember\tmonth\n")
    for optimiser, decoder in kinds if long else [kinds[number % len(kinds)]]:
        options = {"arch": arch, "cell": cell, "optimiser": optimiser, "decoder": decoder}
        options |= {"unknown": 0.5, "feedback": "mixed", "layers": 1 + number % 2, "class_weight": "balanced"}
        options |= {"lexicon": lexicon}
        whole, expected = steadily(files, tmp_path / "whole.npz", **options)
        resumed, events, parts = piecewise(files, tmp_path / "parts.npz", **options)
        assert 8 == parts - 1  # and one that only scores
        assert whole.path.read_bytes() == resumed.path.read_bytes()
        assert expected.epochs == events.epochs
        assert not checkpoint_of(resumed.path).exists()
        cases.add(parts)


@pytest.mark.promise("resume")
def test_stopped_once_after_each_batch(files: tuple[Path, Path], tmp_path: Path, long: bool, cases: Cases) -> None:
    """Over as many epochs as help, of which the best is not the last, and with a log of gradients."""
    options = {"epochs": 0, "patience": 2, "learning_rate": 0.8, "seed": 12, "hidden": 6, "neighbours": "joined"}
    logs = [tmp_path / "whole.json", tmp_path / "parts.json"]
    options["exchange"] = 0.0
    options["dropout"] = 0.5
    whole, expected = steadily(files, tmp_path / "whole.npz", log_gradients=logs[0], **options)
    assert (2, 4) == (whole.result.best_epoch, whole.result.epochs)
    for batches in range(1, 17, 1 if long else 3):
        lengths = [batches, 1000]
        resumed, events, parts = piecewise(
            files, tmp_path / "parts.npz", lengths.__getitem__, log_gradients=logs[1], **options
        )
        assert 2 == parts
        assert whole.sha256 == resumed.sha256
        assert expected.epochs == events.epochs
        assert logs[0].read_bytes() == logs[1].read_bytes()
        assert outcome(whole) == outcome(resumed)
        cases.add()


def outcome(trained: Trained) -> dict[str, Any]:
    """The JSON of a training without its name and times."""
    times = ("model", "seconds", "tokens_per_second", "time", "history")
    document = {k: v for k, v in trained.as_dict().items() if k not in times}
    if document["refit"]:
        del document["refit"]["seconds"]
    return document


@pytest.mark.promise("resume")
def test_several_seeds(files: tuple[Path, Path], tmp_path: Path, cases: Cases) -> None:
    options = {"seeds": 3, "learning_rate": 0.05, "seed": 3}
    whole, expected = steadily(files, tmp_path / "whole.npz", **options)
    assert 3 == whole.best.seed  # the first, so its weights are in every checkpoint after it
    resumed, events, parts = piecewise(files, tmp_path / "parts.npz", lambda part: 1 + part % 5, **options)
    cases.add(parts)
    assert whole.sha256 == resumed.sha256
    assert expected.epochs == events.epochs
    assert outcome(whole) == outcome(resumed)


@pytest.mark.promise("resume")
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_in_the_refit(optimiser: str, files: tuple[Path, Path], tmp_path: Path, cases: Cases) -> None:
    """Of two seeds, and after every batch: the refit has words that the model before it does not have."""
    alone = files[0], None
    options = {"seeds": 2, "epochs": 4, "dev_share": 0.5, "optimiser": optimiser, "class_weight": "balanced"}
    whole, _ = steadily(alone, tmp_path / "whole.npz", **options)
    assert 30 == whole.refit.sentences
    resumed, _, parts = piecewise(alone, tmp_path / "parts.npz", **options)
    cases.add(parts)
    assert whole.sha256 == resumed.sha256
    assert outcome(whole) == outcome(resumed)
    without, _ = steadily(alone, tmp_path / "without.npz", refit="no", **options)
    assert without.model.parameters.flat.size < whole.model.parameters.flat.size
    assert without.dev == whole.dev


def stopped(files: tuple[Path, Path | None], out: Path, batches: int = 5, **options: Any) -> Path:
    """The checkpoint of a training that was stopped."""
    with contextlib.suppress(StoppedError):
        api.train(*files, out, listener=Stopping(batches), **(SMALL | options))
    return checkpoint_of(out)


def test_it_says_from_where_it_goes_on(files: tuple[Path, Path], tmp_path: Path) -> None:
    path = stopped(files, tmp_path / "m.npz", 6)
    listener = Stopping()
    api.train(*files, tmp_path / "m.npz", listener=listener, resume=True, **SMALL)
    (resumed,) = listener.resumptions
    assert (str(path), 1, 1, 2, 4) == (
        resumed.checkpoint,
        resumed.seed,
        resumed.progress.epochs,
        resumed.progress.batches,
        resumed.batches,
    )


def test_without_a_word_a_checkpoint_is_neither_used_nor_lost(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "m.npz"
    content = stopped(files, out).read_bytes()
    with pytest.raises(UsageError, match=r"m\.npz\.checkpoint: is the checkpoint of a training that was stopped"):
        api.train(*files, out, **SMALL)
    assert content == checkpoint_of(out).read_bytes()
    whole, _ = steadily(files, tmp_path / "whole.npz")
    assert whole.sha256 == api.train(*files, out, resume=False, **SMALL).sha256
    assert not checkpoint_of(out).exists()


def test_where_there_is_none_resume_begins(files: tuple[Path, Path], tmp_path: Path) -> None:
    whole, _ = steadily(files, tmp_path / "whole.npz")
    assert whole.sha256 == steadily(files, tmp_path / "m.npz", resume=True)[0].sha256


def test_no_checkpoint_is_written_where_none_is_wanted(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert not stopped(files, tmp_path / "m.npz", checkpoint_every=0).exists()
    with pytest.raises(UsageError, match="resume: expected True, False or None, got 'yes'"):
        api.train(*files, tmp_path / "n.npz", resume="yes", **SMALL)  # type: ignore[arg-type]
    for odd in (-1, math.nan, math.inf, "1", True):
        with pytest.raises(UsageError, match="checkpoint_every"):
            api.train(*files, tmp_path / "n.npz", checkpoint_every=odd, **SMALL)


# Of every option another value than the usual one, which the data allow.
OTHERS: dict[str, Any] = {
    "arch": "elman", "cell": "gru", "layers": 2, "hidden": 5, "activation": "relu", "features": "embedding",
    "window": 0, "neighbours": "added", "embedding": 4, "ngram": 4, "column": 3, "digits": "keep",
    "decoder": "softmax", "transitions": "any",
    "epochs": 3, "patience": 3, "batch": 7, "optimiser": "sgd", "learning_rate": 0.5,
    "warmup": 0.5, "dropout": 0.25, "feedback": "gold", "class_weight": "balanced", "pretrained": "tuned",
    "unknown": 0.5, "exchange": 0.5, "clip": 0.5, "omega": 0.0, "recurrent_init": "glorot", "dev_share": 0.25,
    "refit": "yes", "seed": 2, "scheme": "IOB2", "tokenizer": "whitespace",
}  # fmt: skip


def test_other_options_are_refused_one_by_one(files: tuple[Path, Path], tmp_path: Path, cases: Cases) -> None:
    names = {item.name for spec in (NetworkSpec, TrainingSpec) for item in dataclasses.fields(spec)}
    assert names == OTHERS.keys()
    path = stopped(files, tmp_path / "m.npz", arch="bidirectional", cell="simple", omega=0.5)
    content = path.read_bytes()
    for name, value in {**OTHERS, "seeds": 2}.items():
        given = {**SMALL, "arch": "bidirectional", "cell": "simple", "omega": 0.5, name: value}
        with pytest.raises(UsageError) as caught:
            api.train(*files, tmp_path / "m.npz", resume=True, **given)
        assert re.search(rf"of another training: --{name.replace('_', '-')} \S+ → {value}$", caught.value.message)
        assert content == path.read_bytes()
        cases.add()


def test_other_data_are_refused(files: tuple[Path, Path], tmp_path: Path, booking_text: str) -> None:
    vectors, weights, out = tmp_path / "vectors.txt", tmp_path / "weights.tsv", tmp_path / "m.npz"
    vectors.write_text("leave 1 2\narrive 3 4\n")
    weights.write_text("O\t2\n")
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("Taipei\tcity\n")
    options = SMALL | {"vectors": vectors, "class_weight": str(weights), "lexicon": lexicon}
    path = stopped(files, out, **options)
    other = tmp_path / "other.tsv"
    other.write_text(files[0].read_text().replace("hello", "hallo"))
    more = tmp_path / "more.txt"
    more.write_text("leave 1 2\narrive 3 5\n")
    heavy = tmp_path / "heavy.tsv"
    heavy.write_text("O\t3\n")
    phrases = tmp_path / "phrases.tsv"
    phrases.write_text("Taipei\tplace\n")
    for data, dev, changed, message in (
        (*files, {"lexicon": phrases}, "other lexicon"),
        (other, files[1], {}, "other training data"),
        (files[0], files[0], {}, "other development data"),
        (*files, {"vectors": more}, "other word vectors"),
        (*files, {"class_weight": str(heavy)}, "other class weights"),
        (*files, {"class_weight": "none"}, "--class-weight file → none; other class weights"),
        (other, files[1], {"hidden": 9}, "--hidden 4 → 9; other training data"),
    ):
        with pytest.raises(UsageError, match=f"a checkpoint of another training: {message}\n"):
            api.train(data, dev, out, resume=True, **(options | changed))
    moved = [tmp_path / f"moved-{file.name}" for file in (*files, vectors, weights)]
    for old, new in zip((*files, vectors, weights), moved, strict=True):
        old.rename(new)
    given = options | {"vectors": moved[2], "class_weight": str(moved[3])}
    csv = tmp_path / "train.csv"
    rows = [line.replace("\t", ",") for line in moved[0].read_text().splitlines()]
    csv.write_text("token,c,tag\n" + "\n".join(rows) + "\n")
    reading = ReadOptions(columns="token=1,tag=3,c=2")
    assert path.exists()
    assert api.train(csv, moved[1], out, resume=True, read_options=reading, **given).stopped is None


def test_another_seed_is_not_called_other_data(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "m.npz"
    stopped((files[0], None), out)  # so the seed decides which sentences are development data
    for name, value, before in (("seed", 2, "1"), ("dev_share", 0.5, r"0\.0")):
        message = f"of another training: --{name.replace('_', '-')} {before} → {value}\n"
        with pytest.raises(UsageError, match=message):
            api.train(files[0], None, out, resume=True, **(SMALL | {name: value}))


@pytest.mark.parametrize("megabytes", [0.1, 2.0])
def test_the_first_checkpoint_of_a_usual_model_is_written_after_seconds_at_most(
    megabytes: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: seconds[0])
    saver = checkpoint.Checkpoint(tmp_path / "m.npz", 0.001, print)
    saver.begin(checkpoint.Finished([], [], None), np.zeros(int(megabytes * 250_000), np.float32))
    seconds[0] = 0.05
    assert not saver.is_due()
    seconds[0] = megabytes
    assert saver.is_due()


def test_another_version_is_refused(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stopped(files, tmp_path / "m.npz")
    saved = checkpoint.read(path)
    checkpoint.write(path, saved._replace(identity=saved.identity._replace(version="0.0.1")))
    with pytest.raises(UsageError, match=r"another training: rnncli 0\.0\.1 → \d"):
        api.train(*files, tmp_path / "m.npz", resume=True, **SMALL)


@pytest.mark.promise("damaged")
def test_a_damaged_checkpoint_is_refused_or_harmless(
    files: tuple[Path, Path], tmp_path: Path, long: bool, cases: Cases
) -> None:
    out = tmp_path / "m.npz"
    content = stopped(files, out).read_bytes()
    whole, _ = steadily(files, tmp_path / "whole.npz")
    draw = random.Random(1)
    for _ in range(2000 if long else 100):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        checkpoint_of(out).write_bytes(damaged[: draw.choice([None, None, draw.randrange(len(content))])])
        try:
            assert whole.sha256 == api.train(*files, out, resume=True, **SMALL).sha256
        except RnncliError as error:
            assert isinstance(error, ModelError | UsageError), error
            assert "--restart" in error.hint
        cases.add()


BAD_STATES: list[tuple[str, Any]] = [
    ("epochs", -1), ("epochs", 3), ("epochs", True), ("epochs", 2**63), ("epochs", "1"), ("epochs", None),
    ("batches", 5), ("loss", 1), ("loss", "nan"), ("best_epoch", 2), ("best_score", None), ("random", [1, 2, 3]),
    ("random", [2**128, 1, 0, 0]), ("random", [1, 1, 2, 0]), ("order", {}), ("steps", 1.5), ("new", 1), ("end", -1),
    ("fall", 0.5), ("spent", "1"), ("scoring_seconds", None), ("limited_fall", 1),
]  # fmt: skip


@pytest.mark.promise("hostile-text")
@pytest.mark.parametrize(("key", "value"), BAD_STATES)
def test_a_hostile_state_is_refused(
    key: str, value: Any, files: tuple[Path, Path], tmp_path: Path, forge: Callable[..., Path]
) -> None:
    out = tmp_path / "m.npz"
    path = stopped(files, out)
    forge(lambda header, members: header["state"].update({key: value}), of=path).replace(path)
    with pytest.raises(ModelError, match=r"m\.npz\.checkpoint"):
        api.train(*files, out, resume=True, **SMALL)


def changed(**values: Any) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    return lambda header, members: header.update(values)


@pytest.mark.promise("hostile-text")
@pytest.mark.parametrize(
    "change",
    [
        changed(kind="model"),
        changed(format=1),
        changed(format=True),
        changed(parameters=10**12),
        changed(parameters=1),
        changed(finished=1),
        changed(finished=None),
        changed(runs=[{}]),
        changed(runs={}),
        changed(runs=[{"seed": 1, "f1": 0.5, "result": {"epochs": 1}}]),
        changed(failures=[{"seed": "1", "text": "", "diverged": False}]),
        changed(options=[]),
        changed(extra=1),
        lambda header, members: members.pop("m.npy"),
        lambda header, members: members.update({"more.npy": members["m.npy"]}),
        lambda header, members: members.update({"m.npy": members["m.npy"][:-4] + b"\x00\x00\xc0\x7f"}),
    ],
)
def test_a_hostile_checkpoint_is_refused(
    change: Any, files: tuple[Path, Path], tmp_path: Path, forge: Callable[..., Path]
) -> None:
    path = stopped(files, tmp_path / "m.npz")
    forge(change, of=path).replace(path)
    with pytest.raises(RnncliError) as caught:
        api.train(*files, tmp_path / "m.npz", resume=True, **SMALL)
    assert isinstance(caught.value, ModelError | UsageError)


def test_neither_is_the_other(files: tuple[Path, Path], tmp_path: Path, trained: Trained) -> None:
    path = stopped(files, tmp_path / "m.npz")
    with pytest.raises(
        ModelError, match="the checkpoint of a training, not a model\n  rnncli train --resume goes on"
    ):
        api.load(path)
    for content in (trained.path.read_bytes(), pickle.dumps({1: 2}), b"hello"):
        path.write_bytes(content)
        for force in (True, False):
            with pytest.raises(ModelError, match=r"m\.npz\.checkpoint: .*not a "):
                api.train(*files, tmp_path / "m.npz", resume=True, **(SMALL | {"force": force}))
        assert content == path.read_bytes()


def test_a_checkpoint_holds_no_pickle(files: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(stopped(files, tmp_path / "m.npz")) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                np.load(member, allow_pickle=False)
