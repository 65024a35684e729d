"""Hostile logs of gradients, read by ``inspect-gradients --log``. ``python tests/attacks/logs.py FOLDER``."""

import json
from pathlib import Path
from typing import Any

from attack import Attacks, endless_zeros, main

ATTACKS = Attacks(code=3)
CURVE = {"name": "layer 1", "path": "all", "mean": [1.0, None, 0.01], "left": [1.0, 0.5, None]}
EPOCH = {"number": 1, "loss": 1.0, "score": 0.5, "steps": 3, "clipped": 0, "curves": [CURVE]}
GOOD = {"version": 1, "sample": {"sentences": 1, "tokens": 3}, "runs": [{"seed": 1, "epochs": [EPOCH, EPOCH]}]}


def log(epoch: Any = None, curve: Any = None, **keys: Any) -> bytes:
    """A log in which something was changed."""
    epochs = [{**EPOCH, "curves": [CURVE if curve is None else {**CURVE, **curve}], **(epoch or {})}]
    return json.dumps({**GOOD, "runs": [{"seed": 1, "epochs": epochs}], **keys}).encode()


ATTACKS.content(
    empty=b"",
    blank=b" " * 1_000_000,
    list_=b"[]",
    number=b"1",
    deep=b'{"runs": ' + b"[" * 1_000_000,
    deep_objects=b'{"a": ' * 1_000_000,
    long_number=b'{"version": ' + b"9" * 100_000 + b"}",
    nan=log().replace(b"0.01", b"NaN"),
    infinite=log().replace(b"0.01", b"Infinity"),
    too_large=log().replace(b"0.01", b"1e400"),
    nearly_too_large=log().replace(b"0.01", b"1.7e308"),
    huge_whole=log().replace(b"0.01", b"9" * 4_000),
    negative=log(curve={"mean": [-1.0, 1.0, 1.0]}),
    lengths=log(curve={"mean": [1.0]}),
    no_numbers=log(curve={"mean": [], "left": []}),
    mean_as_text=log(curve={"mean": "abc"}),
    mean_as_object=log(curve={"mean": {"0": 1.0}}),
    nested_mean=log(curve={"mean": [[1.0], 1.0, 1.0]}),
    name_as_list=log(curve={"name": ["layer 1"]}),
    curves_as_text=log(epoch={"curves": "abc"}),
    no_curves=log(epoch={"curves": []}),
    steps_below_0=log(epoch={"steps": -1}),
    steps_true=log(epoch={"steps": True}),
    clipped_fraction=log(epoch={"clipped": 0.5}),
    loss_as_text=log(epoch={"loss": "1.0"}),
    score_as_list=log(epoch={"score": [1.0]}),
    runs_as_object=log(runs={}),
    no_runs=log(runs=[]),
    empty_runs=log(runs=[{"seed": 1, "epochs": []}] * 1_000),
    seed_as_text=log(runs=[{"seed": "1", "epochs": [EPOCH]}]),
    newer=log(version=2),
    version_true=log(version=True),
    cut_off=log()[:-5],
    more=log() + b"{}",
    not_utf8=log().replace(b"layer", b"l\xffyer"),
    binary=bytes(range(256)) * 1_000,
    many_lists=b'{"version": 1, "runs": [' + b"[]," * 1_000_000 + b"[]]}",
)

ATTACKS.add(endless_zeros)


@ATTACKS.read_as(0)
def curves_of_all_lengths(path: Path) -> None:
    curves = [{**CURVE, "name": f"layer {n}", "mean": [1e-300] * n, "left": [1.0] * n} for n in range(1, 40)]
    path.write_bytes(log(epoch={"curves": curves}))


@ATTACKS.read_as(0)
def names_with_controls(path: Path) -> None:
    path.write_bytes(log(curve={"name": "\x1b[2J\0\u202e<script>", "path": "\n"}))


if __name__ == "__main__":
    main(ATTACKS)
