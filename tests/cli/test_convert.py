"""``rnncli convert``: formats, schemes, what it says, and that there is never half a file."""

import gzip
import json
import lzma
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli.resources import bundled

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
TSV = "Leave\tO\nTaipei\tB-city\n\nThanks\tO\n\n"
JSONL = '{"tokens": ["Leave", "Taipei"], "tags": ["O", "B-city"]}\n{"tokens": ["Thanks"], "tags": ["O"]}\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.tsv"
    path.write_text(TSV, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out.tsv", TSV),
        ("out.conll", TSV.replace("\t", " ")),
        ("out.jsonl", JSONL),
        ("out.json", "[\n" + JSONL.strip().replace("}\n{", "},\n{") + "\n]\n"),
        ("out.csv", "sentence,token,tag\n1,Leave,O\n1,Taipei,B-city\n2,Thanks,O\n"),
        ("out.txt", "Leave Taipei\nThanks\n"),
        ("OUT.TSV", TSV),
    ],
)
def test_the_suffix_chooses_the_format(run: Run, source: Path, name: str, expected: str) -> None:
    out = source.parent / "new" / name
    result = run("convert", source, out)
    assert (0, "") == (result.exit_code, result.stdout)
    assert expected == out.read_text("utf-8")
    assert result.stderr.splitlines()[0].startswith(f"{source}: tsv; token in column 1, tag in column 2")
    assert f"wrote   {out}: 2 sentences, 3 tokens" in result.stderr
    assert [out] == list(out.parent.iterdir())


@pytest.mark.parametrize(
    ("format_name", "expected"),
    [
        ("doccano", {"text": "Leave Taipei", "label": [[6, 12, "city"]]}),
        (
            "entities",
            {
                "text": "Leave Taipei",
                "tokens": ["Leave", "Taipei"],
                "entities": [{"start": 6, "end": 12, "label": "city"}],
            },
        ),
        (
            "prodigy",
            {
                "text": "Leave Taipei",
                "tokens": [
                    {"text": "Leave", "start": 0, "end": 5, "id": 0, "ws": True},
                    {"text": "Taipei", "start": 6, "end": 12, "id": 1, "ws": False},
                ],
                "spans": [{"start": 6, "end": 12, "token_start": 1, "token_end": 1, "label": "city"}],
                "answer": "accept",
            },
        ),
    ],
)
def test_texts_with_spans_on_stdout(run: Run, source: Path, format_name: str, expected: dict[str, object]) -> None:
    result = run("convert", source, "-", "--to", format_name)
    assert 0 == result.exit_code
    assert expected == json.loads(result.stdout.splitlines()[0])
    assert 2 == len(result.stdout.splitlines())


def test_label_studio_tasks(run: Run, source: Path) -> None:
    tasks = json.loads(run("convert", source, "-", "--to", "label-studio").stdout)
    value = {"start": 6, "end": 12, "text": "Taipei", "labels": ["city"]}
    result = {"id": "0", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
    assert {"data": {"text": "Leave Taipei"}, "annotations": [{"result": [result]}]} == tasks[0]
    assert [] == tasks[1]["annotations"][0]["result"]


def test_packed_by_the_suffix(run: Run, source: Path) -> None:
    for suffix, unpacked in ((".gz", gzip.decompress), (".xz", lzma.decompress)):
        out = source.parent / f"out.jsonl{suffix}"
        assert 0 == run("convert", source, out).exit_code
        assert JSONL == unpacked(out.read_bytes()).decode()
        first = out.read_bytes()
        assert 0 == run("convert", source, out, "--overwrite").exit_code
        assert first == out.read_bytes()


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("IOB1", "I-x I-x B-x O I-y O"),
        ("IOB2", "B-x I-x B-x O B-y O"),
        ("IOE1", "I-x E-x I-x O I-y O"),
        ("IOE2", "I-x E-x E-x O E-y O"),
        ("IOBES", "B-x E-x S-x O S-y O"),
        ("BILOU", "B-x L-x U-x O U-y O"),
        ("BMES", "B-x E-x S-x O S-y O"),
        ("BMEWO", "B-x E-x W-x O W-y O"),
    ],
)
@pytest.mark.parametrize("is_piped", [False, True])
def test_a_scheme_is_written_and_read_back(
    run: Run, tmp_path: Path, scheme: str, expected: str, is_piped: bool
) -> None:
    path = tmp_path / "in.tsv"
    iob2 = ["B-x", "I-x", "B-x", "O", "B-y", "O"]
    text = ("".join(f"a\t{tag}\n" for tag in iob2) + "\n") * 20
    path.write_text(text, "utf-8")
    there = tmp_path / "there.tsv"
    if is_piped:
        result = run("convert", "-", there, "--scheme", scheme, stdin=text.encode())
    else:
        result = run("convert", path, there, "--scheme", scheme)
    assert 0 == result.exit_code
    assert expected.split() == [line.split("\t")[1] for line in there.read_text("utf-8").splitlines()[:6]]
    back = run("convert", there, "-", "--to", "tsv", "--scheme", "IOB2")
    assert text == back.stdout
    assert "malformed" not in result.stderr + back.stderr


def test_the_spelling_of_tags_is_kept_by_a_scheme_and_usual_in_spans(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_text("a\tb_x\nb\ti_x\nc\tO\n\n" * 20, "utf-8")
    assert run("convert", path, "-", "--to", "tsv", "--scheme", "IOBES").stdout.startswith("a\tb_x\nb\te_x\nc\tO\n")
    spans = run("convert", path, "-", "--to", "doccano").stdout.splitlines()[0]
    assert {"text": "a b c", "label": [[0, 3, "x"]]} == json.loads(spans)


def test_tags_without_letters_are_spans_of_neighbours(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_text("a\tPER\nb\tPER\nc\tO\n\nd\tLOC\ne\tO\n\n", "utf-8")
    result = run("convert", path, "-", "--to", "tsv", "--scheme", "IOB2")
    assert "a\tB-PER\nb\tI-PER\nc\tO\n\nd\tB-LOC\ne\tO\n\n" == result.stdout
    assert "neighbours with the same tag are one span" in result.stderr


def test_malformed_tags_are_counted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_text("a\tB-x\nb\tI-x\nc\tO\n\n" * 20 + "a\tI-x\nb\tI-y\n\n", "utf-8")
    result = run("convert", path, "-", "--to", "tsv", "--scheme", "IOB2")
    assert result.stdout.endswith("a\tB-x\nb\tB-y\n\n")
    assert "warning: malformed tags (2)" in result.stderr


def test_what_is_not_kept_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": 1, "text": "a  b", "label": [[0, 1, "x"]], "Comments": []}\n', "utf-8")
    result = run("convert", path, "-", "--to", "conll")
    assert "a B-x\nb O\n\n" == result.stdout
    assert "not kept in conll: texts as they were typed (1), further fields (id, Comments)" in result.stderr


def test_texts_are_cut_by_the_tokenizer_that_is_chosen(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "ab-c d", "label": [[0, 2, "x"]]}\n', "utf-8")
    assert 'span "ab" (0 to 2, x) is not whole tokens' in run("convert", path, "-", "--to", "tsv").stderr
    result = run("convert", path, "-", "--to", "tsv", "--tokenizer", "characters")
    assert "a\tB-x\nb\tI-x\n-\tO\nc\tO\nd\tO\n\n" == result.stdout
    assert 2 == run("convert", path, "-", "--to", "tsv", "--tokenizer", "letters").exit_code


def test_what_force_did_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "ab-c d\\ne", "label": [[0, 2, "x"], [0, 1, "y"], [5, 8, "z"]]}\n', "utf-8")
    result = run("convert", path, "-", "--to", "tsv", "--force")
    assert "ab-c\tB-x\nd\tB-z\n\ne\tB-z\n\n" == result.stdout
    assert (
        "1 left out where they overlap a longer one, 1 cut at line ends, 1 widened to whole tokens" in result.stderr
    )


def test_the_summary_as_json(run: Run, source: Path) -> None:
    out = source.parent / "out.jsonl"
    result = json.loads(run("convert", source, out, "--json").stdout)
    expected = {"out": str(out), "format": "jsonl", "sentences": 2, "tokens": 3, "malformed": 0, "not_kept": []}
    assert expected == result


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("in.tsv", "in.tsv"), "OUT in.tsv would replace a file that is read: IN in.tsv"),
        (("in.tsv", "./in.tsv"), "OUT ./in.tsv would replace a file that is read: IN in.tsv"),
        (("in.tsv", "out"), 'the name "out" does not say which format to write'),
        (("in.tsv", "-"), 'the name "-" does not say which format to write'),
        (("in.tsv", "out", "--to", "jsonnl"), 'did you mean "jsonl"?'),
        (("in.tsv", "out.tsv", "--scheme", "plain"), '--scheme: "plain" is not one of its values'),
        (("in.tsv", "out.tsv", "--scheme", "iob2"), 'did you mean "IOB2"?'),
        (("in.tsv", "out", "--to", "doccano", "--scheme", "IOBES"), "doccano holds spans and no tags"),
        (("in.tsv", "-", "--to", "tsv", "--json"), "both write to stdout"),
    ],
)
def test_what_cannot_be_done_is_refused(
    run: Run, source: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(source.parent)
    result = run("convert", *arguments)
    assert 2 == result.exit_code
    assert message in result.stderr
    assert [source] == list(source.parent.iterdir())
    assert TSV == source.read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (TSV + "alone\n", "out.jsonl", "expected token<TAB>tag, found one column"),
        ("a\tNN\nb\tVB\n", "out --to doccano", "the tags mark no spans"),
        ("a b\tO\nc\tO\n", "out.conll", "cannot hold"),
        ("", "out.jsonl", "no sentence in this file"),
    ],
)
def test_after_an_error_the_old_file_is_left(
    run: Run, tmp_path: Path, content: str, name: str, message: str
) -> None:
    path = tmp_path / "in.tsv"
    path.write_text(content, "utf-8")
    out, *options = name.split()
    (tmp_path / out).write_text("old", "utf-8")
    result = run("convert", path, tmp_path / out, *options, "--format", "tsv", "--overwrite")
    assert 3 == result.exit_code
    assert message in result.stderr
    assert "wrote" not in result.stderr
    assert "old" == (tmp_path / out).read_text("utf-8")
    assert {"in.tsv", out} == {file.name for file in tmp_path.iterdir()}


def test_a_pipe_that_is_named_as_a_file_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "rnncli", "convert", pipe, "-", "--to", "doccano", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            pipe.write_text(TSV, "utf-8")
            stdout, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert '{"text": "Leave Taipei", "label": [[6, 12, "city"]]}\n{"text": "Thanks", "label": []}\n' == stdout


def test_memory_does_not_grow_with_the_file(run: Run, tmp_path: Path) -> None:
    def peak(sentences: int) -> int:
        path = tmp_path / f"{sentences}.jsonl"
        path.write_text(JSONL * (sentences // 2), "utf-8")
        tracemalloc.start()
        try:
            assert 0 == run("convert", path, tmp_path / "out.tsv", "--scheme", "BILOU", "--overwrite").exit_code
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10_000)  # imports
    assert peak(40_000) < 1.5 * peak(10_000)


def test_a_file_that_is_there_is_replaced_by_overwrite_alone(run: Run, source: Path) -> None:
    model = bundled("models/default.npz").read_bytes()
    out = source.parent / "model.npz"
    out.write_bytes(model)
    result = run("convert", source, out, "--to", "tsv")
    assert 5 == result.exit_code
    hint = "choose another OUT, or give --overwrite to replace it"
    assert f"error: {out}: is there already\n  {hint}\n" == result.stderr
    assert model == out.read_bytes()
    assert 0 == run("convert", source, out, "--to", "tsv", "--overwrite").exit_code
    assert TSV == out.read_text("utf-8")


@pytest.mark.parametrize("name", ["out.tsv", "out.conll", "out.csv", "out.jsonl", "out.conllu"])
def test_a_file_of_named_columns_is_read_back(run: Run, tmp_path: Path, name: str) -> None:
    source = tmp_path / "in.conllu"
    source.write_text("# global.columns = ID FORM X TAG\n# sent_id = 1\n1\ta\tq\tB-x\n2\tb\t_\tO\n\n", "utf-8")
    assert 0 == run("convert", source, tmp_path / name).exit_code
    back = run("convert", tmp_path / name, "-", "--to", "tsv")
    assert 0 == back.exit_code
    assert back.stdout.endswith("a\tq\tB-x\nb\t_\tO\n\n")
