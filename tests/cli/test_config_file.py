"""Where a setting comes from: flag before RNNCLI_ environment before --config before the default."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

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
        ('hidden = 4\n[tag]\noutput = "tsv"\n[evaluate]\nconfusion = true', (1, 4)),  # others' tables do not count
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
        decoding = "free"
        class-weight = "balanced"
        seeds = 2
        [train]
        input = "onehot+ngram"
        output = "softmax"
        """
    )
    network = model.network_spec
    assert ("elman", "gru", "onehot+ngram", 2) == (network.arch, network.cell, network.input, network.window)
    assert ("softmax", "free", "balanced") == (network.output, network.decoding, model.training_spec.class_weight)
    assert model.training_spec.seed in (1, 2)


def test_what_is_tagged_how_often_can_be_set(run: Run, config: Callable[[str], Path], trained: "Trained") -> None:
    path = config(f'model = "{trained.path.as_posix()}"\n[tag]\nnbest = 3\n')
    assert 3 == run("tag", "leave Taipei", "--config", path).stdout.count("\n")
    assert 2 == run("tag", "leave Taipei", "--config", path, env={"RNNCLI_NBEST": "2"}).stdout.count("\n")


def test_input_and_output_mean_one_thing_in_each_command(
    run: Run, config: Callable[[str], Path], booking_tsv: Path, trained: "Trained", tmp_path: Path
) -> None:
    path = config(QUICK + '[train]\ninput = "ngram"\noutput = "softmax"\n[tag]\ninput = "-"\noutput = "tsv"\n')
    assert 0 == run("train", booking_tsv, "--config", path).exit_code
    network = load(tmp_path / "model.npz").network_spec
    assert ("ngram", "softmax") == (network.input, network.output)
    tagged = run("tag", "--config", path, "--model", trained.path, stdin=b"hello\n")
    assert (0, "hello\tO\n\n") == (tagged.exit_code, tagged.stdout)


def test_no_variable_sets_input_or_output_of_two_commands(run: Run, booking_tsv: Path, trained: "Trained") -> None:
    env = {"RNNCLI_TAG_OUTPUT": "tsv", "RNNCLI_OUTPUT": "jsonl", "RNNCLI_TRAIN_OUTPUT": "softmax"}
    arguments = ("--out", "m.npz", "--epochs", 1, "--hidden", 4, "--quiet")
    assert 0 == run("train", booking_tsv, *arguments, env=env).exit_code
    assert "softmax" == load(Path("m.npz")).network_spec.output
    assert "hello\tO\n\n" == run("tag", "hello", "--model", trained.path, env=env).stdout


def test_every_command_takes_a_configuration(run: Run, config: Callable[[str], Path], trained: "Trained") -> None:
    path = config(f'model = "{trained.path.as_posix()}"\n[tag]\noutput = "tsv"\n')
    tagged = run("tag", "hello there .", "--config", path)
    assert (0, "hello\tO\nthere\tO\n.\tO\n\n") == (tagged.exit_code, tagged.stdout)
    # The environment can name the file itself, and goes before what is in it.
    other = run("tag", "hello there .", env={"RNNCLI_CONFIG": str(path), "RNNCLI_TAG_OUTPUT": "line"})
    assert (0, "hello there .\n") == (other.exit_code, other.stdout)


def test_a_text_may_name_no_file_at_all(run: Run, config: Callable[[str], Path], trained: "Trained") -> None:
    result = run("tag", "hello", "--config", config(""), "--model", trained.path)
    assert (0, "hello\n") == (result.exit_code, result.stdout)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hiden = 8", 'unknown setting "hiden"; did you mean "hidden"?'),
        ("[train]\nlearning_rat = 1", 'unknown setting "learning_rat"; did you mean "learning-rate"?'),
        ("[trian]\nhidden = 8", 'unknown table "trian"; did you mean "train"?'),
        ("zzz = 8", 'unknown setting "zzz"; known: activation, '),
        ('config = "other.toml"', 'unknown setting "config"; '),
        ("hidden 8", "not TOML: "),
        ('output = "tsv"', '"output" differs between commands; put it in a table, [train]'),
        ("hidden = 1\nhidden = 2", "not TOML: "),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(
    run: Run, config: Callable[[str], Path], booking_tsv: Path, tmp_path: Path, text: str, expected: str
) -> None:
    path = config(text)
    result = run("train", booking_tsv, "--config", path, "--out", "model.npz")
    message = f"Error: Invalid value for '--config': {path}: {expected}"
    assert (2, "") == (result.exit_code, result.stdout)
    assert message == result.stderr.splitlines()[-1][: len(message)]
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "option", "expected"),
    [
        ('hidden = "many"', "--hidden", "integer"),
        ("hidden = 3.7", "--hidden", "integer"),
        ("hidden = [1, 2]", "--hidden", "integer"),
        ("hidden = 1979-05-27", "--hidden", "integer"),
        ("hidden = 0", "--hidden", "greater than or equal to 1"),
        ("hidden = 65537", "--hidden", "less than or equal to 65536"),
        ("dropout = 0.96", "--dropout", "less than or equal to 0.95"),
        ("dropout = nan", "--dropout", "0.95"),
        ('dropout = "some"', "--dropout", "number"),
        ("seed = -1", "--seed", "greater than or equal to 0"),
        ("window = 65", "--window", "less than or equal to 64"),
        ("seeds = 0", "--seeds", "greater than or equal to 1"),
        ("cell = 3", "--cell", "not one of 'auto'"),
        ('[train]\noutput = "tsv"', "--output", "not one of 'softmax', 'crf'"),
        ("arch = 3", "--arch", "not one of 'fnn'"),
        ('arch = "elmann"', "--arch", "not one of 'fnn'"),
        ('quiet = "maybe"', "--quiet", "boolean"),
        ("out = 5", "--out", "path"),
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
    assert (2, "") == (result.exit_code, result.stdout)
    last = result.stderr.splitlines()[-1]
    assert re.match(f"Error: Invalid value for '{option}'.*{re.escape(expected)}", last), last
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("RNNCLI_HIDDEN", "many", "--hidden"),
        ("RNNCLI_HIDDEN", "0", "--hidden"),
        ("RNNCLI_SEED", "3.5", "--seed"),
        ("RNNCLI_ARCH", "elmann", "--arch"),
        ("RNNCLI_QUIET", "maybe", "--quiet"),
        ("RNNCLI_LEARNING_RATE", "fast", "--learning-rate"),
        ("RNNCLI_CONFIG", "missing.toml", "--config"),
    ],
)
def test_a_variable_with_a_value_that_cannot_be_meant_is_refused(
    run: Run, booking_tsv: Path, tmp_path: Path, name: str, value: str, option: str
) -> None:
    result = run("train", booking_tsv, "--out", "model.npz", env={name: value})
    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.splitlines()[-1].startswith(f"Error: Invalid value for '{option}'")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_configuration_that_cannot_be_read_is_named(run: Run, booking_tsv: Path, name: str) -> None:
    result = run("train", booking_tsv, "--config", name)
    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.splitlines()[-1].startswith(f"Error: Invalid value for '--config': {name}: ")
