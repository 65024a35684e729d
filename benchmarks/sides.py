"""One training in a process of its own, of rnncli, CRFsuite or spaCy, and the score of the tags that it writes.

A side is given a directory with ``job.json``: the paths ``train``, ``dev`` (or null), ``test`` and ``unlabelled``
(or null), ``options`` and ``seed``. It writes ``result.json`` with the processor's ``seconds`` from the start of
its process until the model is on the disk, all on one thread, so that other work on the machine hardly counts; and
``test.tags`` (and ``dev.tags``, if it does not score them): a sentence a line, tags separated by TABs. All tags are
scored by ``rnncli.evaluation``; a word is unknown if the training file does not hold it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import numpy as np
import platformdirs
import report
import significance

from rnncli import evaluation
from rnncli.data import schemes
from rnncli.data.tags import Scheme

PACKAGES = {"crf": ["python-crfsuite"], "spacy": ["spacy"]}
CACHE = platformdirs.user_cache_path("rnncli", appauthor=False)


class Task(NamedTuple):
    """What to train."""

    side: str  # rnncli, crf or spacy
    data: str  # of datasets.SETS
    seed: int
    options: Mapping[str, Any]
    environment: Path | None = None  # of CRFsuite or spaCy
    code: Path | None = None  # a checkout of rnncli; None: the one that runs this
    has_rest: bool = False  # whether the rest of the training file is given too, its tokens alone


def label(scheme: Scheme, gold: Path, tags: Path, known: set[str]) -> tuple[evaluation.Scores, significance.Counts]:
    """Score predicted tags; return the counts of each sentence too."""
    rows = []
    for sentence, line in zip(datasets.read(gold), tags.read_text("utf-8").split("\n"), strict=True):
        unknown = [row[0] not in known for row in sentence]
        rows.append(evaluation.Labelled([row[-1] for row in sentence], line.split("\t"), unknown))
    counts = []
    for row in rows:
        scores = evaluation.score([row], scheme)
        total = scores.total if scheme.has_spans else evaluation.Count(scores.tokens, scores.tokens, scores.correct)
        counts.append((total.correct, total.predicted, total.gold))
    return evaluation.score(rows, scheme), np.array(counts)


def command(task: Task, directory: Path) -> tuple[list[str], dict[str, str]]:
    """The command of a side and its environment variables."""
    script = Path(__file__).with_name(f"{task.side}_side.py")
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if task.side == "rnncli":
        if task.code:
            variables["PYTHONPATH"] = str(task.code)
        return [sys.executable, str(script), str(directory)], variables
    python = report.python_with(task.environment or CACHE / task.side, *PACKAGES[task.side])
    return [str(python), str(script), "accuracy", str(directory)], variables


def run(task: Task, folder: Path) -> dict[str, Any]:
    """Train one model and score it on the test data."""
    data = datasets.SETS[task.data]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        train = data.path(folder, "train")
        unlabelled = None
        if data.size:
            sentences = datasets.shuffled(train)
            train = directory / "train.tsv"
            datasets.write(train, sentences[: data.size])
            if task.has_rest:
                rest = [json.dumps({"tokens": [row[0] for row in rows]}) for rows in sentences[data.size :]]
                unlabelled = directory / "rest.jsonl"
                unlabelled.write_text("\n".join(rest), "utf-8")
        test = data.path(folder, "test")
        dev = data.path(folder, "dev") if data.has_dev else None
        job: dict[str, Any] = {"train": str(train), "dev": str(dev) if dev else None, "test": str(test)}
        job |= {"options": task.options, "seed": task.seed, "unlabelled": str(unlabelled) if unlabelled else None}
        arguments, variables = command(task, directory)
        (directory / "job.json").write_text(json.dumps(job))
        subprocess.run(arguments, env=variables, check=True, stdout=sys.stderr)
        result: dict[str, Any] = json.loads((directory / "result.json").read_text("utf-8"))
        if task.code and Path(result["package"]).parent != task.code.resolve():
            raise SystemExit(f"{result['package']} was trained, which is not in {task.code}")
        result.pop("package", None)
        sentences = datasets.read(train)
        scheme = schemes.choose("auto", ([row[-1] for row in rows] for rows in sentences))
        known = {row[0] for rows in sentences for row in rows}
        scores, counts = label(scheme, test, directory / "test.tags", known)
        if (directory / "dev.tags").exists():
            held = dev or directory / "held.tsv"
            result["dev"] = label(scheme, held, directory / "dev.tags", known)[0].score
    return {
        "set": task.data, "seed": task.seed, "test": scores.score,
        "unknown": scores.unknown_accuracy, **result, "counts": significance.pack(counts),
    }  # fmt: skip
