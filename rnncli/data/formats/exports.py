"""Records of JSON as other tools write them, turned into plain ones: fields with tokens, tags, a text or its spans.

Names of fields: doccano backend/data_export and data_import/pipeline/examples; Label Studio docs "Export results",
"Text" and label_studio_converter; Prodigy docs "Annotation interfaces"; spaCy docs "Data formats", Doc.to_json;
Hugging Face datasets and TokenClassificationPipeline.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from rnncli.data.faults import shown
from rnncli.data.formats.charspans import ProblemError
from rnncli.data.formats.format import Wanted

LABEL_STUDIO = "Label Studio"
MINIMAL = "Label Studio, JSON-MIN,"
TOKENS = ("tokens", "words")
_TOKEN_TEXTS = ("text", "form", "word", "orth", "token")
_NOT_TAGS = {*_TOKEN_TEXTS, "id", "start", "end", "ws", "whitespace", "disabled", "probability", "head"}
_ANSWERS = ("accept", "reject", "ignore")
_ANNOTATIONS = ("annotations", "completions")  # completions: Label Studio before 1.0


class Record(NamedTuple):
    """The fields of a plain record; of token objects also where they start and whether a blank follows."""

    fields: dict[str, Any]
    tool: str = ""
    starts: list[int] | None = None
    blanks: list[bool] | None = None


class Exports:
    """Makes plain records of the values of a file; ``left_out`` counts those that hold no finished labels."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.left_out: Counter[str] = Counter()

    def plain(self, value: Any) -> Iterator[Record]:
        """The records of a value; raises :class:`ProblemError` for one that holds none."""
        if isinstance(value, str):
            yield Record({"text": value})
        elif isinstance(value, list):
            yield from self._of_list(value)
        elif not isinstance(value, dict):
            raise ProblemError("expected an object", "a record is {…} with tokens and tags, or a text and spans")
        elif isinstance(value.get("data"), dict):
            yield from self._of_task(value)
        elif isinstance(value.get("data"), list):  # of datasets: {"version": …, "data": […]}
            for item in value["data"]:
                yield from self.plain(item)
        elif isinstance(value.get("paragraphs"), list):
            yield from self._of_paragraphs(value["paragraphs"])
        elif value.get("answer") in _ANSWERS:
            if value["answer"] == "accept" or not self._wanted.labelled:
                fields = {key: item for key, item in value.items() if key != "answer"}
                yield self._with_tokens({"spans": [], **fields}, "Prodigy")
            else:
                self.left_out[f"with the answer {value['answer']}"] += 1
        elif "annotation_id" in value:
            yield self._with_tokens(value, MINIMAL)
        elif any(_is_table(value.get(name)) for name in TOKENS):
            yield from self._of_table(value)
        else:
            yield self._with_tokens(value)

    def _of_list(self, value: list[Any]) -> Iterator[Record]:
        if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
            yield Record({"text": value[0], **value[1]}, "spaCy")
        elif not self._wanted.labelled and all(isinstance(item, str) for item in value):
            yield from (Record({"text": item}) for item in value)
        elif value and all(map(_is_pair, value)):
            yield Record({"tokens": [pair[0] for pair in value], "tags": [pair[1] for pair in value]})
        elif value and isinstance(value[0], dict) and "start" in value[0]:
            raise ProblemError("spans without their text", 'put them into {"text": "…", "entities": […]}')
        else:
            raise ProblemError(
                "expected an object, found an array", "a file is one array of records, or one on each line"
            )

    def _of_task(self, task: dict[str, Any]) -> Iterator[Record]:
        """A task of Label Studio. Predictions are not annotations."""
        name = next((name for name in _ANNOTATIONS if isinstance(task.get(name), list)), "")
        annotations = [item for item in task[name] if isinstance(item, dict)] if name else []
        finished = [item for item in annotations if not (item.get("was_cancelled") or item.get("skipped"))]
        data = task["data"]
        if self._wanted.labelled and not finished:
            self.left_out["skipped by all annotators" if annotations else "not annotated"] += 1
            return
        results = [self._results(item) for item in finished] or [[]]
        chosen = [number for number, item in enumerate(finished) if item.get("ground_truth")] or [0]
        values = [sorted(map(repr, (item["value"] for item in result))) for result in results]
        if len(chosen) == 1 and finished and finished[chosen[0]].get("ground_truth"):
            pass
        elif any(value != values[0] for value in values) and not self._wanted.force:
            message = f"the task has {len(results)} annotations that differ"
            raise ProblemError(
                message, "keep one for each task, mark one as ground truth, or --force to read the first"
            )
        result = results[chosen[0]]
        key = self._text_key(data, [item.get("to_name") for item in result])
        fields = {key: value for key, value in task.items() if key not in (*_ANNOTATIONS, "predictions", "data")}
        text = data[key]
        others = {name: value for name, value in data.items() if name != key}
        both = {name: others.pop(name) for name in list(others) if name in (*fields, "text", "spans")}
        fields |= others | ({"data": both} if both else {})
        yield Record({**fields, "text": text, "spans": [item["value"] for item in result]}, LABEL_STUDIO)

    def _results(self, annotation: dict[str, Any]) -> list[dict[str, Any]]:
        """The labelled spans of an annotation."""
        results = annotation.get("result")
        spans = [
            item
            for item in (results if isinstance(results, list) else [])
            if isinstance(item, dict) and isinstance(item.get("value"), dict) and "start" in item["value"]
        ]
        if any("startOffset" in item["value"] for item in spans):
            message = "spans in HTML or in paragraphs, whose offsets count inside a part of the document"
            raise ProblemError(message, "annotate plain text: the control <Text>")
        control = self._wanted.columns.get("tag")
        if control:
            return [item for item in spans if item.get("from_name") == control]
        names = sorted({str(item.get("from_name")) for item in spans})
        if len(names) > 1:
            hint = f"choose one: --columns tag={names[0]}"
            raise ProblemError(f"spans of several labelling controls: {', '.join(names)}", hint)
        return spans

    def _text_key(self, data: dict[str, Any], controls: list[Any]) -> str:
        """The key of the text in the data of a task; the file does not name it, only the control that shows it."""
        keys = [key for key, value in data.items() if isinstance(value, str)]
        wanted = self._wanted.columns.get("token")
        for key in (wanted, *(() if wanted else (*controls[:1], "text"))):
            if key in keys:
                return str(key)
        if len(keys) == 1 and not wanted:
            return keys[0]
        hint = f"choose one: --columns token={keys[0]}" if keys else ""
        raise ProblemError(f"which field of the data is the text? There is: {', '.join(keys) or 'none'}", hint)

    def _of_paragraphs(self, paragraphs: list[Any]) -> Iterator[Record]:
        """Documents of spaCy 2: paragraphs of sentences of tokens."""
        for paragraph in paragraphs:
            sentences = paragraph.get("sentences") if isinstance(paragraph, dict) else None
            if not isinstance(sentences, list) or not all(isinstance(sentence, dict) for sentence in sentences):
                raise ProblemError("a paragraph without sentences", "spaCy 2 has sentences of tokens in paragraphs")
            for sentence in sentences:
                yield self._with_tokens(sentence, "spaCy")

    def _of_table(self, table: dict[str, Any]) -> Iterator[Record]:
        """An object of columns, which has a list for each field."""
        lengths = {name: len(column) for name, column in table.items() if isinstance(column, list)}
        if len(set(lengths.values())) > 1:
            raise ProblemError(f"the fields have different lengths: {lengths}")
        columns = [table[name] for name in lengths]
        for row in zip(*columns, strict=True):
            yield self._with_tokens(dict(zip(lengths, row, strict=True)), "Hugging Face")

    def _with_tokens(self, fields: dict[str, Any], tool: str = "") -> Record:
        """A record whose tokens are texts; of token objects every field becomes a list beside them."""
        name = next((name for name in TOKENS if isinstance(fields.get(name), list)), "")
        objects = fields.get(name, [])
        if not objects or not all(isinstance(item, dict) for item in objects):
            return Record(fields, tool)
        key = next((key for key in _TOKEN_TEXTS if key in objects[0]), "")
        keys = list(objects[0])
        text = fields.get("text")
        if not key and isinstance(text, str) and all(map(_has_offsets, objects)):
            objects = [{**item, "text": text[item["start"] : item["end"]]} for item in objects]
            key = "text"
        if not key:
            raise ProblemError(f"token objects without a text: {shown(str(objects[0]))}")
        objects = [item for item in objects if not _is_line_end(item.get(key))]  # spaCy has tokens of blanks
        starts = [item.get("start") for item in objects]
        lists = {
            key: [item.get(key) for item in objects] for key in keys if key not in _NOT_TAGS and key not in fields
        }
        lists = {key: values for key, values in lists.items() if any(values)}  # spaCy writes "" for what it lacks
        if "probability" in keys:  # as rnncli writes tokens and spans, which say the same
            fields = {key: value for key, value in fields.items() if key != "spans"}
            tool = "rnncli"
        blanks = [bool(item.get("ws", True)) for item in objects] if "ws" in keys else None
        are_numbers = all(type(start) is int for start in starts)
        tokens = [item.get(key) for item in objects]
        return Record({**fields, name: tokens, **lists}, tool, starts if are_numbers else None, blanks)


def _has_offsets(item: dict[str, Any]) -> bool:
    """Whether a token object says where it is in the text."""
    return type(item.get("start")) is int and type(item.get("end")) is int


def _is_line_end(token: Any) -> bool:
    return isinstance(token, str) and token.isspace() and token != " "


def _is_pair(item: Any) -> bool:
    """Whether this is a token and its tag."""
    return isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, list) for item in value)
