"""A backend of machine learning for Label Studio: ``/predict``, ``/setup``, ``/health``, ``/webhook``, ``/train``.

Source: label_studio_ml/api.py and label_studio_ml/examples/spacy of
https://github.com/HumanSignal/label-studio-ml-backend, and label_studio/ml/api_connector.py of
https://github.com/HumanSignal/label-studio, which is the client. The service does not train, so what asks for
training is refused with status 403.
"""

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from rnncli.arguments import shown
from rnncli.serving.exchange import Answer, RefusedError, Request, as_json
from rnncli.serving.routes import OBJECT, TEXT, Route
from rnncli.serving.schema import Schema
from rnncli.tagging import Tagged

if TYPE_CHECKING:
    from rnncli.serving.service import Service

_START_TRAINING = "START_TRAINING"

_OPTIONAL: Schema = {"type": ["string", "null"]}
_PREDICT: Schema = {
    "type": "object",
    "required": ["tasks"],
    "properties": {
        "tasks": {
            "type": "array",
            "items": {"type": "object", "required": ["data"], "properties": {"data": {"type": "object"}}},
        },
        "label_config": _OPTIONAL,
        "model_version": _OPTIONAL,
        "project": _OPTIONAL,
        "params": {"type": ["object", "null"]},
    },
}
_SETUP: Schema = {"type": "object", "properties": {"project": _OPTIONAL, "schema": _OPTIONAL}}
_WEBHOOK: Schema = {"type": "object", "required": ["action"], "properties": {"action": TEXT}}


class _Interface(NamedTuple):
    """The parts of a labelling interface that labels need, and the field of a task with its text."""

    from_name: str = "label"
    to_name: str = "text"
    field: str = "text"


def _interface(config: str | None) -> _Interface:
    """Read the names of ``<Labels name toName>`` and ``<Text name value="$field">``."""
    if not config:
        return _Interface()
    wrong = RefusedError(
        400, "the labelling interface cannot be read", "label_config", "it needs <Labels> and <Text>"
    )
    if "<!" in config.replace("<!--", ""):  # a document type, whose entities may be of any size
        raise wrong
    try:
        root = ElementTree.fromstring(config)
    except (ElementTree.ParseError, RecursionError, ValueError):
        raise wrong from None
    texts = {item.get("name"): item for item in root.iter("Text")}
    for labels in root.iter("Labels"):
        to_name = labels.get("toName", "")
        if to_name in texts:
            field = texts[to_name].get("value", "$text").removeprefix("$")
            return _Interface(labels.get("name", "label"), to_name, field)
    raise wrong


async def _predict(service: "Service", request: Request, body: Any) -> Answer:
    interface = _interface(body.get("label_config"))
    texts = []
    for number, task in enumerate(body["tasks"]):
        text = task["data"].get(interface.field)
        if not isinstance(text, str):
            where = f"tasks[{number}].data.{interface.field}"
            raise RefusedError(400, f"expected a string, got {shown(text)}", where)
        texts.append(text)
    labelled = await service.label(request, None, texts)
    version = service.models.default
    return as_json({"results": [_prediction(tagged, interface, version) for tagged in labelled]})


def _prediction(tagged: Tagged, interface: _Interface, version: str) -> dict[str, Any]:
    """The labels of a task. The score of all is the product of the probabilities of the tokens."""
    result = [
        {
            "from_name": interface.from_name,
            "to_name": interface.to_name,
            "type": "labels",
            "value": {"start": span.start, "end": span.end, "text": span.text, "labels": [span.type]},
            "score": span.probability,
        }
        for span in tagged.spans
    ]
    score = prod(token.probability for token in tagged.tokens)
    return {"model_version": version, "score": score, "result": result}


async def _setup(service: "Service", request: Request, body: Any) -> Answer:
    _interface(body.get("schema"))
    return as_json({"model_version": service.models.default})


async def _health(service: "Service", request: Request, body: Any) -> Answer:
    return as_json({"status": "UP", "model_class": "rnncli"})


async def _train(service: "Service", request: Request, body: Any) -> Answer:
    hint = (
        "export the annotations, and train with: rnncli train FILE --out MODEL; the service then loads the new file"
    )
    raise RefusedError(403, "the service does not train", hint=hint)


async def _webhook(service: "Service", request: Request, body: Any) -> Answer:
    if body["action"] == _START_TRAINING:
        return await _train(service, request, body)
    return as_json({"status": "Unknown event"})  # the answer of the original to events that change nothing


ROUTES = (
    Route("POST", "/predict", "Predictions for tasks of Label Studio.", _predict, _PREDICT),
    Route("POST", "/setup", "The version of the model, for Label Studio.", _setup, _SETUP),
    Route("GET", "/health", "Whether the service works, for Label Studio.", _health, is_open=True),
    Route("POST", "/webhook", "Events of Label Studio, which change nothing.", _webhook, _WEBHOOK),
    Route("POST", "/train", "Refused: the service does not train.", _train, OBJECT),
)
