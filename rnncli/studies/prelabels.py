"""Sentences with suggested tags, as files for people to correct: tasks of label tools, or labelled files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnncli.data.conversion import Conversion
from rnncli.data.formats.format import Format, Names
from rnncli.data.formats.registry import FORMATS
from rnncli.data.formats.toolspans import TASKS
from rnncli.data.respelling import Respelling
from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme
from rnncli.errors import UsageError

FIELD = "rnncli"  # of a sentence, in formats of JSON; in others a comment begins with it
COMMENT = f"# {FIELD} = "


def target_of(name: str, scheme: Scheme) -> Format:
    """The format with a name, for tags of a scheme; a :class:`.UsageError` where it cannot hold them."""
    target = TASKS.get(name, FORMATS[name])
    if target.scheme and not scheme.has_spans:
        raise UsageError(f"{name} holds spans, and these tags mark none", hint="give --to jsonl, conll, csv or tsv")
    if "tags" in target.lacks:
        raise UsageError(f"{name} cannot hold tags", hint="give --to jsonl, conll, csv or tsv")
    return target


def write(
    sentences: Sequence[tuple[Sentence, Mapping[str, Any]]], names: Names, target: Format, scheme: Scheme
) -> tuple[Conversion, Iterator[str]]:
    """The pieces of a file, and what counts what they cannot hold.

    sentences  each with what is to be said about it: values that JSON can hold
    names      of the columns
    target     as :func:`target_of` gives it
    """
    respelling = Respelling(scheme, Scheme(target.scheme)) if target.scheme else None
    conversion = Conversion(target, respelling)
    noted = (_noted(sentence, facts, target) for sentence, facts in sentences)
    return conversion, conversion.write(noted, names)


def _noted(sentence: Sentence, facts: Mapping[str, Any], target: Format) -> Sentence:
    """The sentence with a field for these facts; in files of columns with a comment for those that are numbers."""
    extra = sentence.extra
    if "fields" in target.keeps:
        return sentence._replace(extra=extra._replace(fields={**(extra.fields or {}), FIELD: dict(facts)}))
    if "comments" not in target.keeps:
        return sentence
    said = ", ".join(f"{name} {value}" for name, value in facts.items() if isinstance(value, int | float))
    others = tuple(comment for comment in extra.comments if not comment.startswith(COMMENT))
    return sentence._replace(extra=extra._replace(comments=(*others, COMMENT + said)))
