"""Time and memory of inputs that are long or wide: a line of a million tokens, a model of 30,000 tags.

    python benchmarks/extremes.py [--tokens 1000000] [--tags 30000] [--json FILE]

Whole processes are measured, start included, one thread each. The line is the bundled corpus again and again,
labelled by the bundled model. The model of many tags is not trained, for that plays no part: elman, 4 units,
softmax, IOB2.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import report
from files import rnncli, run

from rnncli import modelfile, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.data.formats import token_lines
from rnncli.data.sentence import Sentence
from rnncli.resources import bundled

WIDE = NetworkSpec(
    arch="elman", hidden=4, features="embedding", embedding=4, decoder="softmax", transitions="legal"
)
SENTENCE = "leave Taipei on November 2nd"


def one_sentence(tokens: int) -> Sentence:
    """The bundled corpus as a sentence of so many tokens."""
    corpus = reading.read(str(bundled("sample_data/train.tsv"))).sentences
    words = [token for each in corpus for token in each.tokens]
    tags = [tag for each in corpus for tag in each.tags]
    again = -(-tokens // len(words))
    return Sentence((words * again)[:tokens], (tags * again)[:tokens], [()] * tokens, 1)


def save_wide(path: Path, tags: int) -> None:
    """Save a model of so many tags."""
    names = [f"{prefix}-{number}" for number in range(tags // 2) for prefix in "BI"]
    words = one_sentence(len(names)).tokens
    model = training.prepare([Sentence(words, names, [()] * len(names), 1)], WIDE, TrainingSpec(epochs=1))
    model.provenance = {"examples": []}
    modelfile.save(model, path)


def measured(folder: Path, tokens: int, tags: int) -> Iterator[dict[str, Any]]:
    """A record of each command."""
    sentence = one_sentence(tokens)
    text, labelled, wide, some = (folder / name for name in ("text.txt", "data.tsv", "wide.npz", "some.txt"))
    text.write_text(" ".join(sentence.tokens) + "\n", "utf-8")
    labelled.write_text(token_lines.format_sentence(zip(sentence.tokens, sentence.tags, strict=True)), "utf-8")
    some.write_text(" ".join(sentence.tokens[:10_000]) + "\n", "utf-8")
    save_wide(wide, tags)
    line, many = f"a line of {tokens:,} tokens", f"{tags:,} tags"
    default, own = ["--model", str(bundled("models/default.npz"))], ["--model", str(wide)]
    commands = {
        **{
            f"{line}, tag --to {o}": ["tag", "--input", str(text), "--to", o, *default]
            for o in ("tsv", "line", "jsonl")
        },
        f"{line}, evaluate": ["evaluate", str(labelled), *default],
        f"{many}, a sentence of 5 tokens": ["tag", SENTENCE, *own],
        f"{many}, a line of 10,000 tokens": ["tag", "--input", str(some), *own],
    }
    run(*rnncli("tag", "--input", str(some), *default))  # the kernels are compiled, and so are those of a rule:
    run(*rnncli("tag", "--input", str(some), *own))
    for name, command in commands.items():
        yield {"input": name, **run(*rnncli(*command, "--threads", "1"))}


def row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the table."""
    return {
        "one thread": record["input"],
        "s": f"{record['seconds']:.1f}",
        "memory, MB": f"{record['megabytes']:,.0f}",
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--tags", type=int, default=30_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        records = list(measured(Path(folder), options.tokens, options.tags))
    rows = [row(record) for record in records]
    report.publish("Long and wide inputs, one thread", rows, records, options.json)


if __name__ == "__main__":
    main()
