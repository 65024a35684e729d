"""How a document is laid out, on a terminal, on a page and in a figure: a panel for each text under each model."""

from typing import Any, NamedTuple

Document = dict[str, Any]


class Panel(NamedTuple):
    """One text under one model, and a name that tells it from the others; "" where it is alone."""

    name: str
    text: Document

    @property
    def tokens(self) -> list[str]:
        """The tokens of the text."""
        return [token["text"] for token in self.text["tokens"]]

    def rests_on(self, measure: str, target: int) -> list[float]:
        """What a target, a token's number, rests on; 0 for what was not a finite number."""
        found = self.text["connectivity"]
        return [value or 0.0 for value in found[measure][found["targets"].index(target)]]


def models_of(document: Document) -> list[Document]:
    """What is said of the one model or of both."""
    return [document, *([document["compare"]] if "compare" in document else [])]


def model_names(document: Document) -> list[str]:
    """Names that tell two models apart: the files', with the architecture where they are equal; "" for one."""
    models = [each["model"] for each in models_of(document)]
    if len(models) == 1:
        return [""]
    names = [str(model["file"]) for model in models]
    if names[0] == names[1]:
        return [f"{place}: {model['arch']} {model['file']}" for place, model in zip("12", models, strict=True)]
    return names


def panels(document: Document) -> list[Panel]:
    """Each text, under the one model or under both, one after the other."""
    several, found = len(document["texts"]) > 1, []
    for number in range(len(document["texts"])):
        for name, model in zip(model_names(document), models_of(document), strict=True):
            parts = [*([name] if name else []), *(["ab"[number]] if several else [])]
            found.append(Panel(", ".join(parts), model["texts"][number]))
    return found
