"""The files that commands write and read, and the check of them before a command begins."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncli.cli.printable import printable
from rnncli.errors import UsageError
from rnncli.resources import bundled

DEFAULT_MODEL = Path("models/default.npz")

# Parameters that name a file that a command writes, and the kind of the file in rnncli.writing; a REPORT is a PAGE
# or a TEXT by its name, a PLOT is a PAGE or a FIGURE, a TEXT is a PAGE with --to html, and an EXPORT is of the kind
# that --to or its name says.
OUTPUTS = {
    "train": {"out": "MODEL", "log_gradients": "LOG", "plot": "PLOT"},
    "tag": {"out": "TEXT"},
    "evaluate": {"errors": "REPORT"},
    "compare": {"differences": "TEXT"},
    "convert": {"out": "TEXT"},
    "export": {"out": "EXPORT"},
    "inspect-memory": {"html": "PAGE", "svg": "FIGURE"},
    "inspect-gradients": {"svg": "FIGURE"},
    "study tune": {"out": "SETTINGS", "svg": "FIGURE"},
    "study folds": {"svg": "FIGURE"},
    "study curve": {"svg": "FIGURE"},
    "study labels": {"out": "TEXT"},
    "study next": {"out": "TEXT"},
    "memory-task": {"out": "TEXT"},
}
# Parameters of all commands that name a file that is read, or several.
INPUTS = (
    "config",
    "data",
    "pool",
    "dev",
    "vectors",
    "lexicon",
    "unlabelled",
    "class_weight",
    "source",
    "corpus",
    "file",
    "files",
    "log",
    "model",
    "models",
    "token_file",
    "compare",
    "systems",
    "predictions",
    "init_from",
)
# What a model becomes, and the kind of that file.
EXPORTS = {"onnx": "ONNX", "safetensors": "SAFETENSORS", "npz": "MODEL"}
# Commands whose --json is the content of the file.
_OF_JSON = ("tag", "memory-task")


def check(command: str, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Refuse a file that must not be written, or that could not be, before any work.

    values  of all parameters of the command
    names   of the parameters as a user knows them: ``--input``, ``OUT``
    """
    from rnncli import writing

    outputs = [
        writing.Output(names[name], values[name], getattr(writing, _kind(kind, values[name], values)))
        for name, kind in OUTPUTS.get(command, {}).items()
        if values[name] is not None
    ]
    if command == "export" and outputs[0].kind is writing.ONNX:
        outputs.append(writing.Output(names["out"], lists_beside(values["out"]), writing.LISTS))
    if values["json_output"] and command not in _OF_JSON:
        outputs.append(writing.Output("--json", "-", None))
    elif not any(str(output.path) == "-" for output in outputs):
        outputs.append(writing.Output("stdout", "-", None))
    inputs = {names[name]: values[name] for name in INPUTS if values.get(name) is not None}
    if "model" in names and values.get("file") is None:
        inputs.setdefault(names["model"], default_model())
    writing.check(outputs, inputs, values.get("overwrite", False))


def is_page(path: str | Path) -> bool:
    """Whether a report or a plot gets a page of HTML, by its name; else it is TSV or SVG."""
    return Path(path).suffix.lower() in (".html", ".htm")


def export_name(path: str | Path, to: str | None) -> str:
    """What a model becomes: a value of ``--to``; without it the suffix of the file decides."""
    if to is None and Path(path).suffix.lower()[1:] not in EXPORTS:
        hint = f"name it by --to: {', '.join(EXPORTS)}"
        raise UsageError(f'the name "{printable(str(path))}" does not say what to write', hint=hint)
    name = to or Path(path).suffix.lower()[1:]
    if name == "onnx" and str(path) == "-":
        raise UsageError("--to onnx writes two files, so --out cannot be -", hint="name a file: --out model.onnx")
    return name


def lists_beside(path: str | Path) -> Path:
    """The file of lists beside a file of ONNX."""
    return Path(f"{path}.json")


def _kind(kind: str, path: str | Path, values: Mapping[str, Any]) -> str:
    if kind == "EXPORT":
        return EXPORTS[export_name(path, values["to"])]
    if kind == "REPORT":
        return "PAGE" if is_page(path) else "TEXT"
    if kind == "PLOT":
        return "PAGE" if is_page(path) else "FIGURE"
    return "PAGE" if kind == "TEXT" and values.get("to") == "html" else kind


def default_model() -> Path:
    """The model file to use without ``--model``."""
    return DEFAULT_MODEL if DEFAULT_MODEL.is_file() else bundled("models/default.npz")
