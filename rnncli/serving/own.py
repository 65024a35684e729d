"""The routes of the service itself: labelling, its models, its health, its counts and its description."""

from typing import TYPE_CHECKING, Any

from rnncli.serving import routes
from rnncli.serving.exchange import Answer, RefusedError, Request, as_json
from rnncli.serving.routes import OBJECT, TEXT, Route
from rnncli.serving.schema import Schema
from rnncli.serving.settings import Limits

if TYPE_CHECKING:
    from rnncli.serving.service import Service

INPUTS = ("text", "tokens", "texts", "sentences")
_TOKENS: Schema = {"type": "array", "items": TEXT}
_NUMBER: Schema = {"type": "number"}
_INTEGER: Schema = {"type": "integer"}

_BODY: Schema = {
    "type": "object",
    "description": f"Exactly one of {', '.join(INPUTS)}. The answer to the last two has a list of results.",
    "additionalProperties": False,
    "oneOf": [{"required": [name]} for name in INPUTS],
    "properties": {
        "text": {**TEXT, "description": "A text, which is cut into tokens as the model was trained for."},
        "tokens": {**_TOKENS, "description": "A sentence that is cut into tokens already."},
        "texts": {"type": "array", "items": TEXT, "description": "Several texts."},
        "sentences": {"type": "array", "items": _TOKENS, "description": "Several sentences of tokens."},
        "model": {"type": ["string", "null"], "description": "Name of a model; without it the first one."},
        "nbest": {
            **_INTEGER,
            "minimum": 0,
            "maximum": Limits().nbest,
            "description": "The most probable labellings of each sentence.",
        },
    },
}
_TAGGED: Schema = {
    "type": "object",
    "description": "What rnncli tag --json writes. Offsets count characters (code points).",
    "properties": {
        "tokens": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": TEXT,
                    "start": _INTEGER,
                    "end": _INTEGER,
                    "tag": TEXT,
                    "probability": _NUMBER,
                },
            },
        },
        "spans": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "type": TEXT,
                    "text": TEXT,
                    "start": _INTEGER,
                    "end": _INTEGER,
                    "probability": _NUMBER,
                },
            },
        },
        "nbest": {
            "type": "array",
            "items": {"type": "object", "properties": {"tags": _TOKENS, "probability": _NUMBER}},
        },
        "results": {"type": "array", "items": OBJECT},
    },
}


async def _tag(service: "Service", request: Request, body: Any) -> Answer:
    given = [name for name in INPUTS if name in body]
    if len(given) != 1:
        message = f"expected exactly one of {', '.join(INPUTS)}, got {' and '.join(given) or 'none of them'}"
        raise RefusedError(400, message, "the body", 'for example {"text": "leave Taipei"}')
    name = given[0]
    value = body[name]
    limits = service.settings.limits
    nbest = body.get("nbest", 0)
    inputs = value if name in ("texts", "sentences") else [value]
    if len(inputs) > limits.texts:
        hint = "send fewer texts in a request"
        raise RefusedError(413, f"there are more than {limits.texts:,} texts", name, hint)
    tagged = await service.label(request, body.get("model"), inputs, nbest)
    results = [result.as_dict() for result in tagged]
    return as_json({"results": results} if inputs is value else results[0])


async def _models(service: "Service", request: Request, body: Any) -> Answer:
    models = []
    for served in (*service.models, *service.models.lessons):
        model = served.model
        spec = model.network_spec
        models.append(
            {
                "name": served.name,
                "lesson": served.is_lesson,
                "is_default": served.name == service.models.default,
                "arch": spec.arch,
                "cell": spec.cell,
                "tokenizer": model.tokenizer,
                "tags": model.tags,
                "examples": model.provenance.get("examples") or [],
                "problem": served.problem,
            }
        )
    return as_json({"models": models})


async def _health(service: "Service", request: Request, body: Any) -> Answer:
    problems = {served.name: served.problem for served in service.models if served.problem}
    if service.is_stopping:
        return as_json({"status": "stopping", "problems": problems}, 503)
    return as_json({"status": "problem" if problems else "ok", "problems": problems})


async def _metrics(service: "Service", request: Request, body: Any) -> Answer:
    models = {served.name: (served.loaded, not served.problem) for served in service.models}
    text = service.metrics.text(service.batcher.waiting, models)
    return Answer(text.encode(), media="text/plain; version=0.0.4; charset=utf-8")


async def _openapi(service: "Service", request: Request, body: Any) -> Answer:
    return as_json(routes.document(service.routes))


ROUTES = (
    Route("POST", "/v1/tag", "Label a text, a sentence of tokens, or several.", _tag, _BODY, result=_TAGGED),
    Route("GET", "/v1/models", "The models and their tags.", _models),
    Route(
        "GET",
        "/healthz",
        "Whether the service works, and whether a changed file is not used.",
        _health,
        is_open=True,
    ),
    Route("GET", "/metrics", "Counts for Prometheus.", _metrics, result=TEXT, media="text/plain"),
    Route("GET", "/openapi.json", "This document.", _openapi),
)
