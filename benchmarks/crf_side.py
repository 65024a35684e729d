"""The CRFsuite side of files.py, run by it with the Python of another environment (python-crfsuite alone).

python crf_side.py train DATA.tsv MODEL
python crf_side.py tag TEXT MODEL
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pycrfsuite


def shape(word: str) -> str:
    """Kinds of characters: X, x, 0, others as they are."""
    return "".join("X" if c.isupper() else "x" if c.islower() else "0" if c.isdigit() else c for c in word)


def features(words: list[str]) -> list[list[str]]:
    """The usual: words in a window of two and their pairs, affixes up to four letters, shape."""
    lower = ["<<", "<", *(word.lower() for word in words), ">", ">>"]
    found = []
    for i, word in enumerate(words):
        near = lower[i : i + 5]
        row = [f"{place}={other}" for place, other in enumerate(near)]
        row += [f"{place}|{near[place]}|{near[place + 1]}" for place in range(4)]
        row += [f"<{word[:n]}" for n in range(1, 5)] + [f"{word[-n:]}>" for n in range(1, 5)]
        found.append([*row, "s" + shape(word)])
    return found


def labelled(path: str) -> Iterator[tuple[list[str], list[str]]]:
    """Words and tags of each sentence of a TSV file."""
    for block in Path(path).read_text("utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines()]
        if rows:
            yield [row[0] for row in rows], [row[-1] for row in rows]


def main() -> None:
    """Train, or label a text line by line."""
    _, kind, data, model = sys.argv
    if kind == "train":
        trainer = pycrfsuite.Trainer(verbose=False)
        trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 20})
        for words, tags in labelled(data):
            trainer.append(features(words), tags)
        trainer.train(model)
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
