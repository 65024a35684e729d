"""``rnncli inspect-memory``: what the network keeps, token by token."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import show
from rnncli.cli.options import ModelOption, command, find_model
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.inspect.memory import Memory, Trace
    from rnncli.model import Model


@command("inspect-memory")
def inspect_memory(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="One text, or two to compare.", show_default=False),
    ] = None,
    model: ModelOption = None,
    json_output: bool = False,
) -> None:
    """Show what the network keeps in memory after every token.

    One text is shown as a heat map; two are shown side by side with the distance between their memories at each
    step. Without a text the model's own example pair is shown.

    Example: rnncli inspect-memory "arrive Taipei" "leave Taipei"
    """
    from rnncli.inspect.memory import distances, trace
    from rnncli.model import load

    loaded = load(find_model(model))
    chosen = texts or loaded.provenance.get("examples") or []
    if not 1 <= len(chosen) <= 2:
        raise UsageError(f"expected one text or two, got {len(chosen)}", hint="put each text in quotes")
    traces = [trace(loaded, text) for text in chosen]
    apart = distances(*traces) if len(traces) == 2 else []
    if json_output:
        result = {
            "architecture": loaded.network.arch,
            "texts": [each.as_dict() for each in traces],
            "distances": [distance.as_dict() for distance in apart],
        }
        show.data(json.dumps(result, ensure_ascii=False) + "\n")
        return
    if not traces[0].memories:
        show.note(
            f"{loaded.network.arch} keeps nothing in memory: every token is labelled by what its window shows"
        )
    if len(traces) == 1:
        _one(loaded, traces[0])
    else:
        _two(loaded, traces[0], traces[1], [distance.values.tolist() for distance in apart])


def _decisions(each: "Trace") -> list[tuple[str, str, float]]:
    return list(zip(each.tokens, each.tags, each.probabilities, strict=True))


def _one(model: "Model", only: "Trace") -> None:
    widest = [max(map(show.columns_of, column)) for column in (only.tokens, only.tags)]
    room = max(8, show.width() - sum(widest) - 14)
    for memory in only.memories:
        heat = _heat(model, [memory], room)[0]
        rows = [(*decision, row) for decision, row in zip(_decisions(only), heat, strict=True)]
        show.heat_map(_title(model, [memory], room), ("token", "tag", "p", ""), rows)
        show.blank()
    if not only.memories:
        show.heat_map("", ("token", "tag", "p"), _decisions(only))


def _two(model: "Model", a: "Trace", b: "Trace", apart: list[list[float]]) -> None:
    steps = max(len(a.tokens), len(b.tokens))

    def padded(rows: list, empty: tuple) -> list:  # type: ignore[type-arg]
        return rows + [empty] * (steps - len(rows))

    decisions = zip(padded(_decisions(a), ("", "", "")), padded(_decisions(b), ("", "", "")), strict=True)
    show.heat_map(
        "Tags and their probabilities", ("a", "tag", "p", "b", "tag", "p"), [(*x, *y) for x, y in decisions]
    )
    show.blank()
    widest = [max(map(show.columns_of, each.tokens)) for each in (a, b)]
    room = max(8, (show.width() - sum(widest) - 18) // 2)
    for one, two, distance in zip(a.memories, b.memories, apart, strict=True):
        left, right = _heat(model, [one, two], room)
        rows = zip(
            padded(list(zip(a.tokens, left, strict=True)), ("", "")),
            padded(list(zip(b.tokens, right, strict=True)), ("", "")),
            padded([(value,) for value in distance], ("",)),
            strict=True,
        )
        show.heat_map(
            _title(model, [one, two], room), ("a", "", "b", "", "distance"), [(*x, *y, *z) for x, y, z in rows]
        )
        show.blank()


def _title(model: "Model", memories: "list[Memory]", room: int) -> str:
    units = memories[0].values.shape[1]
    chosen = f"the {room} of {units} units that vary most" if units > room else f"{units} units"
    low, high = _scale(model, memories)
    return f"Memory: {memories[0].name}, {chosen} (▁ {low:g} … █ {high:g})"


def _scale(model: "Model", memories: "list[Memory]") -> tuple[float, float]:
    """The least and the greatest value of a heat map: those of φ or of a probability where they are bounded."""
    activation = model.network.activation if model.network.cell == "simple" else "tanh"
    if memories[0].name == "output" or activation == "sigmoid":
        return 0.0, 1.0
    if activation == "tanh":
        return -1.0, 1.0
    high = float(max(abs(memory.values).max() for memory in memories)) or 1.0
    return (0.0 if activation == "relu" else -high), high


def _heat(model: "Model", memories: "list[Memory]", room: int) -> list[list]:  # type: ignore[type-arg]
    """Rows of cells for the same units of each memory, on one scale: those that vary most, in their order."""
    import numpy as np

    together = np.concatenate([memory.values for memory in memories])
    units = np.sort(np.argsort(-together.std(axis=0), kind="stable")[:room])
    low, high = _scale(model, memories)
    return [[show.cells(row, low, high) for row in memory.values[:, units].tolist()] for memory in memories]
