"""What cannot be right about two files, or about a file and a model: no tag in common, a column of other values."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice
from pathlib import Path

from rnncli.data.evidence import Problem
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError

_SHOWN = 5


def same_data(train: Corpus, dev: Corpus) -> Problem | None:
    """The development data are the training data: one file, or the same sentences in any order."""
    hint = "without --dev a share of the training data is kept for development"
    if _is_same_file(train.name, dev.name):
        return Problem("same", "this file is also the training data", hint)
    if len(train.sentences) == len(dev.sentences) and _contents(train) == _contents(dev):
        return Problem("same", f"these are the training data, as in {train.name}", hint)
    return None


def _is_same_file(first: str, second: str) -> bool:
    try:
        return Path(first).samefile(second)
    except OSError:  # one is stdin
        return False


def _contents(corpus: Corpus) -> Counter[tuple[tuple[str, ...], tuple[str, ...]]]:
    return Counter((tuple(sentence.tokens), tuple(sentence.tags)) for sentence in corpus.sentences)


def unknown_tags(sentences: Iterable[Sentence], known: Collection[str], of: str) -> Problem | None:
    """No type of tag of these sentences is known, so that none can be right; the tag O aside.

    Of one or two types in a few tokens this may be chance.

    of  whose tags the known ones are: "the model" or "the training data"
    """
    tags = Counter(chain.from_iterable(sentence.tags for sentence in sentences))
    types = _types(tags)
    tagged = sum(count for tag, count in tags.items() if _types([tag]))
    if types & _types(known) or (len(types) < 3 and tagged < 10):
        return None
    message = f"none of the tags is in {of}: here {_some(tags)}; there {_some(known)}"
    hint = "give data with the same tags, or choose the tag's column: --columns token=1,tag=2"
    return Problem("tags", message, hint)


_IN_A_SPAN = re.compile(r"[BIESLUMW][-_](.+)|(.+)[-_][BIESLUMW]", re.IGNORECASE | re.DOTALL)


def _types(tags: Iterable[str]) -> set[str]:
    """The types of spans in any spelling, and tags that are of no span."""
    matches = {tag: _IN_A_SPAN.fullmatch(tag) for tag in tags}
    return {match[1] or match[2] if match else tag for tag, match in matches.items()} - {"O", "o"}


def _some(tags: Iterable[str]) -> str:
    names = [tag for tag in tags if tag not in ("O", "o")] or ["O"]
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def check_columns(train: Corpus, dev: Corpus) -> None:
    """Refuse development data with more or fewer columns than a network will read, which are those of training."""
    counts = [len(corpus.names.features) for corpus in (train, dev)]
    if counts[0] != counts[1]:
        message = (
            f"{train.name} has {_columns(counts[0])} beside token and tag, this file has {counts[1] or 'none'}"
        )
        raise DataError(message, where=dev.name, hint="choose the same: --columns token=1,tag=-1")


def check_column_count(name: str, count: int, needed: int) -> None:
    """Refuse a file with fewer columns beside the token than a model reads."""
    if count < needed:
        message = f"the model reads {_columns(needed)} beside each token; this file has {count or 'none'}"
        raise DataError(message, where=name, hint="give a file with the columns that the model was trained on")


def foreign_columns(
    sentences: Iterable[Sentence], columns: Sequence[Iterable[str]], tags: Collection[str]
) -> Problem | None:
    """The values of a column that a model reads are tags, or none of those that it was trained on.

    columns  the values of each column in the training data of the model
    tags     those of the model
    """
    rows = list(chain.from_iterable(sentence.columns for sentence in sentences))
    for i, known in enumerate(columns):
        values = Counter(row[i] for row in rows if len(row) > i)
        count = values.total()
        known_count = sum(values[value] for value in known if value in values)
        tag_count = sum(values[value] for value in values.keys() & set(tags))
        if count and tag_count > known_count and tag_count >= 0.5 * count:
            message = f"the model reads {_columns(len(columns))} beside each token; column {i + 2} here holds tags"
        elif count >= 5 and not known_count:
            message = f"no value of column {i + 2} is one that the model was trained on"
        else:
            continue
        hint = f"in training this column had values such as {', '.join(islice(known, _SHOWN))}"
        return Problem("columns", f"{message}: {_some(values)}", hint)
    return None


def _columns(count: int) -> str:
    return "a column" if count == 1 else f"{count or 'no'} columns"
