"""The spaCy side of latency.py and accuracy.py, run by them in another environment (spaCy alone).

python spacy_side.py latency DATA.tsv COMPONENT
python spacy_side.py accuracy JOB

latency makes a pipeline for English of one component, ``tagger`` or ``ner``, as large as spaCy makes it, and
updates it a few times on labelled sentences. Then, for each line ``CALLS<TAB>TEXT`` of stdin, it prints the
seconds of so many calls. accuracy is done by spaCy's own commands, ``init config --pipeline COMPONENT --optimize
efficiency`` and ``train``; JOB is a directory with job.json, see sides.py.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example, biluo_tags_to_spans, iob_to_biluo


def gold(nlp: Language, rows: Iterable[datasets.Row], component: str) -> Doc:
    """A labelled sentence as spaCy has it."""
    words, *_, tags = zip(*rows, strict=True)
    doc = Doc(nlp.vocab, words)
    if component == "ner":
        doc.ents = biluo_tags_to_spans(doc, iob_to_biluo(tags))
    else:
        for token, tag in zip(doc, tags, strict=True):
            token.tag_ = tag
    return doc


def pipeline(data: Path, component: str) -> Language:
    """A pipeline for English of one component, which is updated a few times."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(component)
    examples = []
    for rows in datasets.read(data)[:200]:
        doc = gold(nlp, rows, component)
        if component == "tagger":
            for row in rows:
                pipe.add_label(row[-1])
        examples.append(Example(nlp.make_doc(doc.text), doc))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer)
    return nlp


def latency(data: Path, component: str) -> None:
    """Make the pipeline and serve."""
    nlp = pipeline(data, component)
    print(spacy.__version__, flush=True)
    for line in sys.stdin:
        calls, text = line.rstrip("\n").split("\t")
        seconds = []
        for _ in range(int(calls)):
            began = time.perf_counter()
            nlp(text)
            seconds.append(time.perf_counter() - began)
        print(json.dumps(seconds), flush=True)


def tag_of(token: Any, component: str) -> str:
    """The predicted tag."""
    if component == "tagger":
        return str(token.tag_)
    return f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O"


def accuracy(directory: Path) -> None:
    """Train by spaCy's commands, and write the tags of the development and the test data."""
    job: dict[str, Any] = json.loads((directory / "job.json").read_text("utf-8"))
    component, language = job["options"]["component"], job["options"]["language"]
    blank = spacy.blank(language)
    if job["dev"]:
        parts = {"train": datasets.read(Path(job["train"])), "dev": datasets.read(Path(job["dev"]))}
    else:
        sentences = datasets.shuffled(Path(job["train"]))
        parts = {"train": sentences[: -datasets.HELD], "dev": sentences[-datasets.HELD :]}
        job["dev"] = directory / "held.tsv"
        datasets.write(job["dev"], parts["dev"])
    for part, sentences in parts.items():
        DocBin(docs=[gold(blank, rows, component) for rows in sentences]).to_disk(directory / f"{part}.spacy")
    command, config = [sys.executable, "-m", "spacy"], str(directory / "config.cfg")
    pipeline = ["--lang", language, "--pipeline", component, "--optimize", "efficiency"]
    subprocess.run([*command, "init", "config", config, *pipeline], check=True, stdout=sys.stderr)
    settings = ["--training.seed", str(job["seed"])]
    for part in parts:
        settings += [f"--paths.{part}", str(directory / f"{part}.spacy")]
    output = directory / "output"
    subprocess.run([*command, "train", config, "--output", output, *settings], check=True, stdout=sys.stderr)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + children.ru_utime + children.ru_stime
    best = output / "model-best"
    nlp = spacy.load(best)
    for part in ("dev", "test"):
        words = [[row[0] for row in rows] for rows in datasets.read(Path(job[part]))]
        docs = nlp.pipe(Doc(nlp.vocab, sentence) for sentence in words)
        lines = ["\t".join(tag_of(token, component) for token in doc) for doc in docs]
        (directory / f"{part}.tags").write_text("\n".join(lines), "utf-8")
    result = {
        "seconds": seconds,
        "bytes": sum(path.stat().st_size for path in best.rglob("*") if path.is_file()),
        "version": spacy.__version__,
    }
    (directory / "result.json").write_text(json.dumps(result))


def main() -> None:
    """Serve, or train and label."""
    kind, *arguments = sys.argv[1:]
    if kind == "latency":
        latency(Path(arguments[0]), arguments[1])
    else:
        accuracy(Path(arguments[0]))


if __name__ == "__main__":
    main()
