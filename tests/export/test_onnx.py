"""rnncli export --to onnx: onnxruntime gives the tags and probabilities of rnncli, whatever the network is."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
from networks import NETWORKS
from untrained_models import EVERYTHING, LISTS, untrained

from rnncli import __version__, labelling
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.inputs import Inputs
from rnncli.data.lexicon import Lexicon
from rnncli.data.tags import Scheme
from rnncli.errors import ModelError
from rnncli.export import onnx
from rnncli.model import Model

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

LOOKUP = Path(__file__).parents[2] / "docs" / "export" / "lookup.mjs"
NODE = shutil.which("node") or ""
SHA256 = "ab" * 32
# One and two tokens, a token without letters, known and unknown words, and bags of every size.
SENTENCES = [
    ["leave"],
    ["leave", "Taipei"],
    [""],
    ["2nd", "é", "Leave", "", "taipei", "3nd", "unheard", "on", "Taipei"],
    ["x", "leave"] * 15,
]
WINDOWS = [(0, "joined"), (2, "joined"), (1, "added")]


def columns_of(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    return [(("VB", "NN", "?")[len(token) % 3], "x") for token in tokens]


def session_of(model: Model) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx.write(model, SHA256), options)


def assert_labels_alike(model: Model, lookup: ModuleType, sentences: Iterable[list[str]] = SENTENCES) -> None:
    session = session_of(model)
    lists = json.loads(json.dumps(onnx.lists(model, SHA256)))
    for tokens in sentences:
        columns = columns_of(tokens)
        encoded = model.encode([tokens], [columns])
        tags, probabilities = session.run(None, lookup.feeds(lists, tokens, columns))
        run = labelling.trace(model, encoded)
        expected_tags, expected = labelling.decide(model, run)
        assert expected_tags.tolist() == tags.tolist()
        assert (np.int32, np.float32) == (tags.dtype, probabilities.dtype)
        np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_every_network_labels_as_rnncli_does(
    lookup: ModuleType, arch: str, cell: str, decoder: str, long: bool
) -> None:
    every = list(product(WINDOWS, ["any", "legal"], [1, 2], ["embedding", "onehot", EVERYTHING]))
    # Each value of a setting with some of the others.
    some = [every[0], every[11], every[16], every[20], every[26], every[35]]
    for (window, neighbours), transitions, layers, features in every if long else some:
        if (neighbours, features) != ("added", "onehot"):
            network = {"window": window, "neighbours": neighbours, "features": features, "layers": layers}
            model = untrained(arch=arch, cell=cell, decoder=decoder, transitions=transitions, **network)
            for array in model.parameters.values():
                array *= 0.6  # so that not all probabilities are 0 or 1
            assert_labels_alike(model, lookup)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize("arch", ["fnn", "elman", "jordan", "hybrid", "bidirectional"])
def test_every_activation_is_kept(lookup: ModuleType, arch: str, activation: str) -> None:
    model = untrained(arch=arch, activation=activation, layers=2, decoder="crf")
    for array in model.parameters.values():
        array *= 0.4
    assert_labels_alike(model, lookup)


@pytest.mark.parametrize("transitions", ["any", "legal"])
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_of_equal_paths_the_same_one_is_chosen(lookup: ModuleType, decoder: str, transitions: str) -> None:
    model = untrained(decoder=decoder, transitions=transitions)
    for array in model.parameters.values():
        array[...] = 0
    assert_labels_alike(model, lookup)


@pytest.mark.parametrize("scale", [40.0, 2_000.0])
def test_probabilities_of_very_large_scores_are_finite(lookup: ModuleType, scale: float) -> None:
    model = untrained(decoder="crf", transitions="legal", arch="bidirectional")
    for name in ("output/V", "output/A", "output/first", "output/last"):
        model.parameters[name][...] *= scale
    session = session_of(model)
    for tokens in SENTENCES:
        _, probabilities = session.run(None, lookup.feeds(onnx.lists(model, SHA256), tokens))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-5)
    if scale < 100:
        assert_labels_alike(model, lookup)


def test_a_trained_model_labels_alike(lookup: ModuleType, tiny: Model, booking_text: str) -> None:
    blocks = booking_text.strip().split("\n\n")
    sentences = [[line.split("\t")[0] for line in block.splitlines()] for block in blocks]
    assert_labels_alike(tiny, lookup, sentences)


def test_the_file_says_what_it_is_and_is_the_same_each_time(tiny: Model) -> None:
    assert onnx.write(tiny, SHA256) == onnx.write(tiny, SHA256)
    session = session_of(tiny)
    about = session.get_modelmeta()
    assert "rnncli" == about.producer_name
    stated = about.custom_metadata_map
    assert (__version__, SHA256, tiny.tags) == (stated["rnncli"], stated["sha256"], json.loads(stated["tags"]))
    assert "bidirectional" == json.loads(stated["network"])["arch"]
    assert [part.name for part in tiny.inputs.tables] == [value.name for value in session.get_inputs()]
    assert ["tags", "probabilities"] == [value.name for value in session.get_outputs()]


# Look-ups.

# Digits and capitals of other scripts, marks, invisible characters, emoji, and names of an object of JavaScript.
ODD = [
    "",
    "٣٤nd",
    "Ⅷ",
    "ǅ",
    "ΑΣ",
    "İ",
    "ß",
    "e\u0301",
    "a\u00adb",
    "\u200b",
    "👍🏽👍🏽",
    "𝐀𝐁",
    "aa\n\nb",
    "toString",
    "__proto__",
]
ODD += ["New\u2028York", "10:30", "n't", "我爱", "가", "x" * 40, "Leave"]


def odd_model(digits: str) -> Model:
    """A model whose lists have texts of these tokens, some of them not in normal form C."""
    base = untrained(features=EVERYTHING, digits=digits)
    encodable = [token for token in ODD if "\n" not in token]
    known = list(dict.fromkeys(encodable + [token.lower() for token in encodable]))
    texts = [token for token in known if token != "Leave"]  # which is known as "leave" alone
    learned = Inputs.count(
        NetworkSpec(cell="simple", features="embedding+ngram+context", hidden=3, digits=digits),
        [encodable, encodable, encodable[::-1], [token + "s" for token in encodable]],
        [],
        None,
    )
    lists = {
        **LISTS,
        "words": list(dict.fromkeys(["leave", *texts[::2]])),
        "vectors": texts[1::2],
        "column1": [*texts[::3], "x\u0301"],
    }
    lists |= {name: list(learned.lists()[name]) for name in ("ngram", "context")}
    widths = {part.name: part.width for part in base.inputs.tables}
    inputs = Inputs.from_lists(widths, lists, digits)
    return Model.untrained(base.network_spec, TrainingSpec(), inputs, base.tags, "words", Scheme("IOB2"))


def rows_of(model: Model, tokens: list[str], columns: list[tuple[str, ...]]) -> dict[str, list[list[int]]]:
    """The rows that rnncli selects, sorted."""
    encoded = model.encode([tokens], [columns])
    return {
        part.name: [
            sorted(bags.rows[bags.starts[i] : bags.starts[i + 1]].tolist()) for i in encoded.ids[bags.source]
        ]
        for part, bags in zip(model.inputs.tables, encoded.bags, strict=True)
    }


def sorted_rows(arrays: dict[str, Any]) -> dict[str, list[list[int]]]:
    return {name: [sorted(n for n in row if n >= 0) for row in array] for name, array in arrays.items()}


@pytest.mark.parametrize("digits", ["zero", "keep"])
def test_the_look_up_in_python_selects_the_same_rows(lookup: ModuleType, digits: str) -> None:
    model = odd_model(digits)
    lists = json.loads(json.dumps(onnx.lists(model, SHA256)))
    columns = [(token, "x") for token in ODD]
    expected = rows_of(model, ODD, columns)
    assert all(any(rows) for rows in expected.values())
    feeds = lookup.feeds(lists, ODD, columns)
    assert expected == sorted_rows({name: array.tolist() for name, array in feeds.items()})


@pytest.mark.skipif(not NODE, reason="no node: apt-get install nodejs")
@pytest.mark.parametrize("digits", ["zero", "keep"])
def test_the_look_up_in_javascript_selects_the_same_rows(digits: str) -> None:
    model = odd_model(digits)
    columns = [(token, "x") for token in ODD]
    program = f"""
        import {{ feeds }} from {json.dumps(LOOKUP.as_uri())};
        let text = "";
        for await (const piece of process.stdin) text += piece;
        const [lists, tokens, columns] = JSON.parse(text);
        const arrays = Object.entries(feeds(lists, tokens, columns));
        console.log(JSON.stringify(arrays.map(([name, {{ dims, data }}]) => [name, dims, Array.from(data)])));
    """
    given = json.dumps([onnx.lists(model, SHA256), ODD, columns])
    command = [NODE, "--input-type=module", "--eval", program]
    child = subprocess.run(
        command, input=given, capture_output=True, text=True, check=True, encoding="utf-8", timeout=60
    )
    arrays = {name: np.reshape(data, dims).tolist() for name, dims, data in json.loads(child.stdout)}
    assert rows_of(model, ODD, columns) == sorted_rows(arrays)


# What is refused.


def test_a_lexicon_is_refused() -> None:
    lexicon = Lexicon.of([("Taipei", "city")])
    model = untrained(
        {"lexicon": list(lexicon.words), "phrases": list(lexicon.phrases)}, features="embedding+lexicon"
    )
    with pytest.raises(ModelError, match="a model with a lexicon cannot be exported"):
        onnx.write(model, SHA256)


def test_a_file_of_more_than_2_gb_is_refused_before_it_is_made() -> None:
    spec = untrained(arch="fnn", hidden=1, decoder="softmax", transitions="legal").network_spec
    inputs = Inputs.from_lists({"embedding": 1}, {"words": ["a"]})
    tags = [f"B-{number}" for number in range(15_900)]
    with pytest.raises(ModelError, match=r"too large for ONNX: 2\.\d GB"):
        onnx.write(Model.untrained(spec, TrainingSpec(), inputs, tags, "words", Scheme("IOB2")), SHA256)


def test_weights_that_are_too_large_to_compute_with_are_refused(tiny: Model) -> None:
    tiny.parameters["output/V"][...] = 3e38
    with pytest.raises(ModelError, match="too large to compute with"):
        onnx.write(tiny, SHA256)


# The command.


def test_the_command_writes_both_files_and_the_programs_label(
    run: Callable[..., "Result"], trained: "Trained", tmp_path: Path, lookup: ModuleType
) -> None:
    result = run("export", trained.path, "--out", "model.onnx", "--json")
    assert 0 == result.exit_code, result.stderr
    assert {"model.onnx", "model.onnx.json"} == {path.name for path in tmp_path.iterdir()}
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert {"out": "model.onnx", "to": "onnx", "half": False, "bytes": sizes} == json.loads(result.stdout)
    command = [sys.executable, str(lookup.__file__), "model.onnx", "leave", "New", "York"]
    child = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    rows = [line.split("\t") for line in child.stdout.splitlines()]
    labelled = run("tag", "leave New York", "--model", trained.path, "--to", "tsv").stdout.split()
    assert labelled == [text for row in rows for text in row[:2]]
    again = run("export", trained.path, "--out", "model.onnx")
    assert 0 == again.exit_code, again.stderr  # both files are of rnncli


def test_a_file_of_another_program_is_not_replaced(
    run: Callable[..., "Result"], trained: "Trained", tmp_path: Path
) -> None:
    (tmp_path / "model.onnx.json").write_text("{}")
    result = run("export", trained.path, "--out", "model.onnx")
    assert 5 == result.exit_code
    assert "model.onnx.json: is there already" in result.stderr
    assert ["model.onnx.json"] == [path.name for path in tmp_path.iterdir()]
