"""Nothing that comes from a file, a text, a model or the command line can command a terminal."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli import modelfile
from rnncli.cli.printable import printable, shell_word

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.model import Model

Run = Callable[..., "Result"]
# A title for the window, a bell, colours by ESC and by C1, DEL, a right-to-left override, an isolate, line ends.
EVIL = "\x1b]0;evil\x07\x1b[31m\x9b31m\x7f\u202e\u2066\u2028\u2029\x85"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
QUICK = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "1", "--threads", "1")


@pytest.fixture
def evil_model(tiny: "Model", tmp_path: Path) -> Path:
    """A model whose tags and examples hold unsafe characters, TAB and line feed."""
    tiny.tags[:] = [tag if tag == "O" else f"{tag}{EVIL}\t\n" for tag in tiny.tags]
    tiny.provenance["examples"] = [f"leave {EVIL} Taipei", f"arrive {EVIL} Taipei"]
    path = tmp_path / f"model{EVIL}\n.npz"
    modelfile.save(tiny, path)
    return path


@pytest.fixture
def evil_data(booking_text: str, tmp_path: Path) -> Path:
    """Labelled sentences with unsafe characters in tokens and tags, in a file with such a name."""
    path = tmp_path / f"data{EVIL}\n.tsv"
    path.write_text(booking_text.replace("Taipei", f"Tai{EVIL}pei").replace("destination", f"dest{EVIL}"), "utf-8")
    return path


def commands(model: Path, data: Path, folder: Path) -> list[tuple[object, ...]]:
    """Command lines that show texts of files, models and their own in every way."""
    text = f"leave Tai{EVIL}pei on May 2nd"
    (folder / "unseen.tsv").write_text(f"leave\tB-unseen{EVIL}\n", "utf-8")
    (folder / "predicted.tsv").write_text(data.read_text("utf-8").replace("B-departure", f"B-{EVIL}"), "utf-8")
    (folder / "bad.tsv").write_bytes(f"leave{EVIL}\n".encode())
    (folder / "latin.txt").write_bytes(f"leave{EVIL}".encode() + b"\xe9\n")
    (folder / "lines.txt").write_text(f"{text}\nhello{EVIL}\n", "utf-8")
    (folder / "key.toml").write_text('"evil\\u001b\\u202e" = 1', "utf-8")
    (folder / "value.toml").write_text('arch = "evil\\u001b\\u202e"', "utf-8")
    (folder / "weights.tsv").write_text(f"O{EVIL}\t1\n", "utf-8")
    log = {"name": EVIL, "path": EVIL, "mean": [1.0, 0.5], "left": [1.0, 0.5]}
    epoch = {"number": 1, "loss": 0.5, "score": 0.5, "steps": 1, "clipped": 0, "curves": [log]}
    document = {"version": 1, "sample": {"sentences": 1, "tokens": 1}, "runs": [{"seed": EVIL, "epochs": [epoch]}]}
    (folder / "log.json").write_text(json.dumps(document), "utf-8")
    of_model = ("--model", model)
    return [
        ("train", data, "--out", folder / f"out{EVIL}\n.npz", *QUICK),
        ("train", data, "--dev", "unseen.tsv", "--json", *QUICK),
        ("train", data, "--class-weight", "weights.tsv", *QUICK),
        ("train", data, "--log-gradients", f"log{EVIL}\n", *QUICK),
        ("train", data, "--plot", f"plot{EVIL}\n", *QUICK),
        ("train", f"missing{EVIL}\n"),
        ("train", "bad.tsv"),
        ("train", "--arch", EVIL),
        ("train", f"--{EVIL}", "x"),
        ("train", "a", f"b{EVIL}"),
        ("train", "--config", "key.toml"),
        ("train", "--config", "value.toml"),
        ("train", "--config", f"missing{EVIL}\n"),
        (f"command{EVIL}\n",),
        ("tag", text, *of_model),
        ("tag", text, "--nbest", "2", *of_model),
        ("tag", text, "--json", "--nbest", "2", *of_model),
        ("tag", "--input", "lines.txt", *of_model),
        ("tag", "--input", "lines.txt", "--to", "jsonl", *of_model),
        ("tag", "--input", "lines.txt", "--to", "html", *of_model),
        ("tag", "--input", "latin.txt", *of_model),
        ("tag", text, "--out", folder / f"text{EVIL}\n", *of_model),
        ("tag", text, "--model", data),
        ("evaluate", data, "--confusion", *of_model),
        ("evaluate", data, "--confusion", "--json", *of_model),
        ("evaluate", "unseen.tsv", *of_model),
        ("evaluate", data, "--errors", folder / f"errors{EVIL}\n", *of_model),
        ("evaluate", data, "--errors", folder / f"errors{EVIL}\n.html", "--json", *of_model),
        ("evaluate", data, "--predictions", "unseen.tsv"),
        ("evaluate", data, "--predictions", data),
        ("compare", model, "predicted.tsv", data, "--show", "50", "--differences", folder / f"differ{EVIL}\n"),
        ("compare", model, "predicted.tsv", data, "--json"),
        ("compare", f"missing{EVIL}\n", data, data),
        ("inspect-memory", *of_model),
        ("inspect-memory", text, "--matrix", *of_model),
        ("inspect-memory", text, "leave", "--json", *of_model),
        ("inspect-memory", text, "--target", f"missing{EVIL}", *of_model),
        ("inspect-memory", text, "--compare", model, *of_model),
        ("inspect-memory", text, "--html", folder / f"page{EVIL}\n", "--svg", folder / f"svg{EVIL}", *of_model),
        ("inspect-memory", "--corpus", data, "--unit", "1", "--memory", "layer 1 forward", *of_model),
        ("inspect-memory", "--corpus", data, "--unit", "1", "--memory", EVIL, *of_model),
        ("inspect-gradients", text, "--svg", folder / f"g{EVIL}\n", *of_model),
        ("inspect-gradients", "--corpus", data, "--json", *of_model),
        ("inspect-gradients", "--log", "log.json"),
        ("info", model),
        ("info", model, "--card", "--license", EVIL, "--language", EVIL),
        ("info", model, "--json"),
        ("verify", model, "--data", data),
        ("verify", model, "--json"),
        ("verify", data),
        ("memory-task", "copy", "--sentences", "2", "--out", folder / f"task{EVIL}\n"),
        ("memory-task", EVIL),
    ]


def test_no_output_holds_a_control_character(run: Run, evil_model: Path, evil_data: Path, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    statuses = set()
    for command in commands(evil_model, evil_data, tmp_path):
        result = run(*command, env={f"RNNCLI_X{EVIL}": "1"})
        assert result.exit_code in (0, 2, 3, 4, 5), (command, result.exception)
        statuses.add(result.exit_code)
        for stream in (result.stdout, result.stderr):
            unsafe = UNSAFE.search(stream)
            assert not unsafe, (command, stream[max(0, unsafe.start() - 80) : unsafe.end() + 20])
    assert {0, 2, 3, 4, 5} == statuses


def test_a_message_stays_in_its_line(run: Run, evil_model: Path, tmp_path: Path) -> None:
    missing = run("train", "missing\nerror: forged")
    assert r"error: missing\nerror: forged: no such file" == missing.stderr.splitlines()[0]
    written = run("tag", "leave", "--out", tmp_path / "a\nwrote   b", "--model", evil_model)
    assert [rf"wrote   {tmp_path}/a\nwrote   b"] == written.stderr.splitlines()


def test_as_tsv_a_text_is_kept_and_no_tag_forges_a_line(run: Run, evil_model: Path) -> None:
    text = f"leave Tai{EVIL}pei"
    for arguments, columns in (((), 2), (("--nbest", "2"), 4)):
        result = run("tag", text, "--to", "tsv", "--model", evil_model, *arguments)
        rows = [line.split("\t") for line in result.stdout.split("\n") if line]
        assert {columns} == set(map(len, rows))
        assert "\x1b]0;evil\x07" in "".join(row[0] for row in rows)
    assert "␉␊" in result.stdout


def test_json_means_the_same_texts(run: Run, evil_model: Path) -> None:
    text = f"leave Tai{EVIL}pei"
    shown = json.loads(run("tag", text, "--json", "--model", evil_model).stdout)
    for token in shown["tokens"]:
        assert text[token["start"] : token["end"]] == token["text"]
    assert any(EVIL in token["tag"] for token in shown["tokens"])


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals")
@pytest.mark.parametrize("to", ["line", "tsv", "jsonl", "html"])
def test_a_terminal_gets_no_command_in_any_format(evil_model: Path, tmp_path: Path, to: str) -> None:
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "rnncli", "tag", f"leave Tai{EVIL}pei", "--to", to, "--model", evil_model]
    subprocess.run(command, stdout=terminal, stderr=terminal, stdin=terminal, cwd=tmp_path, check=True, timeout=120)
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(controller, 4096)
        except OSError:  # nothing is left
            break
        if not piece:
            break
        shown += piece
    os.close(controller)
    text = re.sub(r"\x1b\[[\d;]*m", "", shown.decode()).replace("\r\n", "\n")  # colours are ours
    assert "leave" in text
    assert not UNSAFE.search(text), ascii(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 東 …", "plain é 東 …"),
        ("a\x1bb\x00\x7f\x9b", r"a\x1bb\x00\x7f\x9b"),
        ("\t\r\n", r"\t\r\n"),
        ("\u2028\u202e\u2069", r"\u2028\u202e\u2069"),
        ("caf\udce9", r"caf\udce9"),
        ("שלום \u200f مرحبا \u200d", "שלום \u200f مرحبا \u200d"),  # marks that these scripts need
    ],
)
def test_what_is_escaped_and_how(text: str, expected: str) -> None:
    assert expected == printable(text)


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two words",
        "it's",
        'a "b"',
        "$HOME `ls` \\n !",
        "-m",
        "a\nb",
        "\x1b[31m",
        "\u202e'\\",
        "\x9b",
        "é",
        "a\udcffb",
        "\u2028e1",
        "",
    ],
)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_shell_reads_the_word_that_was_shown(text: str, locale: str) -> None:
    word = shell_word(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", word)
    shown = subprocess.run(
        ["bash", "-c", f"printf '%s' {word}"], capture_output=True, check=True, env={"LC_ALL": locale}
    )
    assert os.fsencode(text) == shown.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize("name", ['it\'s "a" model.npz', "-m.npz", "two\nlines.npz"])
def test_the_next_command_can_be_pasted(run: Run, booking_text: str, tmp_path: Path, name: str) -> None:
    data = re.sub("^(leave|arrive)", r"-\1", booking_text, flags=re.MULTILINE).replace("2nd", "2'nd$x")
    (tmp_path / "data.tsv").write_text(data)
    result = run("train", "data.tsv", "--out", name, *QUICK)
    command = result.stderr.splitlines()[-1].removeprefix("next: ")
    shim = f'rnncli() {{ "{sys.executable}" -m rnncli "$@"; }}\n'
    pasted = subprocess.run(
        ["bash", "-c", shim + command], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert (0, "") == (pasted.returncode, pasted.stderr)
    assert re.match(r"-(leave|arrive) ", pasted.stdout)
