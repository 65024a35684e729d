"""What ``rnncli export`` keeps: labels and probabilities of ONNX and of float16 beside those of the model file.

    python benchmarks/exports.py DATA_DIR [--work FOLDER] [--sentences 10000] [--time 60s] [--out exports.json]

A model is trained on each data set for the given time, unless FOLDER has one already. onnxruntime labels the
sentences one at a time in one thread, from rows that docs/export/lookup.py looked up. It is timed in turns with the
kernels, both without look-ups. It needs the extra ``onnx``, and onnxruntime.
"""

import argparse
import importlib.util
import json
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import onnxruntime

from rnncli import api, evaluation, labelling, modelfile
from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.diagnosis.information import sha256_of
from rnncli.export import half, onnx
from rnncli.labelling import Labeller
from rnncli.model import Model

LOOKUP = Path(__file__).parent.parent / "docs" / "export" / "lookup.py"
TIMED = 500  # sentences


def lookup() -> Any:
    """The program that the documentation shows."""
    spec = importlib.util.spec_from_file_location("lookup", LOOKUP)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def beside_onnx(model: Model, sentences: list[Sentence]) -> dict[str, float]:
    """How labels and probabilities of the graph differ from those of the model, and the time of both."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx.write(model, ""), options)
    lists = json.loads(json.dumps(onnx.lists(model, ""), allow_nan=False))
    known = lookup()
    columns = [sentence.columns for sentence in sentences]
    encoded = model.encode([sentence.tokens for sentence in sentences], columns)
    prediction = labelling.predict(model, encoded)
    labeller = Labeller(model, kernels=True)
    changed, difference = 0, 0.0
    seconds: list[tuple[float, float]] = []
    for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
        feeds = known.feeds(lists, sentences[number].tokens, columns[number])
        single = model.encode([sentences[number].tokens], [columns[number]])
        times = [time.perf_counter()]
        tags, probabilities = session.run(None, feeds)
        times.append(time.perf_counter())
        if number < TIMED:
            list(labeller.stream([(None, single)]))
            times.append(time.perf_counter())
            seconds.append((times[1] - times[0], times[2] - times[1]))
        changed += int((tags != prediction.tags[start:end]).sum())
        chosen = np.take_along_axis(probabilities, prediction.tags[start:end, None], 1)[:, 0]
        difference = max(difference, float(np.abs(chosen - prediction.probabilities[start:end]).max()))
    medians = [1e3 * statistics.median(column) for column in zip(*seconds, strict=True)]
    return {
        "sentences": len(sentences),
        "tokens": len(encoded.words),
        "tags that differ": changed,
        "largest difference of probability": difference,
        "ms a sentence, onnxruntime": medians[0],
        "ms a sentence, kernels": medians[1],
    }


def beside_half(model: Model, path: Path, test: list[Sentence]) -> dict[str, float]:
    """Size, score and labels of the model with float16 beside those of the model."""
    small = half.halved(model, sha256_of(path))
    out = path.with_suffix(".half.npz")
    modelfile.save(small, out)
    small = modelfile.load(out)
    tags = []
    for each in (model, small):
        encoded = each.encode([sentence.tokens for sentence in test], [sentence.columns for sentence in test])
        tags.append(labelling.predict(each, encoded).tags)
    return {
        "bytes": path.stat().st_size,
        "bytes of float16": out.stat().st_size,
        "score": 100 * evaluation.evaluate(model, test).score,
        "score of float16": 100 * evaluation.evaluate(small, test).score,
        "test tokens": len(tags[0]),
        "labels that change": int((tags[0] != tags[1]).sum()),
    }


def main() -> None:
    """Train where there is no model, compare, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path())
    parser.add_argument("--sentences", type=int, default=10_000)
    parser.add_argument("--time", default="60s")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for name, row in datasets.FULL.items():
        path = options.work / f"{name}.npz"
        if not path.exists():
            dev = row.path(options.data, "dev") if row.has_dev else None
            api.train(row.path(options.data, "train"), dev, path, 1, time=options.time)
        model = modelfile.load(path)
        parts = {
            part: reading.read(str(row.path(options.data, part))).sentences
            for part in ("test", "train", *(["dev"] if row.has_dev else []))
        }
        sentences = [sentence for some in parts.values() for sentence in some][: options.sentences]
        results[name] = beside_onnx(model, sentences) | beside_half(model, path, parts["test"])
        print(name, json.dumps(results[name], allow_nan=False), flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
