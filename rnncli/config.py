"""The specs of a model: the only home of defaults, help texts and their validation.

Every field is at once an option of ``rnncli train``, a key of ``--config FILE.toml``, an environment variable
(``RNNCLI_…``) and an entry of the model file's header. Standard library alone, so that ``--help`` is quick.
"""

import dataclasses
import difflib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self, TypeVar

from rnncli.errors import UsageError


class Architecture(NamedTuple):
    """What a network keeps in memory and which way it reads."""

    keeps_hidden: bool  # h(t−1) through W
    keeps_output: bool  # ŷ(t−1) through Wy
    directions: int
    memory: str  # for help, README and docs

    @property
    def keeps_only_output(self) -> bool:
        """The Jordan network, whose memory lies in the probabilities of the tags alone."""
        return self.keeps_output and not self.keeps_hidden


ARCHITECTURES = {
    "fnn": Architecture(False, False, 1, "nothing: a token is labelled by itself alone"),
    "elman": Architecture(True, False, 1, "the hidden layer h(t−1)"),
    "jordan": Architecture(False, True, 1, "the output ŷ(t−1)"),
    "hybrid": Architecture(True, True, 1, "both h(t−1) and ŷ(t−1)"),
    "bidirectional": Architecture(True, False, 2, "one hidden layer read forward, one read backward"),
}

T = TypeVar("T")


def option(default: T, text: str, low: float | None = None, high: float | None = None) -> T:
    """Declare a field with its help text and, for numbers, the inclusive range it must lie in."""
    metadata = {"help": text, "low": low, "high": high}
    return field(default=default, metadata=metadata)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return "did you mean …?" for a mistyped name, or the list of known names."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"known: {', '.join(known)}"


@dataclass(frozen=True)
class _Spec:
    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for item in dataclasses.fields(self):
            _check(item, hints[item.name], getattr(self, item.name))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """Build a spec from a mapping; an unknown key is a :class:`UsageError` with a suggestion."""
        names = [item.name for item in dataclasses.fields(cls)]
        for key in values:
            if key not in names:
                raise UsageError(f'unknown setting "{key}"', where=where, hint=suggestion(key, names))
        return cls(**values)


def _check(item: dataclasses.Field[Any], kind: Any, value: Any) -> None:
    flag = "--" + item.name.replace("_", "-")
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    if choices:
        if value not in choices:
            raise UsageError(f'{flag}: "{value}" is not one of its values', hint=suggestion(str(value), choices))
        return
    if not isinstance(value, (int, float) if kind is float else kind) or isinstance(value, bool):
        raise UsageError(f"{flag}: expected {kind.__name__}, got {value!r}")
    low, high = item.metadata["low"], item.metadata["high"]
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        bounds = f"at least {low}" if high is None else f"from {low} to {high}"
        raise UsageError(f"{flag}: {value} is out of range", hint=f"give a number {bounds}")


Arch = Literal["fnn", "elman", "jordan", "hybrid", "bidirectional"]
Activation = Literal["tanh", "relu", "sigmoid", "identity"]
Input = Literal["embedding", "onehot"]
Tokenizer = Literal["auto", "whitespace", "words", "characters"]
Optimiser = Literal["adam", "sgd"]


@dataclass(frozen=True)
class NetworkSpec(_Spec):
    """What a network looks like, apart from the sizes that the data gives (words, tags)."""

    arch: Arch = option("bidirectional", "What is kept in memory, and which way it reads.")
    layers: int = option(1, "Hidden layers; layer l reads layer l−1.", 1, 64)
    hidden: int = option(128, "Hidden units of each layer and direction.", 1, 65536)
    activation: Activation = option("tanh", "φ of the hidden units.")
    input: Input = option("embedding", "What a token looks like: a learned vector, or one-hot.")
    embedding: int = option(96, "Size of the learned vectors.", 1, 65536)

    @property
    def architecture(self) -> Architecture:
        """The row of :data:`ARCHITECTURES` for this spec."""
        return ARCHITECTURES[self.arch]


@dataclass(frozen=True)
class TrainingSpec(_Spec):
    """How a network is trained."""

    epochs: int = option(40, "Passes over the training data, at most.", 1, 1_000_000)
    patience: int = option(20, "Stop after this many epochs without a better dev score.", 1, 1_000_000)
    batch: int = option(32, "Sentences in a batch.", 1, 1_000_000)
    optimiser: Optimiser = option("adam", "How gradients become steps.")
    learning_rate: float = option(
        0.0, "Largest step size; 0 is the optimiser's own: adam 0.002 (jordan 0.01), sgd 0.5.", 0
    )
    warmup: float = option(0.05, "Share of the steps in which the learning rate rises; then it falls.", 0, 1)
    dropout: float = option(0.4, "Share of inputs and hidden units dropped in training.", 0, 0.95)
    unknown: float = option(0.3, "How often a word seen once is trained as the unknown word.", 0, 1)
    clip: float = option(1.0, "Largest global norm of a gradient; 0 is no limit.", 0)
    dev_share: float = option(0.1, "Share of training sentences kept for development if none are given.", 0, 0.9)
    seed: int = option(1, "Of every random number.", 0, 2**63 - 1)
    tokenizer: Tokenizer = option("auto", "How raw text is cut into tokens; auto asks the training data.")
