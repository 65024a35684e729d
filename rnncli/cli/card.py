"""A model card: Markdown with a block of metadata, as model hubs read it from a README.md.

The metadata are those of Hugging Face (huggingface/hub-docs, modelcard.md). The block is YAML whose texts are
written as JSON, which YAML includes. The model may come from a stranger, so no text of it is Markdown or HTML here.
"""

import json
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rnncli.cli.printable import printable, shell_word

if TYPE_CHECKING:
    from rnncli.diagnosis.information import Information
    from rnncli.diagnosis.provenance import DevScores

TASK = "token-classification"
MOST_TYPES = 100  # in the table of scores

# A hyphen or low line between letters or digits means nothing in Markdown.
_PUNCTUATION = re.compile(r"(?<=[A-Za-z0-9])[-_](?=[A-Za-z0-9])|([!-/:-@\[-`{-~])")


def escaped(text: str) -> str:
    """A text as one line of Markdown that shows it, whatever it holds."""
    return _PUNCTUATION.sub(lambda match: f"\\{match[1]}" if match[1] else match[0], printable(text))


def model_card(information: "Information", name: str, license_id: str = "", language: str = "") -> str:
    """The card of a model.

    name        of its file
    license_id  the license as hubs name it; "": left out
    language    codes of languages, joined by commas; "": left out
    """
    title = PurePath(name).stem
    parts = [
        *_block(_metadata(information, title, license_id, language)),
        "",
        f"# {escaped(title)}",
        *_summary(information),
        *_use(information, name),
        *_labels(information),
        *_training(information),
        *_scores(information),
        *_limits(information),
        *_verification(information, name),
    ]
    return "\n".join(parts) + "\n"


def _metadata(information: "Information", title: str, license_id: str, language: str) -> dict[str, Any]:
    spec = information.model.network_spec
    languages = [code.strip() for code in language.split(",") if code.strip()]
    metadata: dict[str, Any] = {
        "language": languages,
        "license": license_id,
        "library_name": "rnncli",
        "pipeline_tag": TASK,
        "tags": ["rnncli", "sequence-labelling", spec.arch, spec.cell, spec.decoder],
    }
    dev = information.provenance.dev
    if dev:
        metrics = _metrics(dev)
        metadata["metrics"] = [metric["type"] for metric in metrics]
        metadata["model-index"] = [
            {
                "name": title,
                "results": [
                    {
                        "task": {"type": TASK, "name": "Token Classification"},
                        "dataset": {"type": "custom", "name": "development data", "split": "validation"},
                        "metrics": metrics,
                    }
                ],
            }
        ]
    return {key: value for key, value in metadata.items() if value}


def _metrics(dev: "DevScores") -> list[dict[str, Any]]:
    names = {"f1": "F1", "precision": "Precision", "recall": "Recall", "accuracy": "Accuracy"}
    values = {key: getattr(dev, key) for key in names}
    return [
        {"type": key, "value": round(value, 6), "name": names[key]}
        for key, value in values.items()
        if value is not None
    ]


def _block(metadata: dict[str, Any]) -> list[str]:
    """The metadata between their marks."""
    return ["---", *_yaml(metadata, ""), "---"]


def _yaml(value: Any, indent: str) -> list[str]:
    """Objects and lists as lines of YAML; all else as JSON."""
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                lines += [f"{indent}{key}:", *_yaml(item, indent + "  ")]
            else:
                lines.append(f"{indent}{key}: {_scalar(item)}")
    else:
        for item in value:
            first, *others = _yaml(item, indent + "  ") if isinstance(item, dict) else [_scalar(item)]
            lines += [f"{indent}- {first.lstrip()}", *others]
    return lines


def _scalar(value: str | float) -> str:
    """A text or number as JSON, without characters that YAML does not have."""
    if not isinstance(value, str):
        return json.dumps(value, allow_nan=False)
    text = json.dumps(printable(value), ensure_ascii=False, allow_nan=False)
    return re.sub("[\ufeff\ufffe\uffff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _summary(information: "Information") -> list[str]:
    version = information.provenance.rnncli
    by = f"rnncli {version}" if version else "rnncli"
    network = information.model.network_spec.description
    return [
        "",
        f"A model that gives each token of a text a tag, trained with {by}: {network}; {information.weights:,} "
        f"weights, {information.size / 1e6:.2f} MB. It is a file of plain arrays: nothing in it is executed.",
    ]


def _use(information: "Information", name: str) -> list[str]:
    tag = f"rnncli tag --model {shell_word(name)}"
    columns = information.model.inputs.columns
    if columns:
        command = f"{tag} --input FILE --to jsonl"
        what = "a column" if columns == 1 else f"{columns} columns"
        lines = ["", f"It reads {what} beside each token, so texts alone cannot be labelled."]
        return ["", "## Use", "", "```bash", command, "```", *lines]
    text = information.provenance.examples[-1] if information.provenance.examples else "a text"
    dashes = "-- " if text.startswith("-") else ""
    return [
        "",
        "## Use",
        "",
        "```bash",
        f"{tag} {dashes}{shell_word(text)}",
        f"{tag} --input texts.txt --to jsonl",
        "```",
        "",
        "```python",
        "import rnncli",
        "",
        f"tagger = rnncli.load({_python(name)})",
        f"for span in tagger.tag({_python(text)}).spans:",
        "    print(span.type, span.text, span.probability)",
        "```",
    ]


def _python(text: str) -> str:
    """A text in Python."""
    return ascii(text) if printable(text) != text else json.dumps(text, ensure_ascii=False, allow_nan=False)


def _labels(information: "Information") -> list[str]:
    model = information.model
    names = information.types or model.tags
    shown = ", ".join(map(escaped, names[:MOST_TYPES])) + (", …" if len(names) > MOST_TYPES else "")
    if not information.types:
        return ["", "## Labels", "", f"{len(names):,} tags: {shown}"]
    scheme = f"{len(model.tags):,} tags of the scheme {escaped(model.scheme.text)}"
    return ["", "## Labels", "", f"{len(names):,} types of spans: {shown}", "", f"They are marked by {scheme}."]


def _training(information: "Information") -> list[str]:
    stored = information.provenance
    settings = information.model.training_spec
    lines = []
    if stored.sentences is not None and stored.tokens is not None:
        words = len(information.model.inputs.words) - 1
        lines.append(f"- data: {stored.sentences:,} sentences, {stored.tokens:,} tokens, {words:,} words")
    if stored.data_sha256:
        lines.append(f"- SHA-256 of the sentences as TSV: `{stored.data_sha256}`")
    lines.append(f"- tokens: {information.model.tokenizer}")
    if stored.best_epoch is not None and stored.epochs is not None:
        lines.append(f"- epoch {stored.best_epoch} of {stored.epochs}, the best on the development data")
    lines += [f"- {done.text}" for done in (stored.distilled, stored.refit) if done]
    lines.append(
        f"- {settings.optimiser}, learning rate {settings.learning_rate:g}, batch {settings.batch}, "
        f"dropout {settings.dropout:g}, seed {settings.seed}"
    )
    return ["", "## Training", "", *lines]


def _scores(information: "Information") -> list[str]:
    dev = information.provenance.dev
    if dev is None:
        return []
    size = f"{dev.sentences:,} sentences, {dev.tokens:,} tokens"
    first = "type" if information.types else "tag"
    lines = ["", "## Scores", "", f"On the development data, {size}, in percent:", ""]
    lines += [f"| {first} | precision | recall | F1 | number |", "|---|--:|--:|--:|--:|"]
    types = sorted(dev.per_type.items(), key=lambda item: (-(item[1].gold or 0), item[0]))
    for kind, scores in types[:MOST_TYPES]:
        cells = [_percent(value) for value in (scores.precision, scores.recall, scores.f1)]
        lines.append(f"| {escaped(kind)} | {' | '.join(cells)} | {scores.gold or 0:,} |")
    if dev.f1 is not None:
        lines.append(f"| all | {_percent(dev.precision)} | {_percent(dev.recall)} | {_percent(dev.f1)} | |")
    lines += ["", f"Accuracy of tokens: {_percent(dev.accuracy)}"]
    if dev.unknown_tokens:
        unknown = f"of the {dev.unknown_tokens:,} whose word is not in the training data: "
        lines[-1] += f"; {unknown}{_percent(dev.unknown_accuracy)}"
    lines[-1] += "."
    return lines


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.2f}"


def _limits(information: "Information") -> list[str]:
    lines = [
        "- It gives the labels above and no others, whatever the text is about.",
        "- Text of another kind or language than its training data is labelled worse than the scores say.",
    ]
    if information.provenance.dev:
        lines.append("- The epoch was chosen by the development data, so the scores are a little too high.")
    lines.append("- What is wrong or one-sided in the training data is in its labels too.")
    return ["", "## Limits", "", *lines]


def _verification(information: "Information", name: str) -> list[str]:
    command = f"rnncli verify --model {shell_word(name)} --sha256 {information.sha256}"
    text = "The hash shows whether this is the file that the card describes; the command checks everything in it."
    return ["", "## Check the file", "", "```bash", command, "```", "", text]
