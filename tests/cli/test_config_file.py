"""Where a setting comes from: flag before RNNCLI_ environment before --config before the default."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnncli.config import TrainingSpec
from rnncli.modelfile import load

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained
    from rnncli.model import Model

Run = Callable[..., "Result"]
Train = Callable[..., "Model"]


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "run.toml"
        path.write_text(text, "utf-8")
        return path

    return write


QUICK = 'embedding = 4\nepochs = 1\nthreads = 1\nquiet = true\nout = "model.npz"\n'


@pytest.fixture
def train(run: Run, config: Callable[[str], Path], booking_tsv: Path, tmp_path: Path) -> Train:
    """Train with these keys in a configuration file, and these flags and variables; return the model."""

    def trained(text: str, *flags: str, **env: str) -> "Model":
        result = run("train", booking_tsv, "--config", config(QUICK + text), *flags, env=env)
        assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)
        return load(tmp_path / "model.npz")

    return trained


@pytest.mark.parametrize(
    ("flag", "variable", "key", "expected"),
    [
        (None, None, None, TrainingSpec().seed),
        (None, None, 2, 2),
        (None, 3, None, 3),
        (None, 3, 2, 3),
        (4, None, None, 4),
        (4, None, 2, 4),
        (4, 3, None, 4),
        (4, 3, 2, 4),
        (0, 3, 2, 0),  # nought is a value too
    ],
)
def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(
    train: Train, flag: int | None, variable: int | None, key: int | None, expected: int
) -> None:
    text = "hidden = 4\n" + ("" if key is None else f"seed = {key}\n")
    flags = [] if flag is None else ["--seed", str(flag)]
    env = {} if variable is None else {"RNNCLI_SEED": str(variable)}
    model = train(text, *flags, **env)
    # What is set in one place leaves the others alone.
    assert (expected, 4) == (model.training_spec.seed, model.network_spec.hidden)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed = 2\n[train]\nhidden = 4", (2, 4)),
        ("seed = 2\nhidden = 3\n[train]\nhidden = 4", (2, 4)),  # the command's table before the top
        ('hidden = 4\n[tag]\nto = "tsv"\n[evaluate]\nconfusion = true', (1, 4)),  # others' tables do not count
        ("hidden = 4\n[tag]\nunheard = 1", (1, 4)),
    ],
)
def test_a_table_is_for_the_command_of_its_name(train: Train, text: str, expected: tuple[int, int]) -> None:
    model = train(text)
    assert expected == (model.training_spec.seed, model.network_spec.hidden)


def test_one_file_may_hold_options_of_several_commands(train: Train) -> None:
    assert 4 == train('hidden = 4\nmodel = "other.npz"\nconfusion = true').network_spec.hidden


@pytest.mark.parametrize("key", ["learning-rate", "learning_rate"])
def test_a_key_is_a_flag_with_dashes_or_underscores(train: Train, key: str) -> None:
    assert 0.125 == train(f"hidden = 4\n{key} = 0.125").training_spec.learning_rate


def test_every_kind_of_value_can_be_set(train: Train) -> None:
    model = train('hidden = 4\narch = "jordan"\ndropout = 0\nclip = 1.5')
    assert ("jordan", 0, 1.5) == (model.network_spec.arch, model.training_spec.dropout, model.training_spec.clip)


def test_what_the_network_is_can_be_set(train: Train) -> None:
    model = train(
        """
        hidden = 4
        arch = "elman"
        cell = "gru"
        window = 2
        transitions = "any"
        class-weight = "balanced"
        seeds = 2
        [train]
        features = "onehot+ngram"
        decoder = "softmax"
        """
    )
    network = model.network_spec
    assert ("elman", "gru", "onehot+ngram", 2) == (network.arch, network.cell, network.features, network.window)
    assert ("softmax", "any", "balanced") == (
        network.decoder,
        network.transitions,
        model.training_spec.class_weight,
    )
    assert model.training_spec.seed in (1, 2)


def test_what_is_tagged_how_often_can_be_set(run: Run, config: Callable[[str], Path], trained: "Trained") -> None:
    path = config(f'model = "{trained.path.as_posix()}"\n[tag]\nnbest = 3\n')
    assert 3 == run("tag", "leave Taipei", "--config", path).stdout.count("\n")
    assert 2 == run("tag", "leave Taipei", "--config", path, env={"RNNCLI_NBEST": "2"}).stdout.count("\n")


def test_a_name_means_one_thing_in_all_commands(
    run: Run, config: Callable[[str], Path], booking_tsv: Path, trained: "Trained", tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_text("hello\n")
    path = config(QUICK + 'features = "ngram"\ndecoder = "softmax"\n[tag]\ninput = "in.txt"\nto = "tsv"\n')
    assert 0 == run("train", booking_tsv, "--config", path).exit_code
    network = load(tmp_path / "model.npz").network_spec
    assert ("ngram", "softmax") == (network.features, network.decoder)
    tagged = run("tag", "--config", path, "--model", trained.path)
    assert (0, "hello\tO\n\n") == (tagged.exit_code, tagged.stdout)


@pytest.mark.parametrize(
    ("command", "text", "old", "new"),
    [
        ("train", '[train]\ninput = "ngram"', "input", "features"),
        ("train", 'input = "ngram"', "input", "features"),
        ("train", '[train]\noutput = "crf"', "output", "decoder"),
        ("train", 'decoding = "free"', "decoding", "transitions"),
        ("tag", '[tag]\noutput = "tsv"', "output", "to"),
        ("tag", 'input_format = "tsv"', "input_format", "format"),
        ("memory-task", '[memory-task]\noutput = "x.tsv"', "output", "out"),
    ],
)
def test_an_old_name_is_refused_with_the_new_one(
    run: Run, config: Callable[[str], Path], tmp_path: Path, command: str, text: str, old: str, new: str
) -> None:
    path = config(text)
    result = run(*command.split(), *(["copy"] if command == "memory-task" else []), "--config", path)
    message = f'error: {path}: "{old}" has a new name\n  it is now "{new}"\n'
    assert (2, "", message) == (result.exit_code, result.stdout, result.stderr)
    assert [path] == list(tmp_path.iterdir())


def test_every_command_takes_a_configuration(run: Run, config: Callable[[str], Path], trained: "Trained") -> None:
    path = config(f'model = "{trained.path.as_posix()}"\n[tag]\nto = "tsv"\n')
    tagged = run("tag", "hello there .", "--config", path)
    assert (0, "hello\tO\nthere\tO\n.\tO\n\n") == (tagged.exit_code, tagged.stdout)
    # The environment can name the file itself, and goes before what is in it.
    other = run("tag", "hello there .", env={"RNNCLI_CONFIG": str(path), "RNNCLI_TO": "line"})
    assert (0, "hello there .\n") == (other.exit_code, other.stdout)


def test_a_text_may_name_no_file_at_all(run: Run, config: Callable[[str], Path], trained: "Trained") -> None:
    result = run("tag", "hello", "--config", config(""), "--model", trained.path)
    assert (0, "hello\n") == (result.exit_code, result.stdout)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hiden = 8", 'unknown setting "hiden"\n  did you mean hidden?'),
        ("[train]\nlearning_rat = 1", 'unknown setting "learning_rat"\n  did you mean learning-rate?'),
        ("lr = 1", 'unknown setting "lr"\n  did you mean learning-rate?'),
        ("[trian]\nhidden = 8", 'unknown table "trian"\n  did you mean "train"?'),
        ("zzz = 8", 'unknown setting "zzz"\n  known: activation, '),
        ('config = "other.toml"', 'unknown setting "config"\n  '),
        ("hidden = 1\nhidden = 2", "not TOML: "),
        ("hidden = [1, 2]", "hidden: [1, 2] is not a text or a number\n"),
        ("hidden = 1979-05-27", "hidden: datetime.date(1979, 5, 27) is not a text or a number\n"),
        ("out = [[1]]", "out: [[1]] is not a text or a number\n"),
        ("encoding = true", "encoding: true is not a text or a number\n"),
        ("dropout = nan", "dropout: nan is not a text or a number\n"),
        ("clip = inf", "clip: inf is not a text or a number\n"),
        ("force = []", "force: [] is not true or false\n"),
        ("hidden = " + "[" * 4_990, "values are nested too deeply\n"),
        ("#" * 65_537, "no file of options is longer than 65,536 bytes\n"),
    ],
)
def test_a_wrong_file_is_refused(
    run: Run, config: Callable[[str], Path], booking_tsv: Path, tmp_path: Path, text: str, expected: str
) -> None:
    path = config(text)
    result = run("train", booking_tsv, "--config", path, "--out", "model.npz")
    message = f"error: {path}: {expected}"
    assert (2, "") == (result.exit_code, result.stdout)
    assert message == result.stderr[: len(message)]
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.promise("hostile-text")
@pytest.mark.parametrize(
    ("content", "place", "expected"),
    [
        (b"hidden 8", ":1:8", "not TOML: expected '=' after a key in a key/value pair"),
        (b"seed = 1\n\nx = \0", ":3:5", "not TOML: invalid value"),
        (b"seed = 1\n# \xff", ":2:3", "not TOML: byte 0xff is not UTF-8"),
        (b"seed = 1\nhidden = " + b"9" * 4_900, ":2", "a number has too many digits"),
        (b"seed = 1\n" + b"a." * 2_600 + b"a = 1", ":2", "no line may have more than 200 dots"),
    ],
)
def test_a_fault_in_a_file_has_its_line(
    run: Run, tmp_path: Path, content: bytes, place: str, expected: str
) -> None:
    path = tmp_path / "options.toml"
    path.write_bytes(content)
    result = run("train", "--config", path)
    assert (2, "", f"error: {path}{place}: {expected}\n") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.promise("hostile-text")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_an_endless_file_is_refused(run: Run, device: str) -> None:
    result = run("train", "--config", device)
    assert (5, f"error: {device}: is not a regular file\n") == (result.exit_code, result.stderr)


@pytest.mark.promise("hostile-text")
def test_a_pipe_is_refused_and_not_waited_for(program: Callable[..., Any], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    result = program("train", "--config", "pipe", timeout=20)
    assert (5, "", "error: pipe: is not a regular file\n") == (result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize(
    ("text", "option", "expected"),
    [
        ('hidden = "many"', "--hidden", '"many" is not a whole number'),
        ("hidden = 3.7", "--hidden", "3.7 is not a whole number"),
        ("hidden = 0", "--hidden", "0 is out of range\n  give a number from 1 to 65536"),
        ("hidden = 65537", "--hidden", "65537 is out of range\n  give a number from 1 to 65536"),
        ("dropout = 0.96", "--dropout", "0.96 is out of range\n  give a number from -1 to 0.95"),
        ('dropout = "some"', "--dropout", '"some" is not a number'),
        ("seed = -1", "--seed", "-1 is out of range\n  give a number from 0 to 9223372036854775807"),
        ("seeds = 0", "--seeds", "0 is out of range\n  give a number from 1 to 1000"),
        ("cell = 3", "--cell", "3 is not one of its values\n  known: auto, simple, lstm, gru"),
        ('arch = "elmann"', "--arch", '"elmann" is not one of its values\n  did you mean "elman"?'),
        ('quiet = "maybe"', "--quiet", '"maybe" is neither true nor false'),
        ("out = 5", "--out", "5 is not the name of a file"),
        ("dev = 5", "--dev", "5 is not the name of a file"),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_refused(
    run: Run,
    config: Callable[[str], Path],
    booking_tsv: Path,
    tmp_path: Path,
    text: str,
    option: str,
    expected: str,
) -> None:
    path = config(text)
    result = run("train", booking_tsv, "--config", path)
    message = f"error: {option} in the configuration: {expected}\n"
    assert (2, "", message) == (result.exit_code, result.stdout, result.stderr)
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RNNCLI_HIDDEN", "many", 'RNNCLI_HIDDEN (--hidden): "many" is not a whole number'),
        ("RNNCLI_HIDDEN", "0", "RNNCLI_HIDDEN (--hidden): 0 is out of range\n  give a number from 1 to 65536"),
        ("RNNCLI_SEED", "3.5", 'RNNCLI_SEED (--seed): "3.5" is not a whole number'),
        (
            "RNNCLI_ARCH",
            "lstm",
            'RNNCLI_ARCH (--arch): "lstm" is not one of its values\n  did you mean --cell lstm?',
        ),
        ("RNNCLI_QUIET", "maybe", 'RNNCLI_QUIET (--quiet): "maybe" is neither true nor false'),
        ("RNNCLI_LEARNING_RATE", "fast", 'RNNCLI_LEARNING_RATE (--learning-rate): "fast" is not a number'),
    ],
)
def test_a_wrong_value_of_a_variable_is_refused(
    run: Run, booking_tsv: Path, tmp_path: Path, name: str, value: str, expected: str
) -> None:
    result = run("train", booking_tsv, "--out", "model.npz", env={name: value})
    assert (2, "", f"error: {expected}\n") == (result.exit_code, result.stdout, result.stderr)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_configuration_that_cannot_be_read_is_named(run: Run, booking_tsv: Path, name: str) -> None:
    for result in (run("train", booking_tsv, "--config", name), run("train", env={"RNNCLI_CONFIG": name})):
        assert (5, "") == (result.exit_code, result.stdout)
        assert result.stderr.startswith(f"error: {name}: ")
