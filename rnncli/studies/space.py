"""What tuning tries of each option, the settings of a trial, and the file of settings that comes of it."""

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from rnncli.config import RANGES, NetworkSpec, Range
from rnncli.errors import UsageError
from rnncli.model import Model
from rnncli.studies.trial import Setting

MARK = "# settings of rnncli study tune"  # the first line of the file


class Space(NamedTuple):
    """The options that are tuned, and what is tried of each.

    ranges    by option; those that were given, or that do not fit what was given, are not among them
    defaults  of these options, as training resolves them for the data
    """

    ranges: Mapping[str, Range | tuple[str, ...]]
    defaults: Mapping[str, Any]

    @classmethod
    def of(cls, setting: Setting, model: Model, given: Collection[str]) -> "Space":
        """Choose the options.

        model  an untrained one with the defaults
        given  names of the options that have a value of the user's
        """
        resolved = {**dataclasses.asdict(model.network_spec), **dataclasses.asdict(model.training_spec)}
        ranges: dict[str, Range | tuple[str, ...]] = {}
        for name, tried in RANGES.items():
            default = resolved[name]
            if name in given or not _matters(name, model):
                continue
            if isinstance(tried, Range):
                tried = tried._replace(low=min(tried.low, default), high=max(tried.high, default))
                if tried.step and (default - tried.low) % tried.step:
                    tried = tried._replace(step=1)
                ends: Sequence[Any] = [type(default)(tried.low), type(default)(tried.high)]
            else:
                ends = tried = tuple(dict.fromkeys([*tried, default]))
            if all(_is_valid(setting, name, value) for value in ends):
                ranges[name] = tried
        return cls(ranges, {name: _rounded(resolved[name]) for name in ranges})

    def draw(self, trial: Any) -> dict[str, Any]:
        """The values of a trial, rounded to what is written for people."""
        values = {}
        for name, tried in self.ranges.items():
            if not isinstance(tried, Range):
                values[name] = trial.suggest_categorical(name, list(tried))
            elif isinstance(self.defaults[name], int):
                step = int(tried.step) or 1
                low, high = int(tried.low), int(tried.high)
                values[name] = trial.suggest_int(name, low, high, step=step, log=tried.is_logarithmic)
            else:
                value = trial.suggest_float(name, tried.low, tried.high, log=tried.is_logarithmic)
                values[name] = _rounded(value)
        return values


def _rounded(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _matters(name: str, model: Model) -> bool:
    """Whether an option changes anything for these data and this network."""
    if name == "exchange":
        return model.scheme.has_spans and "context" not in model.network_spec.inputs
    if name == "ngram":
        return bool({"ngram", "context"} & set(model.network_spec.inputs))
    if name == "embedding":
        return "embedding" in model.network_spec.inputs
    return True


def _is_valid(setting: Setting, name: str, value: Any) -> bool:
    try:
        with_values(setting, {name: value})
    except UsageError:
        return False
    return True


def with_values(setting: Setting, values: Mapping[str, Any]) -> Setting:
    """The same setting with some options changed; their specs check them."""
    fields = {item.name for item in dataclasses.fields(NetworkSpec)}
    network = dataclasses.replace(setting.network, **{k: v for k, v in values.items() if k in fields})
    training = dataclasses.replace(setting.training, **{k: v for k, v in values.items() if k not in fields})
    return setting._replace(network=network, training=training)


def toml(setting: Setting, values: Mapping[str, Any], comment: Sequence[str]) -> str:
    """A file for ``rnncli train --config``: options that differ from the defaults, and those that were tuned."""
    chosen = with_values(setting, values)
    lines = [MARK, *(f"# {line}" for line in comment), "", "[train]"]
    for spec in (chosen.network, chosen.training, chosen.reading):
        for item in dataclasses.fields(spec):
            value = getattr(spec, item.name)
            if item.name in values or value != item.default:
                lines.append(f"{item.name.replace('_', '-')} = {_toml(value)}")
    for role in ("vectors", "lexicon"):
        if role in setting.files:
            lines.append(f"{role} = {_toml(str(setting.files[role]))}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A number or a text as TOML has them."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
    return repr(value)
