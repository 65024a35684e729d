"""A document as ``inspect-memory`` makes it, by hand, so that what is drawn from it is known."""

from collections.abc import Callable
from typing import Any

import pytest


def _text(tokens: list[str], spans: list[tuple[str, int, int]], factor: float) -> dict[str, Any]:
    """Tag t rests on token u by factor · (u + 1) / (t + 1), on later ones by as much less; the memory is t / T."""
    count = len(tokens)
    tags = ["O"] * count
    for kind, start, end in spans:
        tags[start:end] = [f"{'I' if n else 'B'}-{kind}" for n in range(end - start)]
    rests = [[factor * (u + 1) / (t + 1) * (1 if u <= t else -1) for u in range(count)] for t in range(count)]
    return {
        "text": " ".join(tokens),
        "tokens": [
            {"text": token, "tag": tag, "probability": 0.75} for token, tag in zip(tokens, tags, strict=True)
        ],
        "spans": [{"type": kind, "start": start, "end": end} for kind, start, end in spans],
        "memories": [
            {
                "name": "layer 1",
                "values": [[t / count, -t / count, 0.5] for t in range(count)],
                "scale": [-1.0, 1.0],
                "units": {
                    "order": [1, 0, 2],
                    "separation": [0.5, 0.75, 0.0],
                    "saturated": [1],
                    "dead": [2],
                    "apart": [["time", "O"], None, ["departure", "O"]],
                    "tags": None,
                },
            }
        ],
        "connectivity": {
            "targets": list(range(count)),
            "tags": tags,
            "gradient": [[abs(value) for value in row] for row in rests],
            "contribution": [[2 * value for value in row] for row in rests],
            "gap": [0.004] * count,
            "ablation": rests,
            "probability": [[value / 10 for value in row] for row in rests],
            "changed": [[u == 0 for u in range(count)] for _ in range(count)],
            "agreement": {"gradient": 0.5, "contribution": None},
        },
    }


Making = Callable[..., dict[str, Any]]


@pytest.fixture
def made() -> Making:
    """Make a document of texts: ``made(["leave", "Taipei"], spans=[("departure", 1, 2)])``."""

    def document(
        *texts: list[str], spans: list[tuple[str, int, int]] | None = None, compare: bool = False
    ) -> dict[str, Any]:
        def of_model(file: str, factor: float) -> dict[str, Any]:
            keys = {"cell": "simple", "layers": 1, "hidden": 3, "window": 0, "output": "crf", "input": "onehot"}
            return {
                "model": {"arch": "elman", **keys, "file": file},
                "texts": [_text(tokens, spans or [], factor) for tokens in texts],
                "distances": [],
                "alignment": [],
                "parts_at": None,
            }

        found = {"version": 2, "architecture": "elman", **of_model("one.npz", 1.0)}
        if len(texts) == 2:
            pairs = list(range(min(map(len, texts))))
            found["alignment"] = [[n, n] for n in pairs]
            found["distances"] = [{"name": "layer 1", "values": [float(n) for n in pairs]}]
            found["parts_at"] = {
                "tokens": 0, "decision": None, "memories": [{"name": "layer 1", "first": 1, "far": 1}]
            }  # fmt: skip
        return found | ({"compare": of_model("two.npz", 3.0)} if compare else {})

    return document
