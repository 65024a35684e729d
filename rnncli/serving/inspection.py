"""The routes for what a network computes: its memories and steps, an equation, a word erased; docs/inspect.md."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rnncli.inspect.document import Question, document
from rnncli.inspect.equation import quantities, unfold
from rnncli.inspect.erasing import erased
from rnncli.inspect.progress import Progress
from rnncli.inspect.steps import Steps
from rnncli.model import Model
from rnncli.serving.exchange import Answer, RefusedError, Request, as_json
from rnncli.serving.routes import TEXT, Route
from rnncli.serving.schema import Schema

if TYPE_CHECKING:
    from rnncli.serving.service import Service

ALL = "all"

MODEL: Schema = {"type": ["string", "null"], "description": "Name of a model; without it the first one."}
_NUMBER: Schema = {"type": "integer", "minimum": 0}
_INSPECT: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["texts"],
    "properties": {
        "texts": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 2, "description": "One text or two."},
        "model": MODEL,
        "steps": {
            "type": ["array", "string"],
            "items": _NUMBER,
            "pattern": f"^{ALL}$",
            "description": 'Tokens whose steps are listed in full, counted from 0, or "all".',
        },
        "measures": {"type": "boolean", "default": False, "description": "Whether to measure what tags rest on."},
    },
}
_EQUATION: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["text", "what", "step", "unit"],
    "properties": {
        "text": TEXT,
        "model": MODEL,
        "what": {**TEXT, "description": "One of the quantities of the answer, such as output/o."},
        "step": {**_NUMBER, "description": "The token, counted from 0."},
        "unit": {**_NUMBER, "description": "Counted from 0."},
    },
}
_ERASE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["text", "token"],
    "properties": {"text": TEXT, "model": MODEL, "token": {**_NUMBER, "description": "Counted from 0."}},
}
_DOCUMENT: Schema = {
    "type": "object",
    "description": "The document of rnncli inspect-memory --json.",
    "required": ["version", "architecture", "model", "texts", "distances", "alignment", "parts_at"],
}
_UNFOLDED: Schema = {
    "type": "object",
    "description": "The number as its equation, and the quantities of the network with the number of their units.",
    "required": ["what", "step", "unit", "symbol", "text", "value", "function", "sum", "products", "quantities"],
}
_ERASED: Schema = {
    "type": "object",
    "description": "The text as it is labelled with the unknown word in the place of one token.",
    "required": ["token", "tokens", "spans", "score_falls", "probability_falls", "distances"],
}


async def _inspect(service: "Service", request: Request, body: Any) -> Answer:
    model = service.models.named(body.get("model")).model
    limits = service.settings.limits
    texts, measures = body["texts"], body.get("measures", False)
    most = limits.measured if measures else limits.inspected
    given = body.get("steps", [])

    def answer(progress: Progress) -> Answer:
        longest = max(map(len, _cut(model, texts, most)))
        steps = range(longest) if given == ALL else sorted(set(given))
        if len(steps) > limits.steps:
            raise RefusedError(413, f"there are more than {limits.steps:,} steps", "steps", "ask for fewer")
        return as_json(document(model, Question(texts, steps=steps, measures=measures), progress=progress))

    return await service.compute(request, answer)


async def _equation(service: "Service", request: Request, body: Any) -> Answer:
    model = service.models.named(body.get("model")).model
    most = service.settings.limits.inspected

    def answer(progress: Progress) -> Answer:
        (tokens,) = _cut(model, [body["text"]], most)
        steps = Steps(model, tokens)
        equation = unfold(steps, body["what"], body["step"], body["unit"])
        return as_json({**equation.as_dict(), "quantities": quantities(steps)})

    return await service.compute(request, answer)


async def _erase(service: "Service", request: Request, body: Any) -> Answer:
    model = service.models.named(body.get("model")).model
    most = service.settings.limits.inspected

    def answer(progress: Progress) -> Answer:
        (tokens,) = _cut(model, [body["text"]], most)
        return as_json(erased(model, tokens, body["token"]))

    return await service.compute(request, answer)


def _cut(model: Model, texts: Sequence[str], most: int) -> list[list[str]]:
    """The tokens of each text; a :class:`.RefusedError` if there are more than ``most`` in all."""
    too_many = RefusedError(413, f"there are more than {most:,} tokens", hint="give a shorter text")
    if sum(len(text.split()) for text in texts) > most:  # no text that is much too long is cut
        raise too_many
    cut = [model.cut(text) for text in texts]
    if sum(map(len, cut)) > most:
        raise too_many
    return cut


ROUTES = (
    Route(
        "POST", "/v1/inspect", "What a network computes for one text or two.", _inspect, _INSPECT, result=_DOCUMENT
    ),
    Route(
        "POST", "/v1/equation", "One number of a network as its equation.", _equation, _EQUATION, result=_UNFOLDED
    ),
    Route("POST", "/v1/erase", "A text without one of its tokens.", _erase, _ERASE, result=_ERASED),
)
