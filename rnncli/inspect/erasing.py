"""A sentence without one of its tokens: what a model says when it reads the unknown word there."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncli import labelling
from rnncli.errors import UsageError
from rnncli.inspect.attribution import Attribution
from rnncli.inspect.memory import memories
from rnncli.model import Model


def erased(
    model: Model, tokens: Sequence[str], token: int, columns: Sequence[tuple[str, ...]] | None = None
) -> dict[str, Any]:
    """Erase one token and label the sentence again, for JSON; see docs/inspect.md.

    token    its number, from 0
    columns  of each token, for a model that reads them

    The falls of score and probability are those that :func:`.connectivity` calls ablation and probability, of this
    token, for every target. Raises UsageError if there is no such token.
    """
    if not 0 <= token < len(tokens):
        raise UsageError(f"there is no token {token} in a text of {len(tokens)}", hint="the first is token 0")
    attribution = Attribution(model, model.encode([tokens], None if columns is None else [columns]))
    trace = attribution.without(token, token + 1)
    numbers, probabilities = (values[:, 0] for values in labelling.decide(model, trace))
    rows = np.arange(len(tokens))
    tags = [model.tags[number] for number in numbers]
    given = attribution.tags
    spec = model.network_spec
    before = memories(spec, attribution.trace.h, attribution.trace.y)
    after = memories(spec, [h[:, 0] for h in trace.h], trace.y[:, 0])
    apart = [(a.name, np.linalg.norm(a.values - b.values, axis=1)) for a, b in zip(before, after, strict=True)]
    return {
        "token": token,
        "tokens": [
            {"tag": tag, "probability": float(probabilities[t, number]), "changed": bool(number != given[t])}
            for t, (tag, number) in enumerate(zip(tags, numbers, strict=True))
        ],
        "spans": [span._asdict() for span in model.scheme.spans(tags)],
        "score_falls": (attribution.trace.o[rows, given] - trace.o[:, 0][rows, given]).tolist(),
        "probability_falls": (attribution.y[rows, given] - probabilities[rows, given]).tolist(),
        "distances": [{"name": name, "values": values.tolist()} for name, values in apart],
    }
