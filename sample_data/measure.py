"""Print the figures of README.md: what the corpus holds and why it is hard without memory.

python sample_data/measure.py [--seed N]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from generate import CITY_SLOTS, PARTS, Sentence, build

Span = tuple[int, int, str]
Predict = Callable[[list[str]], list[str]]
BANDS = ((1, 1), (2, 3), (4, 6), (7, 10), (11, 15), (16, 25))


def words(sentence: Sentence) -> list[str]:
    """The tokens without regard to case."""
    return [piece.token.casefold() for piece in sentence.pieces]


def tags(sentence: Sentence) -> list[str]:
    """The tags of a sentence."""
    return [piece.tag for piece in sentence.pieces]


def spans(labels: Sequence[str]) -> list[Span]:
    """The (start, end, name) spans of a tag sequence; an I- that continues nothing opens a span."""
    found: list[Span] = []
    for index, label in enumerate(labels):
        prefix, _, name = label.partition("-")
        if prefix == "I" and found and found[-1][1:] == (index, name):
            found[-1] = (found[-1][0], index + 1, name)
        elif prefix != "O":
            found.append((index, index + 1, name))
    return found


def cities(sentence: Sentence) -> list[str]:
    """The cities a sentence names."""
    token = words(sentence)
    return [" ".join(token[a:b]) for a, b, name in spans(tags(sentence)) if name in CITY_SLOTS]


def majority(train: Iterable[Sentence], with_previous: bool) -> Predict:
    """The tagger that gives a word its most frequent tag, optionally looking at the word before it."""
    counts: dict[tuple[str, ...], Counter[str]] = {}
    for sentence in train:
        token = words(sentence)
        for before, word, tag in zip(["", *token], token, tags(sentence), strict=False):
            counts.setdefault((word,), Counter())[tag] += 1
            counts.setdefault((before, word), Counter())[tag] += 1
    best = {key: min(seen, key=lambda tag: (-seen[tag], tag)) for key, seen in counts.items()}

    def predict(token: list[str]) -> list[str]:
        alone = [best.get((word,), "O") for word in token]
        if not with_previous:
            return alone
        pairs = zip(["", *token], token, alone, strict=False)
        return [best.get((before, word), fallback) for before, word, fallback in pairs]

    return predict


def score(predict: Predict, test: Sequence[Sentence]) -> str:
    """Token accuracy and exact span F1 of a tagger."""
    tokens = right = gold = guessed = found = 0
    for sentence in test:
        truth, guess = tags(sentence), predict(words(sentence))
        tokens += len(truth)
        right += sum(a == b for a, b in zip(truth, guess, strict=True))
        gold += len(spans(truth))
        guessed += len(spans(guess))
        found += len(set(spans(truth)) & set(spans(guess)))
    return f"accuracy {right / tokens:.1%}, span F1 {2 * found / (gold + guessed):.1%}"


def novelty(train: Sequence[Sentence], other: Sequence[Sentence]) -> str:
    """How much of a file the training file does not contain."""
    city = {name for sentence in train for name in cities(sentence)}
    template = {sentence.template for sentence in train}
    vocabulary = {word for sentence in train for word in words(sentence)}
    tokens = [word for sentence in other for word in words(sentence)]
    shares = {
        "a new city": [any(name not in city for name in cities(s)) for s in other],
        "a new template": [s.template not in template for s in other],
        "either": [s.template not in template or any(c not in city for c in cities(s)) for s in other],
        "an unknown token": [any(word not in vocabulary for word in words(s)) for s in other],
    }
    parts = [f"{sum(hits) / len(other):.1%} with {name}" for name, hits in shares.items()]
    unknown = sum(word not in vocabulary for word in tokens) / len(tokens)
    return f"{', '.join(parts)}; {unknown:.1%} of the tokens unknown"


def main() -> None:
    """Print everything of every part."""
    parser = argparse.ArgumentParser(description="Measure the ticket-booking corpus.")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    seed = parser.parse_args().seed
    for folder, words in PARTS.items():
        print(f"{folder or 'English'}:")
        measure(build(seed, words))


def measure(corpus: dict[str, list[Sentence]]) -> None:
    """Print the figures of one part of the corpus."""
    for split, sentences in corpus.items():
        lengths = [len(sentence.pieces) for sentence in sentences]
        counts = Counter(name for sentence in sentences for *_, name in spans(tags(sentence)))
        print(
            f"{split}: {len(sentences)} sentences, {sum(lengths)} tokens, {min(lengths)} to {max(lengths)} "
            f"a sentence, {sum(counts.values())} spans, {len({s.template for s in sentences})} templates"
        )
        print("  " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))
        if split != "train":
            print(f"  {novelty(corpus['train'], sentences)}")
        steps = [step for sentence in sentences for step in sentence.distances()]
        for low, high in BANDS:
            before = sum(low <= step <= high for step in steps) / len(steps)
            after = sum(low <= -step <= high for step in steps) / len(steps)
            print(f"  distance {low} to {high}: clue before {before:.1%}, clue after {after:.1%}")
    for with_previous, name in ((False, "word alone"), (True, "word and the one before")):
        print(f"{name}: {score(majority(corpus['train'], with_previous), corpus['test'])}")


if __name__ == "__main__":
    main()
