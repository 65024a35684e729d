"""``rnncli info``: what it says of a model, its JSON, and the model card."""

import hashlib
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from rnncli import modelfile
from rnncli.resources import bundled

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained
    from rnncli.model import Model

Run = Callable[..., "Result"]
Forge = Callable[..., Path]
USAGE, MODEL, FILE = 2, 4, 5
# Markdown, HTML, YAML and cells of a table; the texts of the header of a model may be anything.
HOSTILE = [
    "B-<script>alert(1)</script>",
    "B-a|b\\|c\\",
    "B-[x](javascript:alert(1))",
    "B-![x](http://127.0.0.1/x.png)",
    "B-`code` *bold* _it_ ~~s~~",
    "B-&lt;b&gt;&#60;",
    "B-\n---\n# title\n<b>",
    "B-www.example.org http://example.org a@example.org",
    "B-{{ x }} {% x %} $$x$$",
    "B-\x1b]0;evil\x07\u202e\u2028",
    'B-"quoted": no',
    "O",
]


def described(run: Run, *arguments: object) -> dict[str, Any]:
    result = run("info", *arguments, "--json")
    assert (0, "") == (result.exit_code, result.stderr)
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def test_the_json_of_a_trained_model_is_the_documented_one(run: Run, trained: "Trained", booking_text: str) -> None:
    document = described(run, trained.path)
    content = trained.path.read_bytes()
    parameters = document.pop("parameters")
    dev = document.pop("dev")
    tags = document.pop("tags")
    network = document.pop("network")
    training = document.pop("training")
    inputs = [["embedding", 23, 8], ["ngram", document["inputs"][1]["rows"], 8]]
    assert {
        "version": 1,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "format": modelfile.format_of(trained.model),
        "rnncli": "0.1.0",
        "description": "bidirectional, 1 × 8 lstm, crf",
        "weights": sum(array.size for array in trained.model.parameters.values()),
        "inputs": [dict(zip(("name", "rows", "width"), row, strict=True)) for row in inputs],
        "words": 22,
        "types": ["departure", "departure_time", "destination", "destination_time"],
        "scheme": "IOB2",
        "tokenizer": trained.model.tokenizer,
        # Of the sentences as TSV, with a blank line between two of them.
        "data": {"sha256": hashlib.sha256(booking_text[:-1].encode()).hexdigest(), "sentences": 30, "tokens": 140},
        "epochs": trained.result.epochs,
        "best_epoch": trained.result.best_epoch,
        "metric": "f1",
        "refit": None,
        "distilled": None,
        "examples": trained.model.provenance["examples"],
    } == {key: value for key, value in document.items() if key != "memory"}
    assert trained.model.tags == tags
    assert ("bidirectional", "lstm", 8, "crf", "constrained") == tuple(
        network[key] for key in ("arch", "cell", "hidden", "output", "decoding")
    )
    assert (1, 4, 0.05, 0.0) == tuple(training[key] for key in ("seed", "batch", "learning_rate", "dropout"))
    assert {"layer1/U": [64, 16], "layer1/W": [2, 32, 8], "layer1/b": [64]} == {
        row["name"]: row["shape"] for row in parameters if row["name"].startswith("layer1")
    }
    stored = trained.dev.as_dict()
    for key in ("sentences", "tokens", "accuracy", "precision", "recall", "f1", "unknown_words"):
        assert stored[key] == dev[key]
    assert set(stored["per_type"]) == set(dev["per_type"])
    for kind, scores in dev["per_type"].items():
        assert {key: stored["per_type"][kind][key] for key in ("precision", "recall", "f1", "gold")} == scores


def test_memory_is_that_of_the_weights_and_of_the_copied_matrices(run: Run, trained: "Trained") -> None:
    copied = [
        array
        for name, array in trained.model.parameters.items()
        if name in ("window/P", "layer1/U", "layer1/W", "output/V")
    ]
    document = described(run, trained.path)
    assert 4 * (document["weights"] + sum(array.size for array in copied)) == document["memory"]


def test_the_file_may_be_an_argument_an_option_a_variable_or_the_bundled_one(run: Run, trained: "Trained") -> None:
    expected = described(run, trained.path)
    for arguments, variables in (
        (("--model", trained.path), {}),
        ((), {"RNNCLI_MODEL": str(trained.path)}),
        ((trained.path,), {"RNNCLI_MODEL": "missing.npz"}),  # the argument goes before it
    ):
        result = run("info", "--json", *arguments, env=variables)
        assert (0, expected) == (result.exit_code, json.loads(result.stdout)), arguments
    result = run("info", "--json")
    path = bundled("models/default.npz")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == json.loads(result.stdout)["sha256"]
    assert f"model   {path}, which comes with rnncli\n" == result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.npz", "--model", "b.npz"), "two models are named: MODEL and --model\n  name one"),
        (("--card", "--json"), "--card and --json are two outputs\n  give one of them"),
        (("--license", "mit"), "--license is for a model card\n  give --card too"),
        (("--language", "en"), "--language is for a model card\n  give --card too"),
    ],
)
def test_what_does_not_go_together_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("info", *arguments)
    assert (USAGE, "", f"error: {message}\n") == (result.exit_code, result.stdout, result.stderr)


def test_a_missing_and_a_damaged_model_are_refused(run: Run, tmp_path: Path) -> None:
    assert FILE == run("info", "missing.npz").exit_code
    (tmp_path / "text.npz").write_text("no model")
    for form in ((), ("--json",), ("--card",)):
        result = run("info", "text.npz", *form)
        assert (MODEL, "") == (result.exit_code, result.stdout)
        assert result.stderr.startswith("error: text.npz: ")


def test_the_page_for_people_fits_80_columns_and_has_the_numbers(run: Run) -> None:
    result = run("info", env={"COLUMNS": "80"})
    lines = result.stdout.splitlines()
    assert 0 == result.exit_code
    assert max(map(len, lines)) <= 80
    for line in (
        "bidirectional, 1 × 128 lstm, crf",
        "  input        embedding 924 × 64, ngram 2,467 × 64; window 3, added; digits",
        "               read as 0",
        "  tokenizer    words+compounds",
        "  data         3,100 sentences, 35,569 tokens",
        "  seed         1",
        "  epoch        17 of 19, by f1",
        f"  sha256       {hashlib.sha256(bundled('models/default.npz').read_bytes()).hexdigest()}",
    ):
        assert line in lines
    assert re.search(r"^ departure +95\.83 +94\.36 +95\.09 +195 *$", result.stdout, re.MULTILINE)


@pytest.mark.promise("finite")
def test_what_a_file_says_of_its_training_is_left_out_where_it_cannot_be(
    run: Run, tiny: "Model", tmp_path: Path
) -> None:
    good = {"sentences": 3, "tokens": 9, "accuracy": 0.5}
    path = tmp_path / "model.npz"
    for provenance in (
        {},
        {"dev": [1], "rnncli": 3, "data_sha256": "0" * 63, "sentences": -1, "tokens": True, "epochs": 10**30},
        {"dev": {**good, "accuracy": 1.5}},
        {"dev": {**good, "accuracy": "0.5"}, "rnncli": "1 <b>", "metric": "speed"},
        {"dev": {**good, "tokens": None}, "best_epoch": 0.5, "data_sha256": ["0" * 64]},
    ):
        tiny.provenance = provenance
        modelfile.save(tiny, path)
        document = described(run, path)
        for key in ("rnncli", "epochs", "best_epoch", "metric", "dev"):
            assert document[key] is None, provenance
        assert {"sha256": None, "sentences": None, "tokens": None} == document["data"]
        for form in ((), ("--card",)):
            assert 0 == run("info", path, *form).exit_code
    per_type = {"x": 7, "y": {"f1": 0.25, "gold": 1.5}}
    tiny.provenance = {"dev": {**good, "f1": -0.1, "precision": {}, "per_type": per_type}}
    modelfile.save(tiny, path)
    assert {
        "sentences": 3,
        "tokens": 9,
        "accuracy": 0.5,
        "precision": None,
        "recall": None,
        "f1": None,
        "per_type": {
            "x": {"precision": None, "recall": None, "f1": None, "gold": None},
            "y": {"precision": None, "recall": None, "f1": 0.25, "gold": None},
        },
        "unknown_words": {"tokens": None, "accuracy": None},
    } == described(run, path)["dev"]


def read_block(lines: list[str], indent: int = 0) -> Any:
    """Read YAML of objects and lists in blocks whose other values are JSON; anything else is an error."""
    values: Any = None
    while lines:
        line = lines[0]
        depth = len(line) - len(line.lstrip(" "))
        if depth < indent:
            break
        assert depth == indent, line
        if line.startswith("- ", indent):
            values = [] if values is None else values
            if re.match(r"[a-z_]+:", line[indent + 2 :]):
                lines[0] = line[:indent] + "  " + line[indent + 2 :]
                values.append(read_block(lines, indent + 2))
            else:
                values.append(json.loads(line[indent + 2 :]))
                del lines[0]
            continue
        key, _, rest = line[indent:].partition(":")
        assert re.fullmatch("[a-z_-]+", key), line
        values = {} if values is None else values
        assert key not in values
        del lines[0]
        values[key] = json.loads(rest) if rest else read_block(lines, indent + 2)
    assert values, "a block is empty"
    return values


def card_of(run: Run, *arguments: object) -> tuple[dict[str, Any], str]:
    """The metadata and the Markdown of a card."""
    result = run("info", *arguments, "--card")
    assert 0 == result.exit_code, result.stderr
    empty, block, text = result.stdout.split("---\n", 2)
    assert "" == empty
    assert not re.search("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", result.stdout)
    return read_block(block.splitlines()), text


def test_the_metadata_of_a_card_are_those_that_hubs_read(run: Run, trained: "Trained") -> None:
    metadata, _ = card_of(run, trained.path, "--license", "apache-2.0", "--language", "en, no")
    (index,) = metadata.pop("model-index")
    (result,) = index.pop("results")
    assert {
        "language": ["en", "no"],
        "license": "apache-2.0",
        "library_name": "rnncli",
        "pipeline_tag": "token-classification",
        "tags": ["rnncli", "sequence-labelling", "bidirectional", "lstm", "crf"],
        "metrics": ["f1", "precision", "recall", "accuracy"],
    } == metadata
    assert {"name": "tiny"} == index
    assert {"type": "token-classification", "name": "Token Classification"} == result["task"]
    assert {"type": "custom", "name": "development data", "split": "validation"} == result["dataset"]
    dev = trained.dev.as_dict()
    assert [("f1", "F1"), ("precision", "Precision"), ("recall", "Recall"), ("accuracy", "Accuracy")] == [
        (metric["type"], metric["name"]) for metric in result["metrics"]
    ]
    for metric in result["metrics"]:
        assert round(dev[metric["type"]], 6) == metric["value"]


def test_a_card_without_a_license_names_none(run: Run) -> None:
    metadata, _ = card_of(run)
    assert not {"license", "language"} & metadata.keys()


def test_the_commands_of_a_card_work(run: Run, trained: "Trained", tmp_path: Path) -> None:
    path = tmp_path / "my model.npz"
    path.write_bytes(trained.path.read_bytes())
    _, text = card_of(run, path)
    commands = re.findall(r"^rnncli (.*)$", text, re.MULTILINE)
    (tmp_path / "texts.txt").write_text("leave Taipei\n")
    assert 3 == len(commands)
    for command in commands:
        result = run(*shlex.split(command))
        assert 0 == result.exit_code, result.stderr
    code = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert code is not None
    exec(code[1], {})


def test_a_card_shows_hostile_texts_as_they_are_and_runs_none(run: Run, tiny: "Model", tmp_path: Path) -> None:
    hostile = [*HOSTILE, *(tag.replace("B-", "I-") for tag in HOSTILE if tag != "O")]
    tiny.tags[:] = [*hostile, "B-x"][: len(tiny.tags)]
    tiny.provenance["dev"]["per_type"] = {tag[2:]: {"gold": 3} for tag in HOSTILE if tag != "O"}
    tiny.provenance["examples"] = ["", "```\n# $(touch evil) `touch evil`'\"<b>"]
    tiny.provenance["rnncli"] = "0.1.0\n<script>"
    path = tmp_path / '- "x": {[no]} #<b>|`\n\U0001f600\ufeff.npz'
    modelfile.save(tiny, path)
    metadata, text = card_of(run, "--model", path, "--license", "a: [b", "--language", '"no')
    assert ("a: [b", ['"no']) == (metadata["license"], metadata["language"])
    assert '- "x": {[no]} #<b>|`\\n\U0001f600\ufeff' == metadata["model-index"][0]["name"]
    tokens = MarkdownIt("commonmark", {"linkify": False}).enable("table").parse(text)
    kinds = {child.type for token in tokens for child in (token, *(token.children or ()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "em_open", "strong_open", "hr"}
    cells = ["".join(child.content for child in token.children or ()) for token in tokens if token.type == "inline"]
    for tag in tiny.provenance["dev"]["per_type"]:
        assert re.sub("[\n\x1b\x07\u202e\u2028]", lambda match: repr(match[0])[1:-1], tag) in cells
    # Nothing that a renderer makes a link of by itself is left: all punctuation is escaped.
    assert not re.search(r"www\.|://|\w@\w", text.replace("```", ""))


def test_a_model_that_reads_columns_says_so_in_its_card(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "data.tsv"
    data.write_text("leave\tVB\tO\nOslo\tNN\tB-city\n\nto\tTO\tO\nRome\tNN\tB-city\n")
    quick = ("--hidden", "2", "--embedding", "2", "--ngram", "2", "--column", "2", "--epochs", "1")
    assert 0 == run("train", data, "--out", "model.npz", *quick).exit_code
    _, text = card_of(run, "model.npz")
    assert "\nIt reads a column beside each token, so texts alone cannot be labelled.\n" in text
    assert "\nrnncli tag --model model.npz --input FILE --to jsonl\n" in text
