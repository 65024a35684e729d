"""Wrong command lines: one style of message for all, with what was probably meant."""

import os
import re
import shlex
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

from rnncli.cli.registry import COMMANDS, GROUPS, PREFIX, is_shared, variable
from rnncli.errors import UsageError
from rnncli.spec import suggestion

TEST_DATA = PREFIX + "TEST_DATA"  # names a folder for the tests of this program
# Options that have another name now, by command.
RENAMED = {
    "train": {"input": "features", "output": "decoder", "decoding": "transitions"},
    "tag": {"input-format": "format", "output": "to"},
    "memory-task": {"output": "out"},
}
# What the options that users of other tools type are called here. Of several names the first that a command has.
ELSEWHERE = {
    "lr": ("learning-rate",),
    "alpha": ("learning-rate",),
    "epoch": ("epochs",),
    "num-epochs": ("epochs",),
    "n-epochs": ("epochs",),
    "max-epochs": ("epochs",),
    "iterations": ("epochs",),
    "hidden-size": ("hidden",),
    "hidden-dim": ("hidden",),
    "hidden-units": ("hidden",),
    "units": ("hidden",),
    "num-layers": ("layers",),
    "n-layers": ("layers",),
    "batch-size": ("batch",),
    "mini-batch": ("batch",),
    "minibatch": ("batch",),
    "optimizer": ("optimiser",),
    "embedding-dim": ("embedding",),
    "embedding-size": ("embedding",),
    "emb-dim": ("embedding",),
    "embeddings": ("vectors",),
    "pretrained-vectors": ("vectors",),
    "word-vectors": ("vectors",),
    "glove": ("vectors",),
    "gazetteer": ("lexicon",),
    "dictionary": ("lexicon",),
    "early-stopping": ("patience",),
    "gradient-clipping": ("clip",),
    "clip-norm": ("clip",),
    "max-grad-norm": ("clip",),
    "random-seed": ("seed",),
    "context": ("window",),
    "label": ("columns",),
    "token-column": ("columns",),
    "tag-column": ("columns",),
    "label-column": ("columns",),
    "text-column": ("text-field", "columns"),
    "from": ("format",),
    "output-scheme": ("scheme",),
    "to-scheme": ("scheme",),
    "labels": ("tag-names",),
    "label-names": ("tag-names",),
    "crf": ("decoder",),
    "inputs": ("input", "features"),
    "file": ("input",),
    "input-file": ("input",),
    "output": ("out",),
    "output-dir": ("out-dir", "out"),
    "output-folder": ("out-dir", "out"),
    "output-file": ("out",),
    "outfile": ("out",),
    "save": ("out",),
    "force": ("overwrite",),
    "distil": ("unlabelled",),
    "distill": ("unlabelled",),
    "replace": ("overwrite",),
    "clobber": ("overwrite",),
    "model-out": ("out",),
    "model": ("out",),
    "model-file": ("model", "out"),
    "model-path": ("model", "out"),
    "checkpoint": ("model", "out"),
    "load": ("model",),
    "hash": ("sha256",),
    "checksum": ("sha256",),
    "output-format": ("to",),
    "input-format": ("format",),
    "n-best": ("nbest",),
    "k-best": ("nbest",),
    "jobs": ("threads",),
    "n-jobs": ("threads",),
    "num-threads": ("threads",),
    "workers": ("threads",),
    "num-workers": ("threads",),
    "thread": ("threads",),
    "dev": ("data",),
    "test": ("data",),
    "dev-file": ("dev", "data"),
    "valid": ("dev",),
    "validation": ("dev",),
    "heldout": ("dev",),
    "silent": ("quiet",),
    "config-file": ("config",),
    "architecture": ("arch",),
    "rnn-type": ("cell", "arch"),
    "cell-type": ("cell",),
}
COMMANDS_ELSEWHERE = {
    "predict": "tag", "label": "tag", "annotate": "tag", "apply": "tag", "infer": "tag", "decode": "tag",
    "test": "evaluate", "eval": "evaluate", "score": "evaluate", "accuracy": "evaluate",
    "validate": "check", "lint": "check", "stats": "check", "describe": "check",
    "show": "info", "card": "info", "metadata": "info", "model-card": "info",
    "diagnose": "doctor", "self-test": "doctor", "selftest": "doctor", "env": "doctor",
    "transform": "convert", "import": "convert",
    "onnx": "export", "safetensors": "export", "quantize": "export",
    "fit": "train", "learn": "train", "run": "train", "help": "--help", "version": "--version",
    "inspect": "inspect-memory", "memory": "inspect-memory", "gradients": "inspect-gradients",
}  # fmt: skip
# Values of an option that belong to another option.
VALUES_ELSEWHERE = {
    ("arch", "lstm"): "--cell lstm",
    ("arch", "gru"): "--cell gru",
    ("arch", "bilstm"): "--arch bidirectional --cell lstm",
    ("arch", "bi-lstm"): "--arch bidirectional --cell lstm",
    ("arch", "bigru"): "--arch bidirectional --cell gru",
    ("arch", "blstm"): "--arch bidirectional --cell lstm",
    ("arch", "rnn"): "--arch elman",
    ("arch", "birnn"): "--arch bidirectional --cell simple",
    ("arch", "lstm-crf"): "--cell lstm --decoder crf",
    ("arch", "bilstm-crf"): "--arch bidirectional --cell lstm --decoder crf",
    ("arch", "crf"): "--decoder crf",
    ("arch", "mlp"): "--arch fnn",
    ("cell", "bilstm"): "--arch bidirectional --cell lstm",
    ("cell", "bigru"): "--arch bidirectional --cell gru",
    ("cell", "elman"): "--arch elman",
    ("cell", "jordan"): "--arch jordan",
    ("cell", "rnn"): "--cell simple",
    ("cell", "bidirectional"): "--arch bidirectional",
    ("to", "json"): "--to jsonl",
    ("to", "text"): "--to line",
}


# Commands whose files are arguments, and what is typed for options that would name them.
_OF_FILES = ("input", "input-file", "file", "files", "data", "train", "dev", "test", "corpus")
ARGUMENTS = {
    "train": (_OF_FILES, "rnncli train train.tsv"),
    "evaluate": (_OF_FILES, "rnncli evaluate test.tsv"),
    "check": (_OF_FILES, "rnncli check train.tsv dev.tsv"),
    "convert": ((*_OF_FILES, "out", "output", "output-file", "outfile"), "rnncli convert IN OUT"),
}


def option_hint(option: str, command: str) -> str:
    """What was meant by an option, without dashes, that a command does not have; "" if nobody knows."""
    flags = COMMANDS[command].flags if command in COMMANDS else frozenset({"help", "version"})
    option = option.lower().replace("_", "-")
    renamed = RENAMED.get(command, {}).get(option)
    if renamed:
        return f"it is now --{renamed}"
    named, example = ARGUMENTS.get(command, ((), ""))
    if option in named and option not in flags:
        return f"files are named without an option: {example}"
    for name in (*ELSEWHERE.get(option, ()), *get_close_matches(option, flags, n=1)):
        if name in flags:
            return f"did you mean --{name}?"
    for other, registered in COMMANDS.items():
        if option in registered.flags:
            return f"--{option} is an option of rnncli {other}"
    return ""


def command_hint(word: str, group: str = "") -> str:
    """What was meant by a word in the place of a command, or of one of a group."""
    if group in GROUPS:
        names = [name for name in COMMANDS if name.startswith(f"{group} ")]
        close = get_close_matches(f"{group} {word}", names, n=1)
        return f"did you mean rnncli {close[0]}?" if close else f"known: {', '.join(names)}"
    name = COMMANDS_ELSEWHERE.get(word.lower())
    if not name:
        name = next(iter(get_close_matches(word.lower(), COMMANDS, n=1)), None)
    if name:
        return f"did you mean rnncli {name}?"
    if Path(word).is_file():
        return f"did you mean rnncli train {shlex.quote(word)}?"
    if " " in word:
        return f"did you mean rnncli tag {shlex.quote(word)}?"
    return f"known: {', '.join(COMMANDS)}"


def check_variables(command: str, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Refuse variables with an old name of an option of a command; return notes on those that nobody reads."""
    current = {variable(flag) for registered in COMMANDS.values() for flag in (*registered.flags, "config")}
    renamed = {
        _old_variable(other, old): (other, new)
        for other, options in RENAMED.items()
        for old, new in options.items()
    }
    renamed[variable("tag-input")] = ("tag", "input")  # the command is no longer a part of it
    for name, (other, new) in renamed.items():
        if other == command and name in environment:
            hint = f"it is now {variable(new) if is_shared(new, command) else f'--{new}'}"
            raise UsageError(f"{name} has a new name", hint=hint)
    notes = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in current and name not in renamed and name != TEST_DATA:
            nearest = get_close_matches(name, current, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            notes.append(f"note: {name} sets no option{hint}")
    return notes


def _old_variable(command: str, option: str) -> str:
    """The variable of an option with an old name. It has the command's name in it if others had such an option."""
    return variable(f"{command}-{option}" if option in ("input", "output") else option)


def explained(error: typer.TyperException, command: str) -> UsageError:
    """The same error in the style of this program, with a hint; ``command`` is "" if there is none yet."""
    help_hint = f"rnncli {command} --help shows the options" if command else "rnncli --help shows the commands"
    parameter = getattr(error, "param", None)
    option = getattr(error, "option_name", "")
    if parameter is not None and error.__cause__ is not None:
        return _wrong_value(parameter, error)
    if parameter is not None:  # it is missing
        name = parameter.metavar or str(parameter.name).upper()
        return UsageError(f"{name} is missing", hint=f"it is {_lowered(parameter.help or '')}")
    if type(error).__name__ == "NoSuchOption":
        name = option.lstrip("-")
        hint = option_hint(name, command) if option.startswith("--") else ""
        return UsageError(f"no such option: {option}", hint=hint or help_hint)
    if option:
        takes_none = "does not take" in error.message
        return UsageError(f"{option} takes no value" if takes_none else f"{option} needs a value", hint=help_hint)
    if word := re.match(r"No such command '(.*?)'\.", error.message, re.DOTALL):
        return UsageError(f'no such command: "{word[1]}"', hint=command_hint(word[1], command))
    if extra := re.match(r"Got unexpected extra argument\(s\) \((.*)\)", error.message, re.DOTALL):
        hint = _EXTRA_HINTS.get(command, help_hint)
        return UsageError(f"one argument too many: {extra[1]}", hint=hint)
    return UsageError(_lowered(error.message), hint=help_hint)


_EXTRA_HINTS = {
    "train": "development data are given by --dev FILE",
    "inspect-gradients": 'put the text in quotes: rnncli inspect-gradients "leave Taipei"',
}


def _lowered(message: str) -> str:
    message = message.rstrip(".")
    return message[:1].lower() + message[1:]


def _wrong_value(parameter: Any, error: Any) -> UsageError:
    """The error of a value that an option cannot have."""
    name = next((flag for flag in parameter.opts if flag.startswith("--")), parameter.metavar)
    source = error.ctx.get_parameter_source(parameter.name).name
    if source == "ENVIRONMENT":
        name = f"{parameter.envvar} ({name})"
    elif source == "DEFAULT_MAP":
        name = f"{name} in the configuration"
    cause: Any = error.__cause__
    fault = cause.errors()[0] if hasattr(cause, "errors") else {"type": "", "input": "", "msg": error.message}
    value = fault["input"]
    quoted = f'"{value}"' if isinstance(value, str) else repr(value)
    kind = fault["type"]
    if kind in ("greater_than_equal", "less_than_equal"):
        least, most = parameter.min, parameter.max
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        return UsageError(f"{name}: {value} is out of range", hint=f"give a number {bounds}")
    if kind.startswith("int"):
        hint = "did you mean --columns?" if name == "--column" else ""
        return UsageError(f"{name}: {quoted} is not a whole number", hint=hint)
    if kind.startswith("float"):
        return UsageError(f"{name}: {quoted} is not a number")
    if kind.startswith("bool"):
        return UsageError(f"{name}: {quoted} is neither true nor false")
    if kind == "path_type":
        return UsageError(f"{name}: {quoted} is not the name of a file")
    text = fault["msg"].removeprefix("Value error, ")
    if " is not one of " in text:
        choices = re.findall(r"'([^']*)'", text.rpartition(" is not one of ")[2])
        meant = VALUES_ELSEWHERE.get((str(parameter.name), str(value).lower()))
        hint = f"did you mean {meant}?" if meant else suggestion(str(value), choices)
        return UsageError(f"{name}: {quoted} is not one of its values", hint=hint)
    return UsageError(f"{name}: {_lowered(text)}")
