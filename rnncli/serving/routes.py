"""What a route is, and the OpenAPI document that a table of routes gives.

Source: https://spec.openapis.org/oas/v3.1.0
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncli import __version__
from rnncli.serving.exchange import FORM, JSON, MULTIPART, Answer, RefusedError, Request, Stream, error_as_json
from rnncli.serving.schema import Schema

if TYPE_CHECKING:
    from rnncli.serving.service import Service

OBJECT: Schema = {"type": "object"}
TEXT: Schema = {"type": "string"}
ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "where", "hint"],
            "properties": {"message": TEXT, "where": TEXT, "hint": TEXT},
        }
    },
}


class Route(NamedTuple):
    """A path of the service, whose end may vary: ``/models/{model}``.

    answer   gives the answer to a request and the checked value of its body, None without one
    body     schema of a body of JSON; None if the route has none
    fields   of a query or a form, each with its schema, if it reads these
    needed   fields that must be given
    result   schema of the answer
    media    of the answer
    refuse   gives the form of a refusal
    is_open  whether it needs no token
    """

    method: str
    path: str
    summary: str
    answer: "Callable[[Service, Request, Any], Awaitable[Answer | Stream]]"
    body: Schema | None = None
    fields: Mapping[str, Schema] | None = None
    needed: tuple[str, ...] = ()
    result: Schema = OBJECT
    media: str = JSON
    refuse: Callable[[RefusedError], Answer] = error_as_json
    refused: Schema = ERROR
    refused_media: str = JSON
    is_open: bool = False

    @property
    def start(self) -> str:
        """The path without the part that varies."""
        return self.path.partition("{")[0]

    @property
    def varying(self) -> str:
        """The name of the part that varies; "" if none does."""
        return self.path.partition("{")[2].removesuffix("}")

    @property
    def medias(self) -> tuple[str, ...]:
        """The media types of a body that the route reads."""
        return (FORM, MULTIPART) if self.fields is not None else (JSON,)


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rnncli serve",
            "version": __version__,
            "description": "Labels texts with recurrent networks.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            }
        },
        "security": [{"bearer": []}, {"basic": []}, {}],
    }


def _operation(route: Route) -> dict[str, Any]:
    name = route.path.strip("/").replace("/", "_").replace("{", "").replace("}", "").replace(".", "_")
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{name}",
        "summary": route.summary,
        "responses": {
            "200": {"description": "The answer.", "content": {route.media: {"schema": route.result}}},
            "default": {"description": "A refusal.", "content": {route.refused_media: {"schema": route.refused}}},
        },
    }
    if route.is_open:
        operation["security"] = []
    parameters = []
    if route.varying:
        parameters.append({"name": route.varying, "in": "path", "required": True, "schema": TEXT})
    if route.fields is not None:
        if route.method == "GET":
            parameters += [
                {"name": name, "in": "query", "required": name in route.needed, "schema": schema}
                for name, schema in route.fields.items()
            ]
        else:
            form = {"schema": {"type": "object", "required": [*route.needed], "properties": route.fields}}
            operation["requestBody"] = {"required": True, "content": dict.fromkeys(route.medias, form)}
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": route.body}}}
    if parameters:
        operation["parameters"] = parameters
    return operation
