"""The REST interface of UDPipe: ``/process`` and ``/models``, by GET or by POST of a form.

Source: https://lindat.mff.cuni.cz/services/udpipe/api-reference.php, and udpipe2_server.py and udpipe2_client.py of
https://github.com/ufal/udpipe. As there, an error is plain text. Differences: a text is one sentence on each line
that is not blank, as with UDPipe's option ``presegmented``; there is no parser; the output is CoNLL-U only. The tag
is in the column UPOS if all tags of the model are those of Universal Dependencies, otherwise in XPOS.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncli import __version__
from rnncli.data.formats.conllu import COLUMNS, UPOS
from rnncli.data.tokenize import Token
from rnncli.serving.exchange import Answer, RefusedError, Request, as_json
from rnncli.serving.routes import TEXT, Route
from rnncli.serving.schema import Schema
from rnncli.tagging import Tagged

if TYPE_CHECKING:
    from rnncli.serving.service import Service

_FIELDS: dict[str, Schema] = {
    "data": {**TEXT, "description": "The text, or, without tokenizer, sentences in the format of input."},
    "model": {**TEXT, "description": "Name of a model; without it the first one."},
    "tokenizer": {**TEXT, "description": "Cut each line into tokens; options change nothing."},
    "tagger": {**TEXT, "description": "Write tags; options change nothing."},
    "parser": {**TEXT, "description": "Changes nothing: there is no parser."},
    "input": {**TEXT, "enum": ["conllu", "horizontal", "vertical"], "description": "Without it conllu."},
    "output": {**TEXT, "enum": ["conllu"]},
}
_WORD = re.compile(r"[1-9][0-9]*")
_EMPTY = "_"


class _Sentence(NamedTuple):
    """A sentence of the input: its tokens, and its lines of CoNLL-U with a row of cells for each token."""

    tokens: list[str]
    lines: list[str | list[str]]


async def _process(service: "Service", request: Request, body: Any) -> Answer:
    fields = request.fields()
    if "data" not in fields:
        raise RefusedError(400, "The parameter 'data' is required.")
    if fields.get("output", "conllu") != "conllu":
        raise RefusedError(400, f"Unknown output format '{fields['output']}'.")
    read = _READERS.get(fields.get("input", "conllu"))
    if read is None:
        raise RefusedError(400, f"Cannot parse the input in '{fields['input']}' format.")
    served = service.models.named(fields.get("model") or None)
    model = served.tagger.model
    column = COLUMNS.index("UPOS" if UPOS.issuperset(model.tags) else "XPOS")
    data = fields["data"]
    head = f"# generator = rnncli {__version__}\n# udpipe_model = {served.name}\n"
    if "tokenizer" in fields:
        texts = [line.strip() for line in data.splitlines() if line.strip()]
        if "tagger" in fields:
            labelled = await service.label(request, served.name, texts)
            pieces = [_of_text(tagged, column, number) for number, tagged in enumerate(labelled, 1)]
        else:
            pieces = [_of_tokens(text, model.tokenize(text), number) for number, text in enumerate(texts, 1)]
    else:
        sentences = list(read(data))
        if "tagger" in fields:
            labelled = await service.label(request, served.name, [sentence.tokens for sentence in sentences])
            for sentence, tagged in zip(sentences, labelled, strict=True):
                rows = [line for line in sentence.lines if isinstance(line, list)]
                for row, token in zip(rows, tagged.tokens, strict=True):
                    row[column] = token.tag
        pieces = ["".join(_joined(line) for line in sentence.lines) + "\n" for sentence in sentences]
    result = {"model": served.name, "acknowledgements": [], "result": head + "".join(pieces)}
    return as_json(result)


def _of_text(tagged: Tagged, column: int, number: int) -> str:
    tokens = [Token(token.text, token.start, token.end) for token in tagged.tokens]
    return _of_tokens(tagged.text, tokens, number, column, [token.tag for token in tagged.tokens])


def _of_tokens(text: str, tokens: list[Token], number: int, column: int = 0, tags: list[str] | None = None) -> str:
    """A sentence of CoNLL-U, with the comments and SpaceAfter of one that UDPipe cuts."""
    lines = ["# newdoc\n# newpar\n"] if number == 1 else []
    lines.append(f"# sent_id = {number}\n# text = {text}\n")
    for place, token in enumerate(tokens):
        row = [_EMPTY] * len(COLUMNS)
        row[0] = str(place + 1)
        row[1] = token.text
        if tags is not None:
            row[column] = tags[place]
        if place + 1 < len(tokens) and tokens[place + 1].start == token.end:
            row[-1] = "SpaceAfter=No"
        lines.append(_joined(row))
    return "".join(lines) + "\n"


def _joined(line: str | list[str]) -> str:
    return (line if isinstance(line, str) else "\t".join(line)) + "\n"


def _conllu(data: str) -> Iterator[_Sentence]:
    sentence = _Sentence([], [])
    for number, line in enumerate(data.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip():
            if sentence.tokens:
                yield sentence
                sentence = _Sentence([], [])
            continue
        cells = line.split("\t")
        if line.startswith("#"):
            sentence.lines.append(line)
        elif len(cells) != len(COLUMNS):
            message = f"line {number} has {len(cells)} columns, not {len(COLUMNS)}"
            raise RefusedError(400, f"Cannot parse the input in 'conllu' format: {message}.")
        elif _WORD.fullmatch(cells[0]):
            sentence.tokens.append(cells[1])
            sentence.lines.append(cells)
        else:  # of a multiword token, or an empty node
            sentence.lines.append(line)
    if sentence.tokens:
        yield sentence


def _numbered(tokens: list[str]) -> _Sentence:
    rest = [_EMPTY] * (len(COLUMNS) - 2)
    return _Sentence(tokens, [[str(number), token, *rest] for number, token in enumerate(tokens, 1)])


def _horizontal(data: str) -> Iterator[_Sentence]:
    """A sentence on each line, its tokens between blanks."""
    return (_numbered(line.split()) for line in data.split("\n") if line.strip())


def _vertical(data: str) -> Iterator[_Sentence]:
    """A token on each line, and a blank line after each sentence."""
    tokens: list[str] = []
    for line in [*data.split("\n"), ""]:
        if line.strip():
            tokens.append(line.strip().replace("\t", " "))
        elif tokens:
            yield _numbered(tokens)
            tokens = []


_READERS: dict[str, Callable[[str], Iterator[_Sentence]]] = {
    "conllu": _conllu,
    "horizontal": _horizontal,
    "vertical": _vertical,
}


async def _models(service: "Service", request: Request, body: Any) -> Answer:
    request.fields()  # a form that cannot be read is refused
    models = {served.name: ["tokenizer", "tagger"] for served in service.models}
    return as_json({"models": models, "default_model": service.models.default})


def refuse(refusal: RefusedError) -> Answer:
    """A refusal as UDPipe writes it: a line of text."""
    text = f"{refusal.message}\n"
    return Answer(text.encode("utf-8", "replace"), refusal.status, "text/plain; charset=utf-8", refusal.headers)


_PROCESSED: Schema = {
    "type": "object",
    "required": ["model", "acknowledgements", "result"],
    "properties": {"model": TEXT, "acknowledgements": {"type": "array", "items": TEXT}, "result": TEXT},
}
_LISTED: Schema = {
    "type": "object",
    "required": ["models", "default_model"],
    "properties": {"models": {"type": "object"}, "default_model": TEXT},
}


def _route(
    method: str,
    path: str,
    summary: str,
    answer: "Callable[[Service, Request, Any], Awaitable[Answer]]",
    fields: dict[str, Schema],
    needed: tuple[str, ...],
    result: Schema,
) -> Route:
    return Route(
        method,
        path,
        summary,
        answer,
        fields=fields,
        needed=needed,
        result=result,
        refuse=refuse,
        refused=TEXT,
        refused_media="text/plain",
    )


ROUTES = tuple(
    route
    for method in ("GET", "POST")
    for route in (
        _route(method, "/process", "Label as UDPipe's REST server does.", _process, _FIELDS, ("data",), _PROCESSED),
        _route(method, "/models", "The models as UDPipe lists them.", _models, {}, (), _LISTED),
    )
)
