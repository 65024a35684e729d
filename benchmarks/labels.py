"""How well ``rnncli study labels`` finds wrong tags that were put into data, and what training without them gains.

    python benchmarks/labels.py DATA_DIR [--sets atis ewt] [--rates 2 5 10] [--seeds 1] [--sentences N] [--json F]

DATA_DIR holds atis and ud-ewt. Of each training set some sentences are drawn, and errors are put into them: in a
share of the spans the type changes, or a border moves by one token; without spans, the tag of a token changes. New
types and tags are drawn as often as they occur. Each of 5 models labels the fold that it did not see.

A suggestion finds an error if it holds a token whose tag was changed. Errors that were in the data before count as
wrong suggestions, so the precision is a lower bound. Then models are trained on the data with the errors, without
the sentences that have a suggestion, without those that have a sure one, with the sure ones corrected, and on the
data as they were; the score is that of the development data of the set, which no training saw. What the
file F holds already is not measured again.
"""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import report

from rnncli import api, evaluation, labelling
from rnncli.data import reading
from rnncli.data.schemes import choose
from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme, Span
from rnncli.model import Model
from rnncli.studies.suggestions import SCORES, Suggestion, suggest

SETS = {"atis": ("ATIS", "atis"), "ewt": ("EWT", "ud-ewt")}
FOLDS = 5
TOP = 100
SURE = 0.9  # least probability of a suggestion whose effect on a training is measured by itself
Places = list[tuple[int, int]]  # (sentence, token) whose tag was changed by one error


def write(path: Path, sentences: Sequence[Sentence]) -> Path:
    """Write sentences as token<TAB>tag."""
    rows = ("\n".join(map("\t".join, zip(s.tokens, s.tags, strict=True))) for s in sentences)
    path.write_text("\n\n".join(rows) + "\n", "utf-8")
    return path


def with_errors(
    sentences: Sequence[Sentence], scheme: Scheme, rate: float, rng: np.random.Generator
) -> tuple[list[Sentence], list[Places]]:
    """The sentences with errors in a share of the spans or tags, and the tokens that each error changed."""
    tags = [list(sentence.tags) for sentence in sentences]
    errors = []
    if not scheme.has_spans:
        every = [tag for row in tags for tag in row]
        tokens = [(number, token) for number, row in enumerate(tags) for token in range(len(row))]
        for i in sorted(rng.permutation(len(tokens))[: round(rate * len(tokens))].tolist()):
            number, token = tokens[i]
            old = sentences[number].tags[token]
            while tags[number][token] == old:
                tags[number][token] = every[rng.integers(len(every))]
            errors.append([tokens[i]])
    else:
        spans = [(number, span) for number, row in enumerate(tags) for span in scheme.spans(row)]
        types = [span.type for _, span in spans]
        for i in sorted(rng.permutation(len(spans))[: round(rate * len(spans))].tolist()):
            number, span = spans[i]
            row = scheme.spans(tags[number])
            new = changed(span, row, len(tags[number]), types, rng)
            before = tags[number]
            tags[number] = scheme.write([new if other == span else other for other in row], len(before))
            places = [(number, t) for t, (a, b) in enumerate(zip(before, tags[number], strict=True)) if a != b]
            errors.append(places)
    return [s._replace(tags=row) for s, row in zip(sentences, tags, strict=True)], errors


def changed(span: Span, spans: list[Span], length: int, types: list[str], rng: np.random.Generator) -> Span:
    """A span with another type, or with a border that is one token further in or out, if it can move."""
    taken = {t for other in spans if other != span for t in range(other.start, other.end)}
    moved = [
        span._replace(start=start, end=end)
        for start, end in ((span.start - 1, span.end), (span.start, span.end + 1),
                           (span.start + 1, span.end), (span.start, span.end - 1))
        if 0 <= start < end <= length and not taken.intersection(range(start, end))
    ]  # fmt: skip
    if moved and rng.random() < 0.5:
        return moved[rng.integers(len(moved))]
    kind = span.type
    while kind == span.type:
        kind = types[rng.integers(len(types))]
    return span._replace(type=kind)


def folds(sentences: Sequence[Sentence], rng: np.random.Generator) -> np.ndarray:
    """The fold of each sentence; equal sentences are in one."""
    number: dict[tuple[str, ...], int] = {}
    group = [number.setdefault(tuple(s.tokens), len(number)) for s in sentences]
    return rng.permutation(len(number))[group] % FOLDS


def probabilities_of(model: Model, sentences: Sequence[Sentence], tags: Sequence[str]) -> np.ndarray:
    """The probability of each tag of each token, (N, K); 0 for a tag that the model does not know."""
    encoded = model.encode([s.tokens for s in sentences])
    result = np.zeros((len(encoded.words), len(tags)), np.float32)
    columns = [tags.index(tag) for tag in model.tags]
    for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
        result[start:end, columns] = labelling.decide(model, labelling.trace(model, encoded, number))[1]
    return result


def out_of_fold(sentences: list[Sentence], tags: list[str], folder: Path, seed: int) -> np.ndarray:
    """The same by models that did not see the sentence."""
    starts = np.cumsum([0, *(len(s.tokens) for s in sentences)])
    result = np.zeros((starts[-1], len(tags)), np.float32)
    fold = folds(sentences, np.random.default_rng(seed))
    for k in range(FOLDS):
        train = write(folder / "fold.tsv", [s for s, f in zip(sentences, fold, strict=True) if f != k])
        model = api.train(train, out=folder / "fold.npz", seed=seed, force=True, resume=False).model
        held = np.flatnonzero(fold == k).tolist()
        rows = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in held])
        result[rows] = probabilities_of(model, [sentences[i] for i in held], tags)
    return result


def quality(places: Sequence[Suggestion], errors: list[Places], clean: Sequence[Sentence]) -> dict[str, float]:
    """How many of the suggestions are right, the best 100 and all, and which errors they find and correct."""
    of = {place: number for number, error in enumerate(errors) for place in error}
    hits = [{of[p.sentence, t] for t in range(p.start, p.end) if (p.sentence, t) in of} for p in places]
    right = [p.suggested == clean[p.sentence].tags[p.start : p.end] for p in places]
    found = set().union(*hits)
    return {
        "suggestions": len(places),
        "precision_100": sum(map(bool, hits[:TOP])) / min(TOP, max(1, len(places))),
        "precision": sum(map(bool, hits)) / max(1, len(places)),
        "recall": len(found) / len(errors),
        "recall_100": len(set().union(*hits[:TOP])) / len(errors),
        "corrected": sum(bool(hit) and good for hit, good in zip(hits, right, strict=True)) / max(1, len(found)),
        "average_precision": average_precision(hits, len(errors)),
    }


def average_precision(hits: Sequence[set[int]], errors: int) -> float:
    """The mean over all errors of the precision where a suggestion first finds it; 0 for one that is not found."""
    seen: set[int] = set()
    total = 0.0
    good = 0
    for rank, hit in enumerate(hits, 1):
        good += bool(hit)
        total += len(hit - seen) * good / rank
        seen |= hit
    return total / errors


def without(sentences: Sequence[Sentence], places: Sequence[Suggestion]) -> list[Sentence]:
    """The sentences that have no suggestion."""
    doubtful = {place.sentence for place in places}
    return [s for i, s in enumerate(sentences) if i not in doubtful]


def corrected(sentences: Sequence[Sentence], places: Sequence[Suggestion]) -> list[Sentence]:
    """The sentences with the suggested tags."""
    rows = [list(s.tags) for s in sentences]
    for place in places:
        rows[place.sentence][place.start : place.end] = place.suggested
    return [s._replace(tags=row) for s, row in zip(sentences, rows, strict=True)]


def trained_score(sentences: list[Sentence], dev: Sequence[Sentence], folder: Path, seed: int) -> float:
    """The score on the development data of a model of these sentences."""
    path = write(folder / "train.tsv", sentences)
    model = api.train(path, out=folder / "model.npz", seed=seed, force=True, resume=False).model
    return evaluation.evaluate(model, dev).score


def measure(data: Path, name: str, rate: float, seed: int, count: int) -> dict[str, Any]:
    """One set with errors in a share of its spans or tags."""
    path = data / SETS[name][1]
    every = reading.read(str(path / "train.tsv")).sentences
    dev = reading.read(str(path / "dev.tsv")).sentences
    rng = np.random.default_rng([seed, round(1000 * rate)])
    clean = [every[i] for i in sorted(rng.permutation(len(every))[:count].tolist())]
    scheme = choose("auto", (s.tags for s in clean))
    noisy, errors = with_errors(clean, scheme, rate, rng)
    tags = list(dict.fromkeys(tag for s in noisy for tag in s.tags))
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        probabilities = out_of_fold(noisy, tags, folder, seed)
        ways = {}
        for score in SCORES:
            for is_confident in (True, False):
                study = suggest(noisy, probabilities, tags, scheme, score, is_confident)
                key = score if is_confident else f"{score}, all that differ"
                ways[key] = quality(study.suggestions, errors, clean)
        study = suggest(noisy, probabilities, tags, scheme)
        sure = [place for place in study.suggestions if place.probability >= SURE]
        parts = {
            "with errors": noisy,
            "without all": without(noisy, study.suggestions),
            "without sure": without(noisy, sure),
            "sure ones corrected": corrected(noisy, sure),
            "clean": clean,
        }
        dev_scores = {part: trained_score(rows, dev, folder, seed) for part, rows in parts.items()}
        left = {part: len(rows) for part, rows in parts.items()}
    return {
        "set": name, "rate": rate, "seed": seed, "sentences": count, "errors": len(errors),
        "noise": study.confident.noise, "ways": ways, "sure": quality(sure, errors, clean), "left": left,
        "dev": dev_scores,
    }  # fmt: skip


def mean(records: Sequence[Mapping[str, Any]], *keys: str) -> float:
    """The mean of a figure of several records."""
    values = []
    for record in records:
        value: Any = record
        for key in keys:
            value = value[key]
        values.append(value)
    return statistics.mean(values)


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("folder", type=Path, metavar="DATA_DIR")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--rates", nargs="+", type=float, default=[2, 5, 10], help="percent")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--sentences", type=int, default=1500)
    options = parser.parse_args()
    records = report.saved(options.json)
    done = {(record["set"], record["rate"], record["seed"]) for record in records}
    for name in options.sets:
        for rate in options.rates:
            for seed in options.seeds:
                if (name, rate / 100, seed) in done:
                    continue
                record = measure(options.folder, name, rate / 100, seed, options.sentences)
                print(record, flush=True)
                records.append(record)
                if options.json:
                    report.add(options.json, "Errors that were put into data", record)
    found, effect = [], []
    for name, (title, _) in SETS.items():
        for rate in options.rates:
            some = [r for r in records if (r["set"], r["rate"]) == (name, rate / 100)]
            if not some:
                continue
            for way in some[0]["ways"]:
                values = {key: 100 * mean(some, "ways", way, key) for key in some[0]["ways"][way]}
                found.append({
                    "data": title, "errors": f"{rate:g} %", "order": way,
                    "suggestions": f"{values['suggestions'] / 100:.0f}",
                    "precision at 100": f"{values['precision_100']:.0f}", "precision": f"{values['precision']:.0f}",
                    "recall": f"{values['recall']:.0f}", "mean precision": f"{values['average_precision']:.0f}",
                    "corrected": f"{values['corrected']:.0f}",
                })  # fmt: skip
            effect.append(
                {"data": title, "errors": f"{rate:g} %"}
                | {part: f"{100 * mean(some, 'dev', part):.2f}" for part in some[0]["dev"]}
            )
    report.publish("Suggestions", found)
    report.publish("Score on development data of a model trained on the data …", effect)


if __name__ == "__main__":
    main()
