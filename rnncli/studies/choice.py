"""Which sentences of a file a trial trains on and which it is tested on: a fold, or a share of the data."""

import itertools
from collections.abc import Sequence

import numpy as np

from rnncli.data.formats.format import Names
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError, UsageError
from rnncli.spec import suggestion

DOCUMENTS = "documents"
EQUAL = "equal sentences"
FEWEST = 2  # sentences that can be trained on: one of them chooses the epoch


def groups(corpus: Corpus, group: str) -> list[int]:
    """The number of the group of each sentence.

    group  "": each sentence by itself; ``documents``: from the line that begins a document (``-DOCSTART-``,
           ``# newdoc``) to the next; :data:`EQUAL`: sentences with the same tokens; else the name or number of a
           column between token and tag, or the name of a field of JSON Lines, which has one value in a sentence

    Raises :class:`.UsageError` where there is no such column, :class:`.DataError` for a sentence with two values.
    """
    sentences = corpus.sentences
    if not group:
        return list(range(len(sentences)))
    if group == DOCUMENTS:
        begins = [sentence.extra.document is not None for sentence in sentences]
        if not any(begins):
            hint = "give --group COLUMN, or leave it out"
            raise DataError(
                "no line begins a document, such as -DOCSTART- or # newdoc", where=corpus.name, hint=hint
            )
        return list(itertools.accumulate(begins))
    if group == EQUAL:
        values = [repr(sentence.tokens) for sentence in sentences]
    elif group in corpus.names.features:
        values = [_value(corpus, sentence, list(corpus.names.features).index(group)) for sentence in sentences]
    elif any(group in (sentence.extra.fields or {}) for sentence in sentences):
        values = [str((sentence.extra.fields or {}).get(group, "")) for sentence in sentences]
    else:
        known = [DOCUMENTS, *corpus.names.features]
        message = f"--group {group}: no column between token and tag has this name or number"
        raise UsageError(message, where=corpus.name, hint=suggestion(group, known))
    numbers: dict[str, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def _value(corpus: Corpus, sentence: Sentence, column: int) -> str:
    values = {row[column] for row in sentence.columns}
    if len(values) > 1:
        shown = " and ".join(sorted(values)[:2])
        message = f"a sentence is in two groups: {shown}"
        raise DataError(message, where=f"{corpus.name}:{sentence.line}", hint="--group names a column of documents")
    return min(values, default="")


def without_group(corpus: Corpus, group: str) -> Corpus:
    """The same corpus without the column of the groups, which is no feature."""
    if group not in corpus.names.features:
        return corpus
    column = list(corpus.names.features).index(group)

    def without(row: Sequence[str]) -> tuple[str, ...]:
        return (*row[:column], *row[column + 1 :])

    sentences = [s._replace(columns=[without(row) for row in s.columns]) for s in corpus.sentences]
    names = Names(*(without(corpus.names.features), *corpus.names[1:]))
    return corpus._replace(sentences=sentences, names=names)


def fold_of(group_of: Sequence[int], folds: int, seed: int) -> list[int]:
    """The fold of each sentence, from 1 to ``folds``: a random share of the groups, none of which is divided.

    Groups are taken in a random order, and the next one goes to the fold with the fewest sentences, so that
    folds of single sentences differ by at most one.
    """
    number, sizes = np.unique(np.asarray(group_of), return_inverse=True, return_counts=True)[1:]
    if len(sizes) < folds:
        what = "sentences" if len(sizes) == len(group_of) else "groups"
        raise DataError(f"{folds} folds need at least as many {what}; there are {len(sizes)}", hint="lower --k")
    filled = np.zeros(folds, np.int64)
    fold = np.zeros(len(sizes), np.int64)
    for group in np.random.default_rng([seed, 3]).permutation(len(sizes)).tolist():
        fold[group] = filled.argmin()
        filled[fold[group]] += sizes[group]
    if len(group_of) - filled.max() < FEWEST:
        raise DataError(
            f"without one fold fewer than {FEWEST} sentences are left to train on", hint="give more data"
        )
    return [int(each) for each in fold[number] + 1]


def shares(sentences: int, held_out: float, share: float, seed: int, test_seed: int) -> tuple[list[int], list[int]]:
    """The numbers of the sentences of a share of the data, and of those that are held out, both in order.

    Shares are nested: what a smaller one has of a seed, a larger one has too.

    held_out   share of all sentences that no share has; the same for each ``seed``, 0 is none
    share      of all others, from 0 to 1; at least :data:`FEWEST`
    test_seed  chooses those that are held out
    """
    count = max(1, round(held_out * sentences)) if held_out else 0
    order = np.random.default_rng([test_seed, 4]).permutation(sentences)
    others = np.random.default_rng([seed, 5]).permutation(np.sort(order[count:]))
    used = min(len(others), max(FEWEST, round(share * len(others))))
    return np.sort(others[:used]).tolist(), np.sort(order[:count]).tolist()
