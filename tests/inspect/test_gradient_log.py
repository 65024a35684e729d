"""A training that is logged is the same training; the log is whole after every epoch."""

import json

import pytest

from rnncli import api, seeds, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.errors import DataError, FileError
from rnncli.inspect import gradient_log
from rnncli.inspect.gradients import curves
from rnncli.resources import bundled

SPEC = {"hidden": 5, "embedding": 4, "ngram": 4, "epochs": 2, "batch": 8}


@pytest.fixture(scope="module")
def sentences():
    return reading.read(str(bundled("sample_data/train.tsv"))).sentences


@pytest.mark.parametrize(
    ("arch", "feedback"), [("bidirectional", "predicted"), ("hybrid", "mixed"), ("fnn", "gold")]
)
def test_the_log_changes_no_byte_of_the_model(arch, feedback, booking_tsv, tmp_path):
    log, made = tmp_path / "log.json", []
    for number, chosen in enumerate([None, log]):
        out = tmp_path / f"{number}.npz"
        api.train(booking_tsv, None, out, log_gradients=chosen, arch=arch, feedback=feedback, **SPEC)
        made.append(out.read_bytes())
    assert made[0] == made[1]
    (run,) = gradient_log.read(str(log))["runs"]
    assert [1, 2] == [epoch["number"] for epoch in run["epochs"]]
    assert (arch == "fnn") == (not run["epochs"][0]["curves"])


def test_the_file_is_whole_and_up_to_date_whenever_an_epoch_ends(booking_tsv, tmp_path):
    log, seen = tmp_path / "log.json", []

    class Watch(api.Listener):
        def batch(self, epochs, tokens_per_second):
            done = (
                [len(run["epochs"]) for run in json.loads(log.read_text("utf-8"))["runs"]] if log.exists() else []
            )
            seen.append((int(epochs - 1e-9), done))

    api.train(booking_tsv, None, tmp_path / "m.npz", 1, Watch(), seeds=2, log_gradients=log, **SPEC)
    first = [done for epochs, done in seen if epochs == 0]
    assert [] in first
    assert [2] in first  # the second run begins
    assert {(1,), (2, 1)} == {tuple(done) for epochs, done in seen if epochs == 1}
    assert [2, 2] == [len(run["epochs"]) for run in gradient_log.read(str(log))["runs"]]
    assert sorted(["log.json", "m.npz"]) == sorted(path.name for path in tmp_path.iterdir() if path != booking_tsv)


def test_what_is_logged_is_the_sample_seen_by_the_model_of_that_epoch(sentences, tmp_path):
    path, chosen, reports = tmp_path / "log.json", gradient_log.sample(sentences[:300], 5), []
    settings = {"epochs": 2, "batch": 8, "clip": 0.2}
    model = training.prepare(sentences[:300], NetworkSpec(arch="elman", hidden=5), TrainingSpec(**settings))
    log = gradient_log.Log(path, chosen)
    log.begin(5)

    class Logging(training.Listener):
        def epoch(self, epoch):
            log.add(model, epoch.number, epoch.loss, epoch.score, epoch.steps, epoch.clipped)
            reports.append((epoch, curves(model, chosen)))

    training.train(model, sentences[:300], threads=1, score=lambda _: 0.5, listener=Logging())
    shown = json.loads(path.read_text("utf-8"))
    assert {"sentences": 64, "tokens": sum(len(s.tokens) for s in chosen)} == shown["sample"]
    assert 5 == shown["runs"][0]["seed"]
    for row, (epoch, found) in zip(shown["runs"][0]["epochs"], reports, strict=True):
        assert [epoch.loss, 0.5, epoch.steps, epoch.clipped] == [
            row[key] for key in ("loss", "score", "steps", "clipped")
        ]
        assert 0 < epoch.clipped <= epoch.steps
        assert [(c.name, c.path, c.mean, c.left) for c in found] == [tuple(c.values()) for c in row["curves"]]
    assert reports[0][1] != reports[1][1]


def test_the_sample_is_drawn_by_the_seed(sentences):
    one, same, other = (gradient_log.sample(sentences, seed) for seed in (1, 1, 2))
    assert one == same != other
    assert 64 == len(one) == len({sentence.line for sentence in one})
    assert sentences[:3] == gradient_log.sample(sentences[:3], 1)


def test_a_place_that_cannot_be_written_is_told_before_training(booking_tsv, tmp_path):
    with pytest.raises(FileError, match="is a directory"):
        api.train(booking_tsv, None, tmp_path / "m.npz", log_gradients=tmp_path, **SPEC)
    assert not (tmp_path / "m.npz").exists()


GOOD = {
    "version": 1,
    "sample": {},
    "runs": [
        {
            "seed": 1,
            "epochs": [
                {
                    "number": 1, "loss": 1.0, "score": 0.5, "steps": 3, "clipped": 0,
                    "curves": [{"name": "layer 1", "path": "all", "mean": [1.0, None], "left": [1.0, 0.0]}],
                }
            ],
        }
    ],
}  # fmt: skip


def test_a_map_has_a_row_for_each_epoch(tmp_path):
    path = tmp_path / "log.json"
    path.write_text(json.dumps(GOOD), "utf-8")
    (only,) = gradient_log.maps(gradient_log.read(str(path)))
    assert (1, "layer 1", "all") == (only.seed, only.name, only.path)
    assert [(1, [1.0, None])] == [(epoch["number"], curve["mean"]) for epoch, curve in only.rows]


def changed(**what):
    epoch = GOOD["runs"][0]["epochs"][0]
    return {**GOOD, "runs": [{"seed": 1, "epochs": [{**epoch, **what}]}]}


def with_curve(**what):
    curve = GOOD["runs"][0]["epochs"][0]["curves"][0]
    return changed(curves=[{**curve, **what}])


WRONG = {
    "empty": (b"", ":1:1: not a log of gradients: it does not begin with {"),
    "not UTF-8": (b'{"a": "\xff"}', ": not a log of gradients: it is not UTF-8"),
    "a list": (b"[]", ":1:1: not a log of gradients: it does not begin with {"),
    "cut off": (b'{"version": 1,\n "runs"', ":2:8: not a log of gradients: not JSON: expecting ':' delimiter"),
    "deep": (b'{"runs": ' + b"[" * 100_000, ": not a log of gradients: it is nested too deeply"),
    "long number": (
        b'{"version": ' + b"1" * 5_000 + b"}",
        ": not a log of gradients: a number has too many digits",
    ),
    "NaN": (b'{"version": NaN}', "NaN is no number of JSON"),
    "no key": ({}, "version: None is not 1"),
    "newer": ({**GOOD, "version": 2}, "version: 2 is not 1\n  this rnncli reads version 1; upgrade rnncli"),
    "true": ({**GOOD, "version": True}, "version: True is not 1"),
    "no runs": ({"version": 1, "sample": {}}, "runs is missing"),
    "no sample": ({"version": 1, "runs": []}, "sample is missing"),
    "a number as run": ({**GOOD, "runs": [3]}, "runs[0] is not an object"),
    "seed": ({**GOOD, "runs": [{"seed": "x", "epochs": []}]}, "runs[0].seed is not a whole number"),
    "diverged": ({**GOOD, "runs": [{"seed": 1, "epochs": [], "diverged": 5}]}, "runs[0].diverged is not a list"),
    "negative": (changed(steps=-1), "runs[0].epochs[0].steps is not a whole number"),
    "half an epoch": (changed(number=1.5), "runs[0].epochs[0].number is not a whole number"),
    "loss": (changed(loss="much"), "runs[0].epochs[0].loss is not a number"),
    "infinite": (changed(loss=10**400), "runs[0].epochs[0].loss is not a number"),
    "curves": (changed(curves=7), "runs[0].epochs[0].curves is not a list"),
    "a text as mean": (with_curve(mean=["x", 1.0]), "curves[0].mean[0] is not a number from 0 to 1e+300"),
    "below 0": (with_curve(left=[1.0, -1.0]), "curves[0].left[1] is not a number from 0 to 1e+300"),
    "lengths": (with_curve(left=[1.0]), "curves[0].left has 1 numbers, and mean has 2"),
    "name": (with_curve(name=3), "curves[0].name is not a text"),
}


@pytest.mark.promise("hostile-text")
@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_log_is_an_error_that_says_where(content, message, tmp_path):
    path = tmp_path / "log.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(DataError) as raised:
        gradient_log.read(str(path))
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)


def test_null_stands_for_what_is_not_finite(tmp_path, run):
    path = tmp_path / "log.json"
    path.write_text(json.dumps({**with_curve(left=[1.0, None]), "runs": changed(loss=None, score=None)["runs"]}))
    result = run("inspect-gradients", "--log", path)
    assert result.exit_code == 0


def test_a_log_of_a_network_without_memory_has_nothing_to_draw(tmp_path, run):
    path = tmp_path / "log.json"
    path.write_text(json.dumps(changed(curves=[])))
    for options in ([], ["--svg", "-"]):
        result = run("inspect-gradients", "--log", path, *options)
        assert result.exit_code == 3
        assert "this log has no curve" in result.stderr


def test_a_log_hides_no_event_from_the_listener():
    read_before = {"reading", "read"}  # by then the log has not begun
    events = {name for name in vars(training.Listener) if not name.startswith("_")} - read_before
    assert events <= set(vars(seeds._Passing))
