"""Everything that ``rnncli inspect-memory`` shows, as one document of plain values; docs/inspect.md lists its keys.

The terminal's views, the page and the figures are drawn from the document and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rnncli import labelling
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError, UsageError
from rnncli.inspect.attribution import check_pairs
from rnncli.inspect.connectivity import connectivity
from rnncli.inspect.context import context_needed, decay
from rnncli.inspect.contrast import align, distances, parting
from rnncli.inspect.memory import TextMemory, memories, scales, text_memory, units
from rnncli.inspect.progress import Progress, part, silent
from rnncli.inspect.steps import Columns, Steps
from rnncli.inspect.survey import survey
from rnncli.inspect.units import Units
from rnncli.model import Model
from rnncli.modelfile import network_header

VERSION = 2
Document = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What to inspect in a model.

    texts      no text, one or two
    sentences  of a corpus; without them there is no answer about the model as a whole
    unit       the number of the unit whose contexts in the corpus are wanted, from 0; ``None`` for no unit
    memory     the name of the memory that it belongs to; "" where there is only one
    steps      numbers of tokens, from 0, whose steps are shown in full; a text may be shorter
    columns    of the tokens of each text; without them those of the corpus's sentence with the same tokens
    measures   whether to measure what tags rest on, which takes by far the most time
    """

    texts: Sequence[str]
    sentences: Sequence[Sentence] = field(default=())
    unit: int | None = None
    memory: str = ""
    steps: Sequence[int] = ()
    columns: Sequence[Columns] = ()
    measures: bool = True


def document(
    model: Model, question: Question, compared: Model | None = None, progress: Progress = silent
) -> Document:
    """Inspect a model, and, where it is given, a second model with the same texts and sentences.

    Raises UsageError for an unknown unit, memory or step, and for two models with different tokens; DataError for a
    text without tokens or without the columns that a model reads.
    """
    models = 1 if compared is None else 2
    answer = {"version": VERSION, **_answer(model, question, part(progress, 0, models))}
    if compared is not None:
        second = _answer(compared, replace(question, unit=None, memory=""), part(progress, 1, models))
        if list(map(_tokens_of, second["texts"])) != list(map(_tokens_of, answer["texts"])):
            raise UsageError(
                "the two models cut the text into different tokens", hint="compare models of one --tokenizer"
            )
        answer["compare"] = second
    return answer


def _tokens_of(text: Document) -> list[str]:
    return [token["text"] for token in text["tokens"]]


def described(model: Model) -> Document:
    """The part of a model's network specification that is shown."""
    header = network_header(model.network_spec)
    return {key: header[key] for key in ("arch", "cell", "layers", "hidden", "window", "output", "input")}


def _answer(model: Model, question: Question, progress: Progress) -> Document:
    for words in map(model.cut, question.texts):
        if question.measures:
            check_pairs(len(words), 100)  # three measures of tags and tokens, as numbers of Python
    given: Sequence[Columns | None] = question.columns
    given = given or [_columns(model, text, question.sentences) for text in question.texts]
    read_texts = [text_memory(model, *of_text) for of_text in zip(question.texts, given, strict=True)]
    parts = len(read_texts) + bool(question.sentences)
    corpus, unit_measures = None, None
    if question.sentences:
        corpus, unit_measures = _corpus(model, question, part(progress, 0, parts))
    texts = []
    if read_texts:
        memory_scales = scales(model.network_spec, read_texts)
        if unit_measures is None:
            names = [memory.name for memory in read_texts[0].memories]
            unit_measures = [
                _measures(model, name, measured)
                for name, measured in zip(names, units(model, read_texts), strict=True)
            ]
        for number, read_text in enumerate(read_texts, parts - len(read_texts)):
            text = read_text.as_dict()
            for memory, scale, measures in zip(text["memories"], memory_scales, unit_measures, strict=True):
                memory |= {"scale": list(scale), "units": measures}
            columns = read_text.columns if model.inputs.columns else None
            own_progress = part(progress, number, parts)
            if question.measures:
                measured = connectivity(model, read_text.tokens, columns, progress=own_progress)
                text["connectivity"] = measured.as_dict()
            if question.steps:
                text["steps"] = _steps(model, read_text, question)
            texts.append(text)
    answer: Document = {"architecture": model.network_spec.arch, "model": described(model), "texts": texts}
    answer |= _contrast(read_texts)
    if corpus is not None:
        answer["corpus"] = corpus
    return answer


def _steps(model: Model, text: TextMemory, question: Question) -> Document:
    """The steps that are asked for, as far as this text has them; one text at least must have each."""
    longest = max(len(model.cut(other)) for other in question.texts)
    steps = Steps(model, text.tokens, text.columns if model.inputs.columns else None)
    return steps.as_dict([step for step in question.steps if not len(steps) <= step < longest])


def _contrast(read_texts: Sequence[TextMemory]) -> Document:
    if len(read_texts) != 2:
        return {"distances": [], "alignment": [], "parts_at": None}
    a, b = read_texts
    alignment = align(a.tokens, b.tokens)
    by_memory = distances(a, b, alignment)
    return {
        "distances": [distance.as_dict() for distance in by_memory],
        "alignment": [list(pair) for pair in alignment],
        "parts_at": parting(a, b, alignment, by_memory).as_dict(),
    }


def _columns(model: Model, text: str, sentences: Sequence[Sentence]) -> Columns | None:
    """The columns of a text's tokens, from the sentence of the corpus that has the same tokens."""
    if not model.inputs.columns or not sentences:
        return None
    tokens = model.cut(text)
    for sentence in sentences:
        if sentence.tokens == tokens:
            return sentence.columns
    hint = "give a text that is a sentence of the corpus, or no text"
    raise DataError("this model reads columns beside each token, and the corpus has no such sentence", hint=hint)


def _corpus(model: Model, question: Question, progress: Progress) -> tuple[Document, list[Document]]:
    """What a corpus shows about a model as a whole, and the measures of the units of each memory."""
    unit = None if question.unit is None else _checked_unit(model, question.memory, question.unit)
    surveyed = survey(model, question.sentences, unit, part(progress, 0, 3))
    unit_measures = {name: _measures(model, name, measured) for name, measured in surveyed.units.items()}
    sentences = list(question.sentences)
    corpus = {
        "sentences": len(sentences),
        "tokens": sum(len(sentence.tokens) for sentence in sentences),
        "units": [{"name": name, **measures} for name, measures in unit_measures.items()],
        "decay": decay(model, sentences, progress=part(progress, 1, 3)).as_dict(),
        "needed": context_needed(model, sentences, progress=part(progress, 2, 3)).as_dict(),
    }
    if surveyed.driven is not None:
        corpus["unit"] = surveyed.driven.as_dict()
    return corpus, list(unit_measures.values())


def _measures(model: Model, memory: str, measured: Units) -> Document:
    """The measures of the units of a memory; those of the output are tags."""
    return measured.as_dict() | {"tags": list(model.tags) if memory == "output" else None}


def _checked_unit(model: Model, memory: str, unit: int) -> tuple[str, int]:
    """The memory of a unit and the unit's number in it; UsageError where there is no such unit."""
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
    """The number of units of each memory of a model, by running it over a sentence of one unknown word."""
    encoded = model.encode([[""]], [[("",) * model.inputs.columns]])
    run = labelling.trace(model, encoded)
    return {memory.name: memory.values.shape[1] for memory in memories(model.network_spec, run.h, run.y)}
