"""The options of the specs as keyword arguments of Python functions, for editors, type checkers and ``help()``.

Their types stand here once more, because no type checker reads them from a dataclass; a test compares them. Their
defaults, their checks and their help are those of :mod:`rnncli.config`.
"""

import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Callable
from typing import Any, Literal, TypedDict, TypeVar

from rnncli.config import (
    Activation,
    Arch,
    CellName,
    Decoder,
    Digits,
    Feedback,
    FormatName,
    Neighbours,
    Optimiser,
    Pretrained,
    RecurrentInit,
    Refit,
    SchemeName,
    Transitions,
)
from rnncli.spec import Spec

F = TypeVar("F", bound=Callable[..., Any])
_WIDTH = 100  # of a line of a docstring


class FileOptions(TypedDict, total=False):
    """How files of tokens and tags are read: :class:`.ReadOptions`."""

    format: FormatName
    columns: str
    tag_names: str
    encoding: str


class TrainOptions(TypedDict, total=False):
    """A network and its training: :class:`.NetworkSpec` and :class:`.TrainingSpec`."""

    arch: Arch
    cell: CellName
    layers: int
    hidden: int
    activation: Activation
    features: str
    window: int
    neighbours: Neighbours
    embedding: int
    ngram: int
    column: int
    digits: Digits
    decoder: Decoder
    transitions: Transitions
    epochs: int
    patience: int
    batch: int
    optimiser: Optimiser
    learning_rate: float
    warmup: float
    dropout: float
    exchange: float
    feedback: Feedback
    class_weight: str
    pretrained: Pretrained
    unknown: float
    clip: float
    omega: float
    recurrent_init: RecurrentInit
    dev_share: float
    refit: Refit
    seed: int
    scheme: SchemeName
    tokenizer: str


class FileAndTrainOptions(FileOptions, TrainOptions, total=False):
    """Both."""


def taking(*specs: type[Spec]) -> Callable[[F], F]:
    """Show the options of specs, which a function takes as ``**options``, in its signature and its docstring."""

    def shown(function: F) -> F:
        signature = inspect.signature(function)
        parameters = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        lines = []
        for spec in specs:
            hints = typing.get_type_hints(spec)
            for item in dataclasses.fields(spec):
                kind = inspect.Parameter.KEYWORD_ONLY
                parameters.append(inspect.Parameter(item.name, kind, default=item.default))
                lines.append(_described(item, hints[item.name]))
        function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        text = inspect.cleandoc(function.__doc__ or "")
        function.__doc__ = "\n".join([text, "", "Options:", "", *lines]) if lines else text
        return function

    return shown


def _described(item: dataclasses.Field[Any], kind: Any) -> str:
    """Lines of a docstring about an option."""
    names = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    words = item.metadata["help"]
    if names:
        words += f" One of {', '.join(names)}."
    text = f"{item.name:<15} {words} Default: {item.default!r}."
    return textwrap.fill(text, _WIDTH, subsequent_indent=" " * 16, break_long_words=False, break_on_hyphens=False)
