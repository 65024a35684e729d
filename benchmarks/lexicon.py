"""What ``--lexicon`` gains: train on half of a file with and without the spans of the other half as a lexicon.

    python benchmarks/lexicon.py TRAIN.tsv TEST.tsv [--seeds N] [--threads N]

Scores are F1 of all spans, and of unknown ones, whose texts are no spans of the half that was trained on: of these
also the recall. The half is drawn with a fixed seed, so both trainings of a seed differ in the lexicon alone.
"""

import argparse
import random
import statistics
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from rnncli import api, labelling
from rnncli.data import reading
from rnncli.data.schemes import choose
from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme
from rnncli.model import Model

Found = tuple[int, int, int, str]  # sentence, start, end, type


def spans(scheme: Scheme, sentences: list[Sentence], tags: list[list[str]]) -> Iterator[tuple[Found, str]]:
    """Yield the spans that tags mark, with their texts."""
    for number, (sentence, row) in enumerate(zip(sentences, tags, strict=True)):
        for span in scheme.spans(row):
            yield (number, span.start, span.end, span.type), " ".join(sentence.tokens[span.start : span.end])


def scores(model: Model, train: list[Sentence], test: list[Sentence], threads: int) -> dict[str, float]:
    """F1 of all spans, and F1 and recall of those whose text is no span of the training sentences."""
    known = {text for _, text in spans(model.scheme, train, [s.tags for s in train])}
    encoded = model.encode([s.tokens for s in test])
    numbers = labelling.predict(model, encoded, threads, with_probabilities=False).tags.tolist()
    found = [[model.tags[n] for n in numbers[start:end]] for start, end in pairwise(encoded.starts.tolist())]
    gold = dict(spans(model.scheme, test, [s.tags for s in test]))
    predicted = dict(spans(model.scheme, test, found))
    right = gold.keys() & predicted.keys()
    gold_unknown, predicted_unknown, right_unknown = (
        sum(text_of[span] not in known for span in chosen)
        for chosen, text_of in ((gold, gold), (predicted, predicted), (right, gold))
    )
    return {
        "F1": 200 * len(right) / max(1, len(gold) + len(predicted)),
        "unknown F1": 200 * right_unknown / max(1, gold_unknown + predicted_unknown),
        "unknown recall": 100 * right_unknown / max(1, gold_unknown),
    }


def write(path: Path, sentences: list[Sentence]) -> None:
    """Write sentences as token<TAB>tag."""
    rows = ("\n".join(map("\t".join, zip(s.tokens, s.tags, strict=True))) for s in sentences)
    path.write_text("\n\n".join(rows) + "\n", "utf-8")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--most", type=int, default=0, help="training sentences; 0: all")
    options = parser.parse_args()
    sentences = reading.read(options.train).sentences
    test = reading.read(options.test).sentences
    random.Random(0).shuffle(sentences)
    sentences = sentences[: options.most or None]
    half, other = sentences[::2], sentences[1::2]
    with tempfile.TemporaryDirectory() as folder:
        data, lexicon, out = (Path(folder) / name for name in ("half.tsv", "lexicon.tsv", "model.npz"))
        write(data, half)
        scheme = choose("auto", (s.tags for s in sentences))
        texts = spans(scheme, other, [s.tags for s in other])
        lexicon.write_text("\n".join(dict.fromkeys(f"{text}\t{span[-1]}" for span, text in texts)) + "\n", "utf-8")
        rows: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
        for seed in range(1, options.seeds + 1):
            for name, results in rows.items():
                file = lexicon if name == "with" else None
                trained = api.train(data, out=out, threads=options.threads, seed=seed, force=True, lexicon=file)
                results.append(scores(trained.model, half, test, options.threads))
                print(seed, name, {key: round(value, 2) for key, value in results[-1].items()}, flush=True)
    print(f"| lexicon | {' | '.join(rows['with'][0])} |")
    print("|---|" + "--:|" * len(rows["with"][0]))
    for name, results in rows.items():
        means = [statistics.mean(score[key] for score in results) for key in results[0]]
        print(f"| {name} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")


if __name__ == "__main__":
    main()
