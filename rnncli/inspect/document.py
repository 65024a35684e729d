"""Everything that ``rnncli inspect-memory`` shows, as one document of plain values; docs/inspect.md tells its keys.

The terminal, the page and the figures are drawn from it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rnncli import labelling
from rnncli.data.tokenize import tokenize
from rnncli.data.tsv import Sentence
from rnncli.errors import DataError, UsageError
from rnncli.inspect.connectivity import connectivity
from rnncli.inspect.context import context_needed, decay
from rnncli.inspect.contrast import align, distances, parting
from rnncli.inspect.memory import Trace, memories, scales, trace, units
from rnncli.inspect.progress import Progress, part, silent
from rnncli.inspect.survey import survey
from rnncli.model import Model

VERSION = 2
Document = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked about a model.

    sentences  of a corpus; none: nothing is told about the model as a whole
    unit       the unit whose contexts in the corpus are wanted, from 0
    memory     the memory that it belongs to; "" where there is one alone
    """

    texts: Sequence[str]
    sentences: Sequence[Sentence] = field(default=())
    unit: int | None = None
    memory: str = ""


def document(model: Model, asked: Question, other: Model | None = None, progress: Progress = silent) -> Document:
    """Answer about a model, and about another one at the same texts where it is given."""
    models = 1 if other is None else 2
    found = {"version": VERSION, **_answer(model, asked, part(progress, 0, models))}
    if other is not None:
        beside = _answer(other, Question(asked.texts, asked.sentences), part(progress, 1, models))
        if [_texts_of(each) for each in beside["texts"]] != [_texts_of(each) for each in found["texts"]]:
            raise UsageError(
                "the two models cut the text into different tokens", hint="compare models of one --tokenizer"
            )
        found["compare"] = beside
    return found


def _texts_of(text: Document) -> list[str]:
    return [token["text"] for token in text["tokens"]]


def described(model: Model) -> Document:
    """What kind of network a model is."""
    network = model.network_spec
    keys = ("arch", "cell", "layers", "hidden", "window", "output", "input")
    return {key: getattr(network, key) for key in keys}


def _answer(model: Model, asked: Question, progress: Progress) -> Document:
    traces = [trace(model, text, _columns(model, text, asked.sentences)) for text in asked.texts]
    corpus, of_units = None, None
    parts = len(traces) + bool(asked.sentences)
    if asked.sentences:
        corpus, of_units = _corpus(model, asked, part(progress, 0, parts))
    texts = []
    if traces:
        limits = scales(model.network_spec, traces)
        if of_units is None:
            of_units = [each.as_dict() for each in units(model.network_spec, traces)]
        for number, each in enumerate(traces, parts - len(traces)):
            shown = each.as_dict()
            for memory, scale, findings in zip(shown["memories"], limits, of_units, strict=True):
                memory |= {"scale": list(scale), "units": findings}
            columns = each.columns if model.inputs.columns else None
            found = connectivity(model, each.tokens, columns, progress=part(progress, number, parts))
            texts.append({**shown, "connectivity": found.as_dict()})
    answer: Document = {"architecture": model.network_spec.arch, "model": described(model), "texts": texts}
    answer |= _contrast(traces)
    if corpus is not None:
        answer["corpus"] = corpus
    return answer


def _contrast(traces: Sequence[Trace]) -> Document:
    if len(traces) != 2:
        return {"distances": [], "alignment": [], "parts_at": None}
    a, b = traces
    alignment = align(a.tokens, b.tokens)
    apart = distances(a, b, alignment)
    return {
        "distances": [each.as_dict() for each in apart],
        "alignment": [list(pair) for pair in alignment],
        "parts_at": parting(a, b, alignment, apart).as_dict(),
    }


def _columns(model: Model, text: str, sentences: Sequence[Sentence]) -> Sequence[tuple[str, ...]] | None:
    """What stands beside the tokens of a text: of the sentence of the corpus that it is."""
    if not model.inputs.columns or not sentences:
        return None
    tokens = [token.text for token in tokenize(text, model.tokenizer)]
    for sentence in sentences:
        if sentence.tokens == tokens:
            return sentence.columns
    hint = "give a text that is a sentence of the corpus, or no text"
    raise DataError("this model reads columns beside each token, and the corpus has no such sentence", hint=hint)


def _corpus(model: Model, asked: Question, progress: Progress) -> tuple[Document, list[Document]]:
    """What is told of a model as a whole, and the findings on the units of each memory."""
    wanted = None if asked.unit is None else _wanted(model, asked.memory, asked.unit)
    progress(0, "units")
    seen, sentences = survey(model, asked.sentences, wanted), list(asked.sentences)
    findings = [{"name": name, **each.as_dict()} for name, each in seen.units.items()]
    corpus = {
        "sentences": len(asked.sentences),
        "tokens": sum(len(each.tokens) for each in asked.sentences),
        "units": findings,
        "decay": decay(model, sentences, progress=part(progress, 0, 2)).as_dict(),
        "needed": context_needed(model, sentences, progress=part(progress, 1, 2)).as_dict(),
    }
    if seen.driven is not None:
        corpus["unit"] = seen.driven.as_dict()
    return corpus, [{key: value for key, value in each.items() if key != "name"} for each in findings]


def _wanted(model: Model, memory: str, unit: int) -> tuple[str, int]:
    """Check which unit is meant."""
    sizes = _sizes(model)
    if not sizes:
        raise UsageError(f"{model.network_spec.arch} keeps nothing in memory, so it has no such unit")
    if not memory and len(sizes) > 1:
        raise UsageError("this model has more than one memory", hint=f"name one: --memory {_quoted(sizes)}")
    name = memory or next(iter(sizes))
    if name not in sizes:
        raise UsageError(f'no memory is called "{name}"', hint=f"this model has {_quoted(sizes)}")
    if not 0 <= unit < sizes[name]:
        raise UsageError(f"{name} has no unit {unit + 1}", hint=f"its units are 1 to {sizes[name]}")
    return name, unit


def _quoted(names: dict[str, int]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _sizes(model: Model) -> dict[str, int]:
    """The memories of a model with their numbers of units, seen at a sentence of one unknown word."""
    encoded = model.encode([[""]], [[("",) * model.inputs.columns]])
    run = labelling.trace(model, encoded)
    return {memory.name: memory.values.shape[1] for memory in memories(model.network_spec, run.h, run.y)}
