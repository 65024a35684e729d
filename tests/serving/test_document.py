"""What the OpenAPI document says is true: such requests are answered as it says, and others are refused."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.serving.exchange import RefusedError
from rnncli.serving.routes import Route
from rnncli.serving.schema import Schema, check
from rnncli.serving.service import ROUTES
from rnncli.serving.settings import Limits

FORM = ("content-type", "application/x-www-form-urlencoded")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """What fits a schema."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", [])
    strategies = [_values(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return st.one_of(strategies) if strategies else ANYTHING


def _values(kind: str, schema: Schema) -> st.SearchStrategy[Any]:
    if kind == "object":
        properties = {name: values(item) for name, item in schema.get("properties", {}).items()}
        if "oneOf" in schema:
            alternatives = [item["required"] for item in schema["oneOf"]]
            names = {name for item in alternatives for name in item}
            return st.one_of(
                _objects({n: s for n, s in properties.items() if n in item or n not in names}, item)
                for item in alternatives
            )
        return _objects(properties, schema.get("required", ()))
    if kind == "array":
        return st.lists(values(schema.get("items", {})), max_size=3)
    numbers = st.integers(schema.get("minimum", -1_000), schema.get("maximum", 1_000))
    simple = {"string": TEXTS, "boolean": st.booleans(), "null": st.none()}
    return simple[kind] if kind in simple else numbers | numbers.map(float)


def _objects(properties: dict[str, st.SearchStrategy[Any]], required: Any) -> st.SearchStrategy[dict[str, Any]]:
    optional = {name: strategy for name, strategy in properties.items() if name not in required}
    return st.fixed_dictionaries({name: properties[name] for name in required}, optional=optional)


def fits(value: Any, schema: Schema) -> bool:
    """Whether a value fits a schema; that the alternatives of oneOf exclude one another is counted here."""
    try:
        check(value, schema)
    except RefusedError:
        return False
    alternatives = schema.get("oneOf", [{"required": []}])
    return sum(all(name in value for name in item["required"]) for item in alternatives) == 1


# No schema says whether a text is CoNLL-U, XML with the names that labels need, or has the tokens that are meant;
# training is refused.
IN_PARTS = {"/process", "/predict", "/setup", "/webhook", "/train", "/v1/inspect", "/v1/equation", "/v1/erase"}
WITH_BODY = [route for route in ROUTES if route.body is not None and route.media != "text/event-stream"]
WITH_FIELDS = [route for route in ROUTES if route.fields]


def answered(client: Any, route: Route, value: Any) -> Any:
    """The answer, after a check that it has the documented form; of the service's errors none is expected."""
    path = route.path.replace("{model}", "tiny")
    if route.body is not None:
        reply = client.post(path, value)
    elif route.method == "POST":
        reply = client.post(path, urlencode(value).encode(), FORM)
    else:
        reply = client.get(f"{path}?{urlencode(value)}")
    assert reply.status < 500, (value, reply.text)
    media = route.media if reply.status == 200 else route.refused_media
    assert reply.headers["content-type"].startswith(media)
    result = reply.text if media == "text/plain" else reply.json
    check(result, route.result if reply.status == 200 else route.refused)
    return reply


@pytest.fixture(scope="module")
def quick(start_service: Callable[..., Any]) -> Any:
    return start_service(limits=Limits(collect=0.0))


@pytest.mark.parametrize("route", [*WITH_BODY, *WITH_FIELDS], ids=lambda route: f"{route.method} {route.path}")
def test_requests_that_fit_the_document_are_accepted(quick: Any, route: Route) -> None:
    schema = route.body or {"type": "object", "required": route.needed, "properties": route.fields}

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(values(schema))
    def accepts(value: Any) -> None:
        reply = answered(quick, route, value)
        assert reply.status in ((200, 400, 403, 404) if route.path in IN_PARTS else (200, 404)), (value, reply.text)

    accepts()


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.path)
def test_bodies_that_do_not_fit_are_refused(quick: Any, route: Route) -> None:
    schema = route.body
    assert schema is not None
    names = st.sampled_from([*schema.get("properties", {}), "other"])

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(ANYTHING | st.dictionaries(names, ANYTHING, max_size=4))
    def refuses(value: Any) -> None:
        reply = answered(quick, route, json.dumps(value).encode())
        assert reply.status != 200 or fits(json.loads(json.dumps(value)), schema), value
        assert 400 == reply.status or fits(value, schema), (value, reply.text)

    refuses()
