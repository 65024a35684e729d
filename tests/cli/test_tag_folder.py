"""``rnncli tag --out-dir``: the same bytes wherever it runs, nothing lost, doubled or half."""

import gzip
import json
import lzma
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from rnncli.config import ReadOptions
from rnncli.data import cutting, text_field
from rnncli.data.faults import Faults
from rnncli.data.textfile import Lines
from rnncli.errors import DataError
from rnncli.jobs import Blob, Here, Processes
from rnncli.jobs import run as run_jobs
from rnncli.resources import bundled
from rnncli.tag_job import file_job, part_jobs

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

Run = Callable[..., "Result"]
DONE, USAGE, DATA, FILES = 0, 2, 3, 5
TEXTS = ["leave Taipei on May 2nd", "arrive New York", "", "hello there .", "leave Kaohsiung  on Sunday"]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def rows(texts: Sequence[str], line: str, start: str = "") -> bytes:
    """A file of tokens, of which each has a line made by a pattern of its number and the token."""
    sentences = []
    for text in filter(None, texts):
        sentences.append("".join(line.format(i=i, token=token) for i, token in enumerate(text.split(), 1)))
    return (start + "\n".join(sentences) + "\n").encode()


def contents(texts: Sequence[str] = TEXTS) -> dict[str, bytes]:
    """The same texts in all formats."""
    empty = "\t_" * 8
    return {
        "text.txt": "".join(f"{text}\n" for text in texts).encode(),
        "tokens.tsv": rows(texts, "{token}\tO\n").replace(b"leave\tO", b"leave\tB-departure", 1),
        "tokens.conll": rows(texts, "{token} x O\n", "-DOCSTART- x O\n\n").replace(b"leave x O", b"leave x B-a", 1),
        "tokens.conllu": rows(texts, "{i}\t{token}" + empty + "\n", "# sent_id = 1\n"),
        "tokens.csv": rows(texts, "{token},O\n", "token,tag\n"),
        "lines.jsonl": b"".join(json.dumps({"id": 7, "tokens": text.split()}).encode() + b"\n" for text in texts),
        "array.json": json.dumps([{"text": text, "id": 1.0} for text in texts]).encode(),
    }


def tree(folder: Path) -> dict[str, bytes]:
    """The outputs in a folder, without the lists of what is done."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.startswith(".") or ".parts" in path.parts]
    own = ("manifest", "errors")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if not path.name.startswith(own)}


def summary(result: "Result") -> dict[str, Any]:
    assert result.exit_code == DONE, result.stderr
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize("to", ["jsonl", "tsv", "conll", "conllu", "csv", "html"])
def test_every_format_gives_what_input_gives_packed_or_not(run: Run, trained: "Trained", tmp_path: Path, to: str):
    options = ("--model", trained.path, "--to", to)
    files = contents()
    packs = PACK if to == "jsonl" else {"": PACK[""]}
    for name, content in files.items():
        for suffix, pack in packs.items():
            path = tmp_path / "in" / suffix.strip(".") / name / (name + suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pack(content))
    result = run("tag", "in", "--out-dir", "out", *options, "--json")
    assert summary(result)["files"] == len(files) * len(packs)
    outputs = tree(tmp_path / "out")
    for name in files:
        one = f"one-{name}"
        assert run("tag", "--input", Path("in", name, name), *options, "--out", one).exit_code == DONE
        expected = (tmp_path / one).read_bytes()
        assert expected.count(b"Taipei") >= 1
        for suffix in packs:
            relative = Path(suffix.strip("."), name, f"{Path(name).stem}.{to}{suffix}")
            assert UNPACK[suffix](outputs.pop(str(relative))) == expected
    assert outputs == {}


def test_two_processes_and_shards_give_the_same_bytes(run: Run, trained: "Trained", tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name, content in contents(TEXTS * 20).items():
        (tmp_path / "in" / (Path(name).suffix[1:] + name)).write_bytes(content)
    pq.write_table(pa.table({"body": TEXTS * 20}), tmp_path / "in" / "a.parquet", row_group_size=9)
    (tmp_path / "in" / "a.parquet").rename(tmp_path / "a.parquet")
    common = ("--model", trained.path, "--json")
    alone = summary(run("tag", "in", "--out-dir", "one", *common, "--part", 0))
    both = summary(run("tag", "in", "--out-dir", "two", *common, "--jobs", 2, "--part", 0.0005))
    assert {**alone, "out": "", "seconds": 0} == {**both, "out": "", "seconds": 0}
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    for number in (1, 2, 3):
        assert run("tag", "in", "--out-dir", "three", *common, "--shard", f"{number}/3").exit_code == DONE
    assert tree(tmp_path / "one") == tree(tmp_path / "three")
    assert summary(run("tag", "in", "--out-dir", "three", *common))["new"] == 0


CUT = {
    **{name: content for name, content in contents(TEXTS * 4).items() if Path(name).suffix in (".txt", ".conllu")},
    "no_end.txt": b"\n".join(text.encode() for text in TEXTS * 4),
    "mixed.txt": "".join(
        text + end for text, end in zip(TEXTS * 3, ["\n", "\r\n", "\r"] * 5, strict=True)
    ).encode(),
    "mark.txt": b"\xef\xbb\xbf" + "é leave Taipei\n".encode() * 12,
    "documents.conll": b"-DOCSTART- O\n\n# id = 1\nleave O\nTaipei B-a\n\n# id = 2\n\n"
    b"\n-DOCSTART- O\n  \nhello O\n\n" * 6,
    "columns.tsv": b"# text = a\nleave\tO\nTaipei\tB-a\n\n\n#\tO\nhello\tO\n \t \n" * 6,
    "fields.jsonl": b'{"a": {"text": "leave Taipei"}, "n": 1.0}\n \n{"n": 1e2, "a": {"text": ""} }\r\n' * 12,
}


@pytest.mark.parametrize(
    ("name", "to"),
    [*((name, "jsonl") for name in CUT), ("documents.conll", "conll"), ("columns.tsv", "tsv"), ("text.txt", "tsv")],
)
def test_a_file_in_parts_of_any_size_is_joined_to_the_bytes_of_the_whole(
    run: Run, trained: "Trained", tmp_path: Path, name: str, to: str
):
    (tmp_path / name).write_bytes(CUT[name])
    common = ("--model", trained.path, "--to", "jsonl" if name == "fields.jsonl" else to)
    common += ("--text-field", "a.text") if name == "fields.jsonl" else ("--format", "auto")
    assert run("tag", name, "--out-dir", "whole", *common, "--part", 0).exit_code == DONE
    whole = tree(tmp_path / "whole")
    for size in (0.00007, 0.00015):
        out = tmp_path / f"out-{size}"
        assert run("tag", name, "--out-dir", out, *common, "--part", size, "--json").exit_code == DONE
        assert tree(out) == whole
        assert (out / "manifest.jsonl").read_text().count("#1-of-") == 1
        assert summary(run("tag", name, "--out-dir", out, *common, "--part", size, "--json"))["new"] == 0


def test_what_cannot_be_cut_is_not(tmp_path: Path):
    for name, content in {
        **{
            name: content for name, content in contents(TEXTS * 9).items() if Path(name).suffix in (".csv", ".json")
        },
        "packed.txt": gzip.compress(b"hello\n" * 1000, 0),
        "wide.txt": ("hello\n" * 1000).encode("utf-16"),
        "returns.txt": b"hello\r" * 1000,
        "one_sentence.tsv": b"leave\tO\nTaipei\tB-a\n" * 100,
    }.items():
        (tmp_path / name).write_bytes(content)
        assert cutting.parts(tmp_path / name, 50, ReadOptions()) == [], name


def test_an_error_in_a_part_names_the_line_of_the_file(run: Run, trained: "Trained", tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(b'{"t": "hello"}\n' * 100 + b'{"t": 7}\n' + b'{"t": "hello"}\n' * 50)
    (tmp_path / "b.tsv").write_bytes(b"leave\tO\nTaipei\tB-a\n\n" * 40 + b"x\ty\tz\n\n")
    (tmp_path / "c.txt").write_bytes(b"hello\n" * 77 + b"caf\xe9\n")
    for name, options, place in (
        ("a.jsonl", ("--text-field", "t"), "a.jsonl:101:1: the field t is no text"),
        ("b.tsv", (), "b.tsv:121:1: expected 2 columns"),
        ("c.txt", (), "c.txt:78:4: byte 0xe9 is not UTF-8"),
    ):
        messages = set()
        for part in (0, 0.0001):
            result = run(
                "tag", name, "--out-dir", f"o{part}{name}", "--model", trained.path, "--part", part, *options
            )
            assert result.exit_code == DATA
            assert place in result.stderr
            messages.add(result.stderr)
        assert len(messages) == 1


FIELDS = (
    '{"id": 123456789012345678901234567890, "x": 1.0, "y": 1E+2, "text": "leave Taipei", "z": {"a": [1, 2.50]}}',
    '{"text":"caf\\u00e9 \\/ 台北","n":null}',
    ' { "text" : "leave New York" , "x" : "}" }  ',
)


def test_a_line_of_json_stays_as_it_is_written_and_gets_a_field(run: Run, trained: "Trained", tmp_path: Path):
    (tmp_path / "a.jsonl").write_text("\n".join(FIELDS), "utf-8", newline="")
    common = ("--text-field", "text", "--model", trained.path)
    assert run("tag", "a.jsonl", "--out-dir", "out", *common).exit_code == DONE
    labelled = (tmp_path / "out/a.jsonl").read_text("utf-8").splitlines()
    for line, result in zip(FIELDS, labelled, strict=True):
        assert result.startswith(line.rstrip()[:-1].rstrip() + ', "spans": [')
        value = json.loads(result)
        assert list(value) == [*json.loads(line), "spans"]
        for span in value["spans"]:
            assert list(span) == ["text", "start", "end", "tag", "probability"]
            assert value["text"][span["start"] : span["end"]] == span["text"]
    assert json.loads(labelled[2])["spans"][0]["text"] == "New York"
    assert run("tag", "--input", "a.jsonl", *common).stdout.splitlines() == labelled
    piped = run("tag", *common, stdin="\n".join(FIELDS).encode())
    assert piped.stdout.splitlines() == labelled
    named = run("tag", "--input", "a.jsonl", *common, "--result-field", "found").stdout.splitlines()
    assert [line.replace('"found": [', '"spans": [') for line in named] == labelled


BAD_LINES = {
    '{"text": "hello", "spans": []}': "there is a field spans already; name another by --result-field",
    '{"body": "hello"}': "there is no field text",
    '{"text": null}': "the field text is no text",
    '{"text": "\\ud800"}': "the field text holds half of a surrogate pair",
    '{"text": "a", "text": "b"}': "a key is in an object twice",
    '{"text": "a", "x": NaN}': "not JSON: NaN is no number of JSON",
    '["text"]': "no object of JSON in one line",
    '{"text": "a"': "no object of JSON in one line",
    "[" * 100_000: "not JSON that can be read: nested too deeply",
}


@pytest.mark.parametrize("bad", BAD_LINES, ids=list(BAD_LINES.values()))
def test_a_line_that_cannot_be_labelled_is_an_error_or_kept_with_it(
    run: Run, trained: "Trained", tmp_path: Path, bad: str
):
    (tmp_path / "a.jsonl").write_text(f'{{"text": "hello"}}\n{bad}\n{{"text": "leave Taipei"}}\n', "utf-8")
    (tmp_path / "b.jsonl").write_text('{"text": "hello"}\n')
    common = ("tag", "a.jsonl", "b.jsonl", "--text-field", "text", "--out-dir", "out", "--model", trained.path)
    result = run(*common)
    assert result.exit_code == DATA
    assert f"a.jsonl:2:1: {BAD_LINES[bad]}" in result.stderr
    assert not (tmp_path / "out/a.jsonl").exists()
    result = run(*common, "--on-error", "skip", "--json")
    assert result.exit_code == DATA
    assert "lines that could not be labelled: 1" in result.stderr
    shown = json.loads(result.stdout)
    assert (shown["files"], shown["done"], shown["sentences"], shown["errors"]) == (2, 2, 3, 1)
    first, second, third = map(json.loads, (tmp_path / "out/a.jsonl").read_text("utf-8").splitlines())
    assert first == {"text": "hello", "spans": []}
    assert third["spans"][0]["tag"] == "departure"
    assert second["error"].startswith(f"a.jsonl:2:1: {BAD_LINES[bad]}")
    assert second.get("line", bad) == bad
    again = json.loads(run(*common, "--on-error", "skip", "--json").stdout)
    assert (again["new"], again["errors"]) == (0, 1)
    assert run(*common).exit_code == DATA  # without skip it is an error again


def test_a_line_with_a_field_error_keeps_it():
    line = text_field.Line(3, '{"error": "own"}', None, "a:3: no text")
    assert json.loads(text_field.with_error(line)) == {"error": "a:3: no text", "line": '{"error": "own"}'}


def test_json_lines_without_a_text_field_keep_their_fields_in_order(run: Run, trained: "Trained", tmp_path: Path):
    values: list[dict[str, Any]] = [
        {"id": 2**80, "text": "leave Taipei", "x": 1.0, "meta": {"a": [None, "é"]}},
        {"id": 1, "text": "hello", "x": 2.5, "meta": {}},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values))
    common = ("--input", "a.jsonl", "--to", "jsonl", "--model", trained.path)
    for value, line in zip(values, run("tag", *common).stdout.splitlines(), strict=True):
        shown = json.loads(line)
        assert list(shown) == [*value, "tokens", "spans"]
        assert {**shown, "tokens": 0, "spans": 0} == {**value, "tokens": 0, "spans": 0}
    (tmp_path / "a.jsonl").write_text(json.dumps({"tokens": ["leave", "Taipei"], "tags": ["O", "O"], "spans": [1]}))
    refused = run("tag", *common)
    assert (refused.exit_code, refused.stdout) == (DATA, "")
    assert 'line 1: there is a field "spans" already\n  --force replaces it' in refused.stderr
    shown = json.loads(run("tag", *common, "--force").stdout)
    assert list(shown) == ["tokens", "tags", "spans"]
    assert shown["spans"][0]["type"] == "departure"


def test_a_second_run_does_the_rest_and_what_has_changed(run: Run, trained: "Trained", tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name in "abc":
        (tmp_path / "in" / f"{name}.txt").write_text("leave Taipei\n" * 3)
    common = ("tag", "in", "--out-dir", "out", "--json", "--model")
    assert summary(run(*common, trained.path))["new"] == 3
    before = tree(tmp_path / "out")
    again = run(*common, trained.path)
    assert summary(again)["new"] == 0
    assert "done again" not in again.stderr
    (tmp_path / "out/a.jsonl").unlink()
    assert summary(run(*common, trained.path))["new"] == 1
    assert tree(tmp_path / "out") == before
    (tmp_path / "in/b.txt").write_text("arrive New York\n")
    changed = run(*common, trained.path)
    assert summary(changed)["new"] == 1
    assert "done again: 1 file, since the input, the model or the options are others now" in changed.stderr
    assert tree(tmp_path / "out") != before
    changed = run(*common, bundled("models/default.npz"))
    assert summary(changed)["new"] == 3
    assert "done again: 3 files" in changed.stderr
    foreign = tmp_path / "foreign/a.jsonl"
    foreign.parent.mkdir()
    foreign.write_text("mine")
    refused = run("tag", "in", "--out-dir", "foreign", "--model", trained.path)
    assert (refused.exit_code, foreign.read_text()) == (FILES, "mine")


@pytest.mark.promise("whole-file")
def test_a_run_that_is_killed_goes_on_where_it_was(trained: "Trained", tmp_path: Path):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(9):
        (source / f"{number}.txt").write_text("leave Taipei on May 2nd\n" * 4000)
    (source / "large.txt").write_text("leave Taipei\n" * 30_000)
    command = [sys.executable, "-m", "rnncli", "tag", "in", "--model", str(trained.path), "--jobs", "2", "--json"]
    command += ["--part", "0.1", "--out-dir", "out"]
    manifest = tmp_path / "out/manifest.jsonl"
    for number in (signal.SIGKILL, signal.SIGINT):
        size = manifest.stat().st_size if manifest.exists() else 0
        program = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        while not manifest.exists() or manifest.read_bytes()[size:].count(b'"key"') < 2:
            assert program.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        program.send_signal(number)
        program.communicate(timeout=60)
        assert program.returncode == (130 if number == signal.SIGINT else -number)
    done = {json.loads(line)["key"] for line in manifest.read_text().splitlines() if line.startswith('{"key"')}
    last = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=120)
    shown = json.loads(last.stdout)
    files = {key for key in done if "#" not in key}
    assert len(done) >= 4
    assert (shown["files"], shown["done"], shown["new"]) == (10, 10, 10 - len(files))
    assert (shown["sentences"], shown["tokens"]) == (66_000, 9 * 20_000 + 60_000)
    outputs = tree(tmp_path / "out")
    assert sorted(outputs) == [f"{number}.jsonl" for number in range(9)] + ["large.jsonl"]
    assert len(set(outputs.values())) == 2
    assert outputs["large.jsonl"].count(b"\n") == 30_000
    keys = [json.loads(line)["key"] for line in manifest.read_text().splitlines()]
    assert len(keys) == len(set(keys))


def test_names_of_files_may_be_anything(run: Run, trained: "Trained", tmp_path: Path):
    names = [
        "a b.txt",
        "-dash.txt",
        "new\nline.txt",
        "台北 é.txt",
        "[x]*.txt",
        "quote'\".TXT",
        "no_suffix",
        os.fsdecode(b"\xff.txt"),
    ]
    source = tmp_path / "in"
    (source / "sub").mkdir(parents=True)
    for name in names:
        (source / name).write_text("leave Taipei\n")
    (source / ".hidden.txt").write_text("hidden")
    (source / "link.txt").symlink_to("a b.txt")
    (source / "sub" / "loop").symlink_to("..")
    os.mkfifo(source / "pipe.txt")
    result = run("tag", "in", "--out-dir", "out", "--model", trained.path, "--json")
    assert summary(result)["files"] == len(names) + 1
    assert "left out: 2 that are no files or links to folders: in/pipe.txt, in/sub/loop" in result.stderr
    expected = {name.removesuffix(".txt").removesuffix(".TXT") + ".jsonl" for name in (*names, "link.txt")}
    assert set(tree(tmp_path / "out")) == expected
    assert len(set(tree(tmp_path / "out").values())) == 1
    for pattern in ("in/[[]x]*.txt", "in/[x]*.txt"):
        assert (
            summary(run("tag", pattern, "--out-dir", f"p{len(pattern)}", "--model", trained.path, "--json"))[
                "files"
            ]
            == 1
        )
    (source / "self.txt").symlink_to("self.txt")
    refused = run("tag", "in", "--out-dir", "out", "--model", trained.path)
    assert refused.exit_code == FILES
    assert "in/self.txt: Too many levels of symbolic links" in refused.stderr
    kept = run("tag", "in", "--out-dir", "out", "--model", trained.path, "--on-error", "skip")
    assert kept.exit_code == FILES
    assert "1 of 10 jobs failed" in kept.stderr


def test_unusual_contents_of_files(run: Run, trained: "Trained", tmp_path: Path):
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "no_end.txt").write_bytes(b"leave Taipei")
    (tmp_path / "long.txt").write_bytes(b"leave Taipei " * 5_000)
    result = run("tag", "*.txt", "--out-dir", "out", "--model", trained.path, "--json")
    shown = summary(result)
    assert (shown["sentences"], shown["tokens"]) == (2, 10_002)
    outputs = tree(tmp_path / "out")
    assert outputs["empty.jsonl"] == b""
    assert outputs["no_end.jsonl"].count(b"\n") == 1
    assert len(json.loads(outputs["long.jsonl"])["tokens"]) == 10_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("in",), USAGE, "in/a.tsv: and in/a.txt would both be written to out/a.jsonl"),
        (("in/*.csv",), USAGE, "in/*.csv: no file matches this pattern"),
        (("in/b.txt",), FILES, "in/b.txt: no such file or folder\n  did you mean in/a.txt?"),
        (("out",), USAGE, "out: the inputs lie in the folder of --out-dir"),
        (("out/x/y.txt",), USAGE, "out/x/y.txt: the inputs lie in the folder of --out-dir"),
        (("in/a.txt", "in/errors.txt"), USAGE, "in/errors.txt: would be written to errors.jsonl, which lists"),
        ((), USAGE, "give files, folders or patterns"),
        (("in/a.txt", "--to", "line"), USAGE, "--to line is for people"),
        (("in/a.txt", "--out", "x"), USAGE, "--out-dir needs no --input and no --out"),
        (("in/a.txt", "--to", "tsv", "--text-field", "x"), USAGE, "--text-field needs a file, and writes JSON"),
        (("in/a.txt", "--result-field", "x"), USAGE, "--result-field needs --text-field"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_any_work(
    run: Run, trained: "Trained", tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
):
    for name in ("in/a.txt", "in/a.tsv", "in/errors.txt", "out/x/y.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("hello\n")
    result = run("tag", *arguments, "--out-dir", "out", "--model", trained.path)
    assert (result.exit_code, message in result.stderr) == (code, True), result.stderr
    assert os.listdir(tmp_path / "out") == ["x"]  # noqa: PTH208


def test_jobs_need_a_folder(run: Run):
    result = run("tag", "hello", "--jobs", "2")
    assert (result.exit_code, "--jobs, --cluster, --shard and --on-error need --out-dir" in result.stderr) == (
        2,
        True,
    )


def test_outputs_inside_the_inputs_are_never_read(run: Run, trained: "Trained", tmp_path: Path):
    (tmp_path / "a.txt").write_text("hello\n")
    for arguments in (("."), ("**/*",)):
        for number in range(2):
            result = run("tag", *arguments, "--out-dir", "out", "--model", trained.path, "--json")
            assert summary(result)["files"] == 1
            assert ("left out: 2 files in the folder of --out-dir" in result.stderr) == (
                number == 1 or arguments != "."
            )


def jobs_of(path: Path, trained: "Trained", **how: Any) -> tuple[Any, list[Any]]:
    """The job of a file and those of its parts."""
    options = {"format": "auto", "columns": "", "tag_names": "", "encoding": ""}
    usual = {"to": "jsonl", "nbest": 0, "keep": False, "text_field": "", "added": "spans", "is_table": False}
    values = {**usual, "skip": False, "force": False, "options": options, **how}
    job = file_job("a.jsonl", path, path.parent / "out/a.jsonl", Blob.of(trained.path), values, 1e3)
    return job, part_jobs(job, 300)


def test_a_file_that_changes_between_its_parts_is_an_error(trained: "Trained", tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("leave Taipei\n" * 80)
    job, parts = jobs_of(path, trained)
    assert len(parts) == 4
    list(run_jobs(parts[:2], tmp_path / "out"))
    path.write_text("leave Taipei\n" * 81)
    with pytest.raises(DataError, match="was changed while it was labelled"):
        list(run_jobs(parts, tmp_path / "out"))
    path.write_text("leave Taipei\n" * 80)
    list(run_jobs(parts, tmp_path / "out"))
    path.write_text("arrive Taipe\n" * 80)
    with pytest.raises(DataError, match="was changed while it was labelled"):
        list(run_jobs([job], tmp_path / "out"))
    assert not (tmp_path / "out/a.jsonl").exists()


def table() -> pa.Table:
    """A table with columns of several kinds, nulls, nested fields, and metadata."""
    texts = [None if i % 7 == 3 else TEXTS[i % len(TEXTS)] for i in range(60)]
    return pa.table(
        {
            "id": pa.array(range(60), pa.uint64()),
            "text": pa.array(texts),
            "kind": pa.array(texts).dictionary_encode(),
            "inner": pa.array([{"text": text, "n": [1]} for text in texts]),
            "when": pa.array([0] * 60, pa.timestamp("us", "UTC")),
        }
    ).replace_schema_metadata({"pandas": "{}", "own": "é"})


def without_result(found: pa.Table) -> pa.Table:
    return found.drop_columns(["spans"])


@pytest.mark.parametrize("field", ["text", "kind", "inner.text"])
def test_a_table_gets_a_column_and_keeps_all_else(run: Run, trained: "Trained", tmp_path: Path, field: str):
    (tmp_path / "in").mkdir()
    pq.write_table(table(), tmp_path / "in/a.parquet", row_group_size=17, compression="zstd")
    common = ("--text-field", field, "--model", trained.path, "--json")
    shown = summary(run("tag", "in", "--out-dir", "out", *common, "--part", 0))
    before = pq.ParquetFile(tmp_path / "in/a.parquet")
    after = pq.ParquetFile(tmp_path / "out/a.parquet")
    assert without_result(after.read()).equals(before.read(), check_metadata=True)
    assert after.schema_arrow.field("id").equals(before.schema_arrow.field("id"), check_metadata=True)
    groups = [[file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] for file in (before, after)]
    assert groups[0] == groups[1] == [17, 17, 17, 9]
    assert after.metadata.row_group(0).column(0).compression == "ZSTD"
    names = ["text", "start", "end", "tag", "probability"]
    assert after.schema_arrow.field("spans").type.value_type.names == names
    texts = before.read().column("text").to_pylist()
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps({"t": text or ""}) + "\n" for text in texts))
    lines = run("tag", "--input", "lines.jsonl", "--text-field", "t", "--model", trained.path).stdout.splitlines()
    for text, spans, line in zip(texts, after.read().column("spans").to_pylist(), lines, strict=True):
        assert spans == (None if text is None else json.loads(line)["spans"])
    assert shown["sentences"] == sum(text is not None for text in texts)
    parts = summary(run("tag", "in", "--out-dir", "parts", *common, "--part", 0.001))
    assert (tmp_path / "parts/manifest.jsonl").read_text().count("#1-of-4") == 1
    assert tree(tmp_path / "parts") == tree(tmp_path / "out")
    assert {**parts, "out": "out", "seconds": 0} == {**shown, "seconds": 0}


def test_tables_that_cannot_be_labelled(run: Run, trained: "Trained", tmp_path: Path):
    pq.write_table(table().append_column("spans", pa.array([1] * 60)), tmp_path / "a.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-9])
    for name, options, message in (
        (
            "a.parquet",
            ("--text-field", "text"),
            "there is a column spans already\n  name another by --result-field",
        ),
        (
            "a.parquet",
            ("--text-field", "txt", "--result-field", "r"),
            'there is no column txt\n  did you mean "text"?',
        ),
        ("a.parquet", ("--text-field", "inner.x", "--result-field", "r"), "there is no column inner.x"),
        ("a.parquet", ("--text-field", "id", "--result-field", "r"), "the column id holds no texts"),
        ("cut.parquet", ("--text-field", "text"), "cut.parquet: the Parquet table is damaged"),
        ("a.parquet", (), "a.parquet: a Parquet table needs the name of the column with the text"),
    ):
        result = run("tag", name, "--out-dir", f"out-{len(message)}", "--model", trained.path, *options)
        assert result.exit_code == (DATA if options else USAGE), result.stderr
        assert message in result.stderr


@pytest.mark.parametrize(
    ("library", "name", "extra"), [("zstandard", "a.txt.zst", "zstd"), ("pyarrow", "a.parquet", "parquet")]
)
def test_without_an_extra_its_name_is_said(
    run: Run,
    trained: "Trained",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    name: str,
    extra: str,
):
    pq.write_table(table(), tmp_path / "a.parquet")
    (tmp_path / "a.txt.zst").write_bytes(PACK[".zst"](b"hello\n"))
    for module in (library, "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    result = run("tag", name, "--text-field", "text", "--out-dir", "out", "--model", trained.path)
    assert result.exit_code == USAGE
    assert f'pip install "rnncli[{extra}]"' in result.stderr


def test_places_of_jobs_do_not_change_the_bytes(trained: "Trained", tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("leave Taipei\n" * 80)
    results = []
    for place in (Here(1), Here(2), Processes(2)):
        job, parts = jobs_of(path, trained)
        list(run_jobs(parts, tmp_path / "out", place=place))
        list(run_jobs([job], tmp_path / "out", place=place))
        results.append(tree(tmp_path / "out") if not shutil.rmtree(tmp_path / "out/.parts") else {})
        shutil.rmtree(tmp_path / "out")
    assert results[0] == results[1] == results[2]


def test_lines_of_a_part_are_numbered_from_its_first(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"a\nb\nc\n")
    with (tmp_path / "a").open("rb") as file:
        file.seek(2)
        assert list(Lines(file, Faults("a"), first=2)) == [(2, "b"), (3, "c")]
    assert cutting.count_lines(tmp_path / "a", 4) == 2
