"""The CRFsuite side of files.py and accuracy.py, run by them in another environment (python-crfsuite alone).

python crf_side.py train DATA.tsv MODEL    20 iterations
python crf_side.py tag TEXT MODEL
python crf_side.py accuracy JOB            a directory with job.json, see sides.py; as many as CRFsuite wants
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import pycrfsuite

PENALTIES = {"c1": 0.1, "c2": 0.1}


def shape(word: str) -> str:
    """Kinds of characters: X, x, 0, others as they are."""
    return "".join("X" if c.isupper() else "x" if c.islower() else "0" if c.isdigit() else c for c in word)


def window(values: Sequence[str], name: str = "") -> Iterator[list[str]]:
    """For each token the values in a window of two and the pairs of neighbours."""
    padded = ["<<", "<", *values, ">", ">>"]
    for i in range(len(values)):
        near = padded[i : i + 5]
        yield [
            *(f"{name}{place}={other}" for place, other in enumerate(near)),
            *(f"{name}{place}|{near[place]}|{near[place + 1]}" for place in range(4)),
        ]


def features(words: Sequence[str], columns: Sequence[Sequence[str]] = ()) -> list[list[str]]:
    """Words and other columns in a window of two and their pairs, affixes up to four letters, shape, bias."""
    rows = list(window([word.lower() for word in words]))
    for word, row in zip(words, rows, strict=True):
        row += [f"<{word[:n]}" for n in range(1, 5)] + [f"{word[-n:]}>" for n in range(1, 5)]
        row += ["s" + shape(word), "bias"]
    for number, values in enumerate(columns):
        for row, more in zip(rows, window(values, f"c{number}:"), strict=True):
            row += more
    return rows


def labelled(path: Path) -> Iterator[tuple[list[list[str]], list[str]]]:
    """Features and tags of each sentence of a TSV file."""
    for rows in datasets.read(path):
        words, *columns, tags = (list(values) for values in zip(*rows, strict=True))
        yield features(words, columns), tags


def train(data: Path, model: str, **limits: int) -> int:
    """Train a model, and return the number of iterations."""
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({**PENALTIES, **limits})
    for rows, tags in labelled(data):
        trainer.append(rows, tags)
    trainer.train(model)
    return int(trainer.logparser.last_iteration["num"])


def accuracy(directory: Path) -> None:
    """Train until CRFsuite ends, and write the tags of the development and the test data."""
    job: dict[str, Any] = json.loads((directory / "job.json").read_text("utf-8"))
    model = directory / "model"
    iterations = train(Path(job["train"]), str(model))
    seconds = time.process_time()
    tagger = pycrfsuite.Tagger()
    tagger.open(str(model))
    for part in ("dev", "test"):
        if job[part]:
            lines = ["\t".join(tagger.tag(rows)) for rows, _ in labelled(Path(job[part]))]
            (directory / f"{part}.tags").write_text("\n".join(lines), "utf-8")
    result = {"seconds": seconds, "epochs": iterations, "bytes": model.stat().st_size}
    (directory / "result.json").write_text(json.dumps(result))


def main() -> None:
    """Train, label a text line by line, or both for a table of scores."""
    kind, *arguments = sys.argv[1:]
    if kind == "accuracy":
        accuracy(Path(arguments[0]))
        return
    data, model = arguments
    if kind == "train":
        train(Path(data), model, max_iterations=20)
        return
    tagger = pycrfsuite.Tagger()
    tagger.open(model)
    with Path(data).open(encoding="utf-8") as file:
        for line in file:
            words = line.split()
            tags = tagger.tag(features(words)) if words else []
            rows = zip(words, tags, strict=True)
            sys.stdout.write("".join(f"{word}\t{tag}\n" for word, tag in rows) + "\n")


if __name__ == "__main__":
    main()
