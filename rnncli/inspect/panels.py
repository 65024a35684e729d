"""The panels of a document, on a terminal, on a page and in a figure: one for each text and model."""

from typing import Any, NamedTuple

Document = dict[str, Any]


class Panel(NamedTuple):
    """One text as one model labels it, and a name that no other panel has; "" for the only panel."""

    name: str
    text: Document

    @property
    def tokens(self) -> list[str]:
        """The tokens of the text."""
        return [token["text"] for token in self.text["tokens"]]

    def row(self, measure: str, target: int) -> list[float]:
        """How much the tag of a target depends on each token; 0 where the value is not finite.

        target  the number of its token, from 0
        """
        connectivity = self.text["connectivity"]
        return [value or 0.0 for value in connectivity[measure][connectivity["targets"].index(target)]]


def models_of(document: Document) -> list[Document]:
    """The answers about the one model or about both."""
    return [document, *([document["compare"]] if "compare" in document else [])]


def model_names(document: Document) -> list[str]:
    """Different names for two models: their files, with the architecture where these are equal; "" for one."""
    models = [answer["model"] for answer in models_of(document)]
    if len(models) == 1:
        return [""]
    names = [str(model["file"]) for model in models]
    if names[0] == names[1]:
        return [f"{number}: {model['arch']} {model['file']}" for number, model in enumerate(models, 1)]
    return names


def panels(document: Document) -> list[Panel]:
    """The panels of all texts; with two models, those of one text follow each other."""
    is_pair = len(document["texts"]) > 1
    all_panels = []
    for number in range(len(document["texts"])):
        for name, model in zip(model_names(document), models_of(document), strict=True):
            parts = [*([name] if name else []), *(["ab"[number]] if is_pair else [])]
            all_panels.append(Panel(", ".join(parts), model["texts"][number]))
    return all_panels
