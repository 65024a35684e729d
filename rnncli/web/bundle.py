"""The files of the page: one by one for a service, or one script for a page that is a single file.

A module begins with its imports, one statement a line: ``import { a, b } from "./x.js";`` or ``import * as x …``.
It exports functions, classes and constants where it declares them. Nothing else of the syntax of modules is used,
so that they can be joined without a parser of JavaScript.
"""

import base64
import hashlib
import posixpath
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_MEDIA = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_NAME = re.compile(r"(?:[a-z_]+/)?[a-z_]+(\.[a-z]+)")
_IMPORT = re.compile(
    r'^import (?:\* as (?P<all>\w+)|\{(?P<some>[^}]*)\}) from "(?P<path>\./|\.\./)(?P<file>[^"]+)";$', re.M
)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (?P<name>\w+))", re.M)
_DATA = "@data@"  # in the place of the documents in a saved page


class Asset(NamedTuple):
    """A file of the page and its media type."""

    body: bytes
    media: str


def read(name: str) -> str:
    """The text of a file of the page, such as ``views/label.js``."""
    return files("rnncli.web").joinpath("app", *name.split("/")).read_text("utf-8")


@cache
def asset(name: str) -> Asset | None:
    """A file of the page by its name; ``None`` if there is none.

    ``page.js`` is all scripts of the live page as one, so that a browser waits for one file. ``saved.html`` is a
    page that is one file, with ``@data@`` where the documents that it shows are to stand.
    """
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _MEDIA:
        return None
    try:
        text = _MADE[name]() if name in _MADE else read(name)
    except FileNotFoundError:
        return None
    return Asset(text.encode("utf-8"), f"{_MEDIA[match[1]]}; charset=utf-8")


def _saved() -> str:
    style = read("page.css")
    script = joined("saved.js")
    values = {
        "style": style,
        "script": script,
        "style_hash": sha256(style),
        "script_hash": sha256(script),
        "data": _DATA,
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: values[match[1]], read("saved.html"))


@cache
def joined(entry: str) -> str:
    """One script of a module and all that it imports.

    Each module becomes a function that returns what it exports, so that names in two modules may be the same.
    """
    parts = ['"use strict";']
    names: dict[str, str] = {}  # of the constant that holds a module, by its file
    _join(entry, parts, names)
    return "\n".join(parts) + "\n"


def _join(file: str, parts: list[str], names: dict[str, str]) -> None:
    names[file] = ""  # a module that imports itself, through others, is an error
    text = read(file)

    def replaced(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), match["path"] + match["file"]))
        if path not in names:
            _join(path, parts, names)
        if not names[path]:
            raise ValueError(f"{file} imports {path}, which imports it")
        what = match["all"] or "{" + match["some"].replace(" as ", ": ") + "}"
        return f"const {what} = {names[path]};"

    text = _IMPORT.sub(replaced, text)
    exported = ", ".join(match["name"] for match in _EXPORT.finditer(text))
    text = _EXPORT.sub("", text)
    rest = re.search(r"^(import|export)\b.*", text, re.M)
    if rest:
        raise ValueError(f"{file}: cannot be joined: {rest[0]}")
    names[file] = "module_" + re.sub(r"\W", "_", file.removesuffix(".js"))
    parts.append(f"const {names[file]} = (() => {{\n{text}\nreturn {{ {exported} }};\n}})();")


def sha256(text: str) -> str:
    """The hash by which a Content-Security-Policy allows a style or a script."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


_MADE = {"page.js": lambda: joined("live.js"), "saved.html": _saved}
