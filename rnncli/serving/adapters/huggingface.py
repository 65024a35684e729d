"""Token classification as Hugging Face's inference API answers it: ``POST /models/NAME``.

The shapes are those of the published schema, packages/tasks/src/tasks/token-classification/spec of
https://github.com/huggingface/huggingface.js, and of TokenClassificationPipeline in
https://github.com/huggingface/transformers (src/transformers/pipelines/token_classification.py): a list for a text,
a list of lists for several. With the strategy ``none`` there is an object for each token; otherwise one for each
group, whose score is the mean of those of its tokens. The other strategies differ only for words that a tokenizer
divides; here a token is a word, so they give the same groups.
"""

from itertools import groupby
from typing import TYPE_CHECKING, Any

from rnncli.data.tags import Scheme
from rnncli.serving.exchange import Answer, RefusedError, Request, as_json
from rnncli.serving.routes import TEXT, Route
from rnncli.serving.schema import Schema
from rnncli.tagging import Tagged

if TYPE_CHECKING:
    from rnncli.serving.service import Service

STRATEGIES = ("none", "simple", "first", "average", "max")

_BODY: Schema = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "inputs": {"type": ["string", "array"], "items": TEXT, "description": "A text, or several."},
        "parameters": {
            "type": ["object", "null"],
            "properties": {
                "aggregation_strategy": {"type": ["string", "null"], "enum": [*STRATEGIES, None]},
                "ignore_labels": {"type": ["array", "null"], "items": TEXT, "description": "Without it: O."},
                "stride": {"type": ["integer", "null"], "description": "Changes nothing: no text is divided."},
            },
        },
        "options": {"type": ["object", "null"], "description": "Changes nothing."},
    },
}
_ENTITY: Schema = {
    "type": "object",
    "required": ["score", "word", "start", "end"],
    "properties": {
        "entity_group": TEXT,
        "entity": TEXT,
        "index": {"type": "integer"},
        "score": {"type": "number"},
        "word": TEXT,
        "start": {"type": "integer"},
        "end": {"type": "integer"},
    },
}


async def _classify(service: "Service", request: Request, body: Any) -> Answer:
    parameters = body.get("parameters") or {}
    strategy = parameters.get("aggregation_strategy") or "simple"
    ignored = parameters.get("ignore_labels")
    ignored = frozenset(["O"] if ignored is None else ignored)
    inputs = body["inputs"]
    texts = inputs if isinstance(inputs, list) else [inputs]
    scheme = service.models.named(request.name).tagger.model.scheme
    results = []
    for tagged in await service.label(request, request.name, texts):
        entities = _tokens(tagged) if strategy == "none" else _groups(tagged, scheme)
        results.append([item for item in entities if (item.get("entity") or item["entity_group"]) not in ignored])
    return as_json(results if texts is inputs else results[0])


def _tokens(tagged: Tagged) -> list[dict[str, Any]]:
    return [
        {
            "entity": token.tag,
            "score": token.probability,
            "index": number,
            "word": token.text,
            "start": token.start,
            "end": token.end,
        }
        for number, token in enumerate(tagged.tokens, 1)
    ]


def _groups(tagged: Tagged, scheme: Scheme) -> list[dict[str, Any]]:
    """The spans; where tags mark none, runs of equal tags, and so are the tokens outside of spans."""
    starts = {}
    for span in tagged.spans:
        starts[span.start] = span
    keys: list[tuple[str, int]] = []
    end = -1
    key = ("", 0)
    for token in tagged.tokens:
        if token.start in starts and scheme.has_spans:
            key = (starts[token.start].type, token.start)
            end = starts[token.start].end
        elif token.start >= end:
            key = (token.tag, -1)
        keys.append(key)
    groups = []
    for (name, _), pairs in groupby(zip(keys, tagged.tokens, strict=True), key=lambda pair: pair[0]):
        tokens = [token for _, token in pairs]
        start = tokens[0].start
        stop = tokens[-1].end
        score = sum(token.probability for token in tokens) / len(tokens)
        word = tagged.text[start:stop]
        groups.append({"entity_group": name, "score": score, "word": word, "start": start, "end": stop})
    return groups


def refuse(refusal: RefusedError) -> Answer:
    """A refusal as this API writes it: the error is a text."""
    text = f"{refusal.where}: {refusal.message}" if refusal.where else refusal.message
    return as_json({"error": text}, refusal.status, refusal.headers)


ROUTES = (
    Route(
        "POST",
        "/models/{model}",
        "Token classification as Hugging Face's inference API answers it.",
        _classify,
        _BODY,
        result={"type": "array", "items": {**_ENTITY, "type": ["object", "array"], "items": _ENTITY}},
        refuse=refuse,
        refused={"type": "object", "required": ["error"], "properties": {"error": TEXT}},
    ),
)
