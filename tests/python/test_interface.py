"""``import rnncli``: what it offers, how it is typed and documented, and that it does what the commands do."""

import dataclasses
import doctest
import inspect
import json
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from mypy import api as mypy

import rnncli
from rnncli import Sentence, interface, keywords
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.errors import UsageError
from rnncli.spec import Spec
from rnncli.trained import Trained
from rnncli.training import Epoch, Listener

TINY: dict[str, Any] = {"hidden": 4, "embedding": 4, "ngram": 4, "epochs": 2}
OFFERED = ["train", "load", "Tagger", "SequenceTagger", "evaluate", "read", "check", "inspect_memory"]


def python(code: str, *arguments: str, **options: Any) -> str:
    words = [sys.executable, "-c", code, *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120, **options).stdout


def test_the_package_lists_what_it_offers_and_loads_nothing_before_it_is_used() -> None:
    code = (
        "import sys, json; before = set(sys.modules); import rnncli; names = dir(rnncli)\n"
        "print(json.dumps([names, sorted(set(sys.modules) - before)]))"
    )
    names, loaded = json.loads(python(code))
    assert {*OFFERED, "inspect_gradients", "RnncliError"} <= set(names)
    assert ["rnncli"] == loaded
    for name in names:
        assert getattr(rnncli, name) is getattr(rnncli, name)
    with pytest.raises(AttributeError, match="module 'rnncli' has no attribute 'tain'"):
        rnncli.tain  # noqa: B018


def test_labelling_loads_neither_training_nor_numba() -> None:
    code = (
        "import sys, rnncli; rnncli.load().tag('leave Taipei')\n"
        "print({'numba', 'rnncli.training', 'rnncli.cli', 'typer'} & set(sys.modules))"
    )
    assert "set()\n" == python(code)


def test_the_examples_of_the_package_do_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [("leave", "Rome", "B-departure"), ("arrive", "Oslo", "B-destination")]
    Path("train.tsv").write_text("\n".join(f"{verb}\tO\n{city}\t{tag}\n" for verb, city, tag in rows), "utf-8")
    assert rnncli.__doc__
    for name in OFFERED:
        assert name in rnncli.__doc__ or name == "Tagger"
    failed, tried = doctest.testmod(rnncli)
    assert (0, True) == (failed, tried > 10)


@pytest.mark.parametrize(
    ("options", "specs"),
    [(keywords.TrainOptions, (NetworkSpec, TrainingSpec)), (keywords.FileOptions, (ReadOptions,))],
)
def test_keyword_arguments_are_the_options_of_the_specs(options: Any, specs: tuple[type[Spec], ...]) -> None:
    of_specs = {name: kind for spec in specs for name, kind in typing.get_type_hints(spec).items()}
    assert of_specs == typing.get_type_hints(options)


@pytest.mark.parametrize("function", [rnncli.train, rnncli.SequenceTagger])
def test_signature_and_help_have_every_option_with_its_default(function: Callable[..., Any]) -> None:
    shown = inspect.signature(function).parameters
    text = inspect.getdoc(function if inspect.isfunction(function) else function.__init__)
    assert text
    for item in (*dataclasses.fields(NetworkSpec), *dataclasses.fields(TrainingSpec)):
        assert (item.default, inspect.Parameter.KEYWORD_ONLY) == (shown[item.name].default, shown[item.name].kind)
        assert f"\n{item.name} " in text
        assert " ".join(item.metadata["help"].split()) in " ".join(text.split())
    assert not [p for p in shown.values() if p.kind is p.VAR_KEYWORD]
    assert max(map(len, text.splitlines())) <= 116


RIGHT = """\
import pathlib
import rnncli

data = [(["leave", "Rome"], ["O", "B-departure"])]
trained = rnncli.train(data, pathlib.Path("dev.tsv"), hidden=32, arch="elman", clip=0.5, columns="tag=ner")
tags: list[list[str]] = rnncli.SequenceTagger(hidden=8).fit([["a"]], [["O"]]).predict([["a"]])
score: float | None = rnncli.evaluate(trained, "test.tsv").f1
losses: list[float | None] = [past.loss for past in trained.history]
kind: str = rnncli.load().tag("leave Rome").spans[0].type
faults: int = rnncli.check(data, {"tokens": [["a"]], "tags": [["O"]]}).fault_count
words: list[str] = rnncli.read("train.tsv")[0].tokens
texts = rnncli.inspect_memory(trained, "leave Rome")["texts"]
curves = rnncli.inspect_gradients(None, "leave Rome").curves
"""
WRONG = {
    'rnncli.train("train.tsv", hiden=32)': 'did you mean "hidden"?',
    'rnncli.train("train.tsv", hidden="many")': 'incompatible type "str"; expected "int"',
    'rnncli.train("train.tsv", arch="elmann")': "expected \"Literal['fnn', 'elman'",
    "rnncli.train(5)": 'Argument 1 to "train" has incompatible type "int"',
    'rnncli.read("train.tsv", column="tag=2")': 'did you mean "columns"?',
    "rnncli.SequenceTagger(hiden=32)": 'did you mean "hidden"?',
}


def test_a_type_checker_knows_every_argument(tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    user.write_text("\n".join([RIGHT, *WRONG]) + "\n")
    out, err, code = mypy.run(["--strict", "--hide-error-context", str(user)])
    assert ("", 1) == (err, code)
    errors = [line for line in out.splitlines() if ": error:" in line]
    assert len(WRONG) == len(errors), out
    first = RIGHT.count("\n") + 2
    for number, message in enumerate(WRONG.values()):
        assert f":{first + number}: error:" in errors[number]
        assert message in errors[number]


class Epochs(Listener):
    """Notes the losses."""

    losses: ClassVar[list[float]] = []  # of the first seed

    def epoch(self, epoch: Epoch) -> None:
        if len(self.losses) < TINY["epochs"]:
            self.losses.append(epoch.loss)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, booking_tsv: Path) -> Trained:
    out = tmp_path_factory.mktemp("interface") / "m.npz"
    return rnncli.train(booking_tsv, booking_tsv, out, force=True, seeds=2, listener=Epochs(), **TINY)


def test_the_history_has_every_epoch_of_every_seed(own: Trained) -> None:
    assert [(1, 1), (1, 2), (2, 1), (2, 2)] == [(past.seed, past.epoch) for past in own.history]
    for run in own.runs:
        kept = next(p for p in own.history if (p.seed, p.epoch) == (run.seed, run.result.best_epoch))
        assert run.result.best_score == kept.score
    losses = [past.loss for past in own.history if past.seed == 1]
    assert losses == [pytest.approx(loss) for loss in Epochs.losses]
    rates = [past.rate for past in own.history if past.seed == 1]
    assert rates == [past.rate for past in own.history if past.seed == 2]
    assert 0 < rates[1] < rates[0] <= 0.002  # it falls to 0 after the last step
    assert all(past.seconds > 0 for past in own.history)
    rows = own.as_dict()["history"]
    assert ["seed", "epoch", "loss", "score", "seconds", "rate"] == list(rows[0])
    assert rows == [past._asdict() for past in own.history]


def test_the_history_of_a_command_is_that_of_the_function(
    run: Callable[..., Any], own: Trained, booking_tsv: Path
) -> None:
    flags = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]
    words = [
        "train",
        booking_tsv,
        "--dev",
        booking_tsv,
        "--force",
        "--seeds",
        "2",
        "--out",
        "m.npz",
        "--json",
        *flags,
    ]
    history = json.loads(run(*words).stdout)["history"]
    times = {"seconds": 0.0}
    assert [past._asdict() | times for past in own.history] == [row | times for row in history]


def test_progress_is_what_the_command_shows(
    capsys: pytest.CaptureFixture[str], booking_tsv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(**options: Any) -> str:
        capsys.readouterr()
        rnncli.train(booking_tsv, out=tmp_path / "m.npz", refit="no", **TINY, **options)
        out, err = capsys.readouterr()
        assert "" == out
        return err

    assert "" == shown()
    lines = shown(progress=True)
    for part in ("train   27 sentences", "epoch   1/2  loss ", "epoch   2/2  loss ", "saved", "rnncli tag --model"):
        assert part in lines
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)  # an interactive session
    assert "epoch   2/2  loss " in shown()
    assert "" == shown(progress=False)
    assert "" == shown(listener=Listener())
    with pytest.raises(UsageError, match="progress and listener cannot both be given"):
        shown(progress=True, listener=Listener())


def test_options_are_checked_as_those_of_the_command(tmp_path: Path) -> None:
    options: Any = {"hiden": 8}
    with pytest.raises(UsageError, match=r'unknown option "hiden"\n  did you mean "hidden"\?'):
        rnncli.train(out=tmp_path / "m.npz", **options)
    options = {"arch": "elmann"}
    with pytest.raises(UsageError, match='"elmann" is not one of its values'):
        rnncli.train(out=tmp_path / "m.npz", **options)
    options = {"colums": "tag=2"}
    with pytest.raises(UsageError, match=r'unknown setting "colums"\n  did you mean "columns"\?'):
        rnncli.read("train.tsv", **options)


def test_scores_are_those_of_the_command(run: Callable[..., Any], own: Trained, booking_tsv: Path) -> None:
    expected = json.loads(run("evaluate", booking_tsv, "--model", own.path, "--json").stdout)
    for model in (own, own.path, str(own.path), own.model, rnncli.load(own.path)):
        scores = rnncli.evaluate(model, booking_tsv).as_dict()
        assert scores == {name: expected[name] for name in scores}
    with pytest.raises(UsageError, match="model: expected a Model, got 5"):
        rnncli.evaluate(5, booking_tsv)  # type: ignore[arg-type]


def test_documents_are_those_of_the_commands(run: Callable[..., Any], own: Trained, booking_tsv: Path) -> None:
    words = ["arrive Taipei on Sunday", "leave Taipei on Sunday"]
    expected = json.loads(run("inspect-memory", *words, "--model", own.path, "--json").stdout)
    assert expected == json.loads(json.dumps(rnncli.inspect_memory(own.path, *words)))
    whole = json.loads(run("inspect-memory", "--model", own.path, "--corpus", booking_tsv, "--json").stdout)
    assert whole["corpus"] == json.loads(json.dumps(rnncli.inspect_memory(own.path, data=booking_tsv)))["corpus"]
    expected = json.loads(run("inspect-gradients", words[0], "--model", own.path, "--json").stdout)
    gradients = json.loads(json.dumps(rnncli.inspect_gradients(own, words[0]).as_dict()))
    assert gradients == {name: expected[name] for name in gradients}
    expected = json.loads(run("inspect-gradients", "--model", own.path, "--corpus", booking_tsv, "--json").stdout)
    gradients = rnncli.inspect_gradients(own, data=rnncli.read(booking_tsv)).as_dict()
    assert expected["gold"] == gradients["gold"] > 0
    both = rnncli.inspect_memory(own, words[0], compare=own.path)
    assert ["model", "m.npz"] == [both["model"]["file"], both["compare"]["model"]["file"]]


def test_questions_that_have_no_answer_are_refused(own: Trained) -> None:
    with pytest.raises(UsageError, match="expected one text or two, got 3"):
        rnncli.inspect_memory(own, "a", "b", "c")
    with pytest.raises(UsageError, match="text 2: expected a text, got 5"):
        rnncli.inspect_memory(own, "a", 5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="texts and data exclude each other"):
        rnncli.inspect_gradients(own, "a", data=[(["a"], ["O"])])
    with pytest.raises(UsageError, match="no text has a token"):
        rnncli.inspect_gradients(own, " ")


def test_a_report_is_that_of_the_command(run: Callable[..., Any], booking_tsv: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.tsv"
    wrong.write_text("leave\tO\nRome\tB_departure\nat\tO\nnoon\tB-time\n\nleave\n", "utf-8")
    expected = json.loads(run("check", booking_tsv, wrong, "--json").stdout)
    report = rnncli.check(booking_tsv, wrong).as_dict()
    for document in (expected, report):
        document["training"].pop("seconds")
    assert expected == report
    assert report["fault_count"] > 0
    bad = rnncli.check(rnncli.read(booking_tsv), [(["a", ""], ["O", "O"])])
    assert ["<data>", "<data 2>"] == [file.name for file in bad.files]
    assert 1 == bad.fault_count


def test_what_is_read_is_what_the_file_holds(booking_tsv: Path) -> None:
    sentences = rnncli.read(booking_tsv)
    assert all(isinstance(sentence, Sentence) for sentence in sentences)
    rows = ["".join(f"{t}\t{g}\n" for t, g in zip(s.tokens, s.tags, strict=True)) + "\n" for s in sentences]
    assert booking_tsv.read_text("utf-8") == "".join(rows)
    with pytest.raises(UsageError, match="<data>: format and encoding are those of a file"):
        rnncli.read(sentences, encoding="utf-8")


def test_all_of_it_is_documented() -> None:
    for name in ("train", "read", "check", "evaluate", "inspect_memory", "inspect_gradients"):
        function = getattr(interface, name)
        assert inspect.getdoc(function)
        for parameter in inspect.signature(function, follow_wrapped=False).parameters:
            assert f"\n{parameter}" in inspect.getdoc(function), f"{name}: {parameter}"  # type: ignore[operator]
