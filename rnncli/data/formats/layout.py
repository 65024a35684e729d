"""Which fields of records hold tokens and tags, or a text and its spans."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from rnncli.data.formats.charspans import is_span
from rnncli.data.formats.exports import LABEL_STUDIO, TOKENS, Record
from rnncli.data.formats.format import Wanted
from rnncli.errors import DataError
from rnncli.spec import suggestion

_TEXTS = ("text", "data", "sentence", "content", "utterance")
_TAGS = (
    "tags",
    "ner_tags",
    "labels",
    "label",
    "ner",
    "slots",
    "tag",
    "pos_tags",
    "upos",
    "pos",
    "chunk_tags",
    "iob",
)
_SPANS = ("spans", "entities", "label", "labels", "ents", "annotations")


class Layout(NamedTuple):
    """Which field holds what; "" where there is none."""

    tokens: str = ""
    tags: str = ""  # a tag for each token
    text: str = ""
    spans: str = ""
    features: tuple[str, ...] = ()
    tool: str = ""

    def in_words(self, tokenizer: str, features: Sequence[str]) -> str:
        """For example "tokens in tokens, tags in ner_tags"."""
        words = [f"tokens in {self.tokens}"] if self.tokens else [f"text in {self.text}"]
        if self.tags:
            words.append(f"tags in {self.tags}")
        if self.spans:
            words.append(f"spans in {self.spans}")
        if features:
            words.append(f"features in {', '.join(features)}")
        if self.spans and not self.tokens:
            words.append(f"tokens cut by {tokenizer}, line ends in a text end sentences")
        return ", ".join(words) + (f" (as {self.tool} writes them)" if self.tool else "")


def layout(sample: Sequence[Record], wanted: Wanted, name: str) -> Layout:
    """Choose the fields; :class:`.DataError` where there are none, or several that could be meant.

    A field of tags has as many texts or numbers as there are tokens.
    """
    kinds = _kinds(sample)
    tool = next((record.tool for record in sample if record.tool), "")
    columns = {} if tool == LABEL_STUDIO else dict(wanted.columns)  # its records hold what was chosen already
    for role, field in columns.items():
        if field not in kinds:
            hint = suggestion(field, kinds)
            raise DataError(f"--columns {role}={field}: there is no such field", where=name, hint=hint)
    token = columns.pop("token", "")
    tag = columns.pop("tag", "")
    tokens = token if token and kinds[token] != "text" else ""
    text = token if token and not tokens else next((field for field in _TEXTS if kinds.get(field) == "text"), "")
    if not token:
        tokens = next((field for field in TOKENS if kinds.get(field) == "texts"), "")
        tokens = tokens or next((field for field in TOKENS if not text and kinds.get(field) == ""), "")
    known = f"its fields: {', '.join(kinds)}; choose: --columns "
    if not tokens and not text:
        raise DataError("no tokens and no text in these records", where=name, hint=f"{known}token=NAME,tag=NAME")
    features = tuple(columns.values()) if tokens else ()
    if not wanted.labelled:
        return Layout(tokens, "", text, "", features, tool)
    parallel = [field for field in kinds if tokens and field != tokens and _is_parallel(field, tokens, sample)]
    candidates = [field for field in _TAGS if field in parallel]
    candidates += [field for field, kind in kinds.items() if kind == "spans"]
    if not candidates:  # all are empty
        names = (*(_TAGS if tokens else ()), *(_SPANS if text else ()))
        candidates = [field for field in names if kinds.get(field) == ""][:1]
    if not tag and not candidates:
        likely = next((field for field in parallel if kinds[field] == "texts"), "NAME")
        raise DataError("no tags and no spans in these records", where=name, hint=f"{known}tag={likely}")
    if not tag and len(candidates) > 1 and _TAGS[0] not in candidates:
        hint = f"choose one: --columns tag={candidates[0]}"
        raise DataError(f"tags may be in each of these fields: {', '.join(candidates)}", where=name, hint=hint)
    tag = tag or (_TAGS[0] if _TAGS[0] in candidates else candidates[0])
    is_tags = bool(tokens) and (kinds[tag] in ("texts", "numbers") or (kinds[tag] == "" and tag in _TAGS))
    return Layout(tokens, tag if is_tags else "", text, "" if is_tags else tag, features, tool)


def _kinds(sample: Sequence[Record]) -> dict[str, str]:
    """The kind of each field in most records, in the order of the fields."""
    counts: dict[str, Counter[str]] = {}
    for record in sample:
        for field, value in record.fields.items():
            counts.setdefault(field, Counter()).update(filter(None, [kind_of(value)]))
    return {field: max(count, key=count.__getitem__, default="") for field, count in counts.items()}


def kind_of(value: Any) -> str:
    """What a field may hold by its value; "" for an empty list or null, which tell nothing."""
    if isinstance(value, str):
        return "text"
    if value is None or value == []:
        return ""
    if not isinstance(value, list):
        return "other"
    if all(isinstance(item, str) for item in value):
        return "texts"
    if all(type(item) is int for item in value):
        return "numbers"
    return "spans" if all(map(is_span, value)) else "other"


def _is_parallel(field: str, tokens: str, sample: Sequence[Record]) -> bool:
    """Whether a field has a text or a number for every token in most records that have tokens and the field."""
    parallel = 0
    others = 0
    for record in sample:
        values = record.fields.get(field)
        texts = record.fields.get(tokens)
        if values is not None and texts and isinstance(texts, list):
            is_list = isinstance(values, list) and len(values) == len(texts)
            parallel += is_list and kind_of(values) in ("texts", "numbers")
            others += not is_list
    return parallel > others
