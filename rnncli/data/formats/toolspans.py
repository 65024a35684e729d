"""Texts with spans as other tools read them: doccano, Prodigy, Label Studio, and Hugging Face with spaCy.

They are read as JSON or JSON Lines, whatever tool wrote them; here they are written. All tags must be IOB2.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rnncli.data.faults import shown
from rnncli.data.formats import jsonarray, jsonl, records
from rnncli.data.formats.format import Format, Names
from rnncli.data.formats.records import find
from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme
from rnncli.errors import DataError

IOB2 = Scheme("IOB2")


class _Text(NamedTuple):
    """A text, its tokens with their offsets, and its spans in characters and in tokens."""

    text: str
    tokens: list[dict[str, Any]]
    spans: list[dict[str, Any]]


def _text_of(sentence: Sentence) -> _Text:
    """The text of a sentence; its tokens joined by blanks where there is none.

    Raises :class:`.DataError` for a token of blanks, which no span can have, and for one that is not in the text.
    """
    text = sentence.extra.text
    starts = sentence.extra.starts
    if text is None:
        text = " ".join(sentence.tokens)
    if starts is None or sentence.extra.text is None:
        starts = find(text, sentence.tokens)
    hint = "write JSON Lines: --to jsonl"
    if starts is None:
        message = "the tokens are not in the text, so a text with spans cannot hold them"
        raise DataError(message, where=f"line {sentence.line}", hint=hint)
    blank = next((number for number, token in enumerate(sentence.tokens) if token.isspace()), None)
    if blank is not None:
        message = f"the token {shown(sentence.tokens[blank])} is blank, so a text with spans cannot hold it"
        raise DataError(message, where=f"line {sentence.line_of(blank)}", hint=hint)
    ends = [start + len(token) for start, token in zip(starts, sentence.tokens, strict=True)]
    tokens = [
        {"text": token, "start": start, "end": end, "id": number, "ws": text[end : end + 1] == " "}
        for number, (token, start, end) in enumerate(zip(sentence.tokens, starts, ends, strict=True))
    ]
    marked = [
        {
            "start": starts[span.start],
            "end": ends[span.end - 1],
            "token_start": span.start,
            "token_end": span.end - 1,
            "label": span.type,
        }
        for span in IOB2.spans(sentence.tags)
    ]
    return _Text(text, tokens, marked)


def _doccano(sentence: Sentence) -> dict[str, Any]:
    text, _, marked = _text_of(sentence)
    return {"text": text, "label": [[span["start"], span["end"], span["label"]] for span in marked]}


def _prodigy(sentence: Sentence) -> dict[str, Any]:
    text, tokens, marked = _text_of(sentence)
    return {"text": text, "tokens": tokens, "spans": marked, "answer": "accept"}


def _entities(sentence: Sentence) -> dict[str, Any]:
    text, _, marked = _text_of(sentence)
    entities = [{key: span[key] for key in ("start", "end", "label")} for span in marked]
    return {"text": text, "tokens": sentence.tokens, "entities": entities}


def _prodigy_task(sentence: Sentence) -> dict[str, Any]:
    task = _prodigy(sentence)
    del task["answer"]
    return task


def _label_studio(sentence: Sentence) -> dict[str, Any]:
    return _task(sentence, lambda result: {"annotations": [{"result": result}]})


def _label_studio_task(sentence: Sentence) -> dict[str, Any]:
    return _task(sentence, lambda result: {"predictions": [{"model_version": "rnncli", "result": result}]})


def _task(sentence: Sentence, labels: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> dict[str, Any]:
    """A task for an interface with ``<Labels name="label" toName="text">`` and ``<Text name="text"/>``.

    labels  what holds the labelled spans
    """
    text, _, marked = _text_of(sentence)
    result = [
        {
            "id": f"{number}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": span["start"],
                "end": span["end"],
                "text": text[span["start"] : span["end"]],
                "labels": [span["label"]],
            },
        }
        for number, span in enumerate(marked)
    ]
    fields = dict(sentence.extra.fields or {})
    outer = {key: fields.pop(key) for key, kind in (("id", int), ("meta", dict)) if type(fields.get(key)) is kind}
    return {**outer, "data": {"text": text, **fields}, **labels(result)}


def _never(head: Sequence[str], labelled: bool) -> bool:
    """These formats are recognised as JSON."""
    return False


def _lines(make: Callable[[Sentence], dict[str, Any]]) -> Callable[[Iterable[Sentence], Names], Iterator[str]]:
    def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
        return (jsonl.line(jsonl.merged(make(sentence), sentence)) for sentence in sentences)

    return write


def _array(make: Callable[[Sentence], dict[str, Any]]) -> Callable[[Iterable[Sentence], Names], Iterator[str]]:
    def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
        return jsonarray.array(map(make, sentences))

    return write


_KEEPS = frozenset({"text", "fields"})
_LACKS = frozenset({"columns", "tokens"})
DOCCANO = Format(
    "doccano",
    "JSON Lines: text and label, a list of [start, end, label]",
    _never,
    records.read,
    _lines(_doccano),
    _KEEPS,
    _LACKS,
    "IOB2",
)
PRODIGY = Format(
    "prodigy",
    "JSON Lines: text, tokens and spans, with the answer accept",
    _never,
    records.read,
    _lines(_prodigy),
    _KEEPS,
    frozenset({"columns"}),
    "IOB2",
)
LABEL_STUDIO = Format(
    "label-studio",
    "JSON: an array of tasks with annotations",
    _never,
    records.read,
    _array(_label_studio),
    _KEEPS,
    _LACKS,
    "IOB2",
)
ENTITIES = Format(
    "entities",
    "JSON Lines: text, tokens and entities, objects with start, end and label",
    _never,
    records.read,
    _lines(_entities),
    _KEEPS,
    frozenset({"columns"}),
    "IOB2",
)

# What these tools read as a task to be done, in which the spans are only suggested; by the names of the formats.
TASKS = {
    PRODIGY.name: PRODIGY._replace(write=_lines(_prodigy_task)),
    LABEL_STUDIO.name: LABEL_STUDIO._replace(write=_array(_label_studio_task)),
}
