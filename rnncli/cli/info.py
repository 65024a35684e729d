"""``rnncli info``: what a model file holds."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import show
from rnncli.cli.options import ModelArgument, ModelOption, command, named_model
from rnncli.cli.rows import row
from rnncli.config import TrainingSpec
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.diagnosis.information import Information

SHOWN = 40  # tags and types


@command("info")
def info(
    context: typer.Context,
    file: ModelArgument = None,
    model: ModelOption = None,
    card: Annotated[
        bool, typer.Option("--card", help="Print a model card in Markdown with metadata for model hubs.")
    ] = False,
    license_id: Annotated[
        str, typer.Option("--license", metavar="ID", help="The license in the card: mit, apache-2.0, …")
    ] = "",
    language: Annotated[
        str, typer.Option("--language", metavar="CODES", help="The languages in the card, joined by commas: en,de")
    ] = "",
    json_output: bool = False,
) -> None:
    """Describe a model file, or print a model card of it.

    Shown are the network, its sizes and tags, the training and its scores as the file states them, and the hash of
    the file. --card prints Markdown with the metadata that model hubs read: save it as README.md beside the model.
    It names no license and no language unless they are given.

    Example: rnncli info model.npz

    Example: rnncli info model.npz --card --license mit --language en
    """
    from rnncli.diagnosis.information import Information

    if card and json_output:
        raise UsageError("--card and --json are two outputs", hint="give one of them")
    for option, value in (("--license", license_id), ("--language", language)):
        if value and not card:
            raise UsageError(f"{option} is for a model card", hint="give --card too")
    path = named_model(context, file, model)
    information = Information.read(path)
    if json_output:
        show.data(show.json_line(information.as_dict()))
    elif card:
        from rnncli.cli.card import model_card

        show.data(model_card(information, path.name, license_id, language))
    else:
        _show(information)


def _show(information: "Information") -> None:
    model = information.model
    spec = model.network_spec
    show.line((spec.description, "bold"))
    tables = ", ".join(f"{table.name} {table.rows:,} × {table.width:,}" for table in model.inputs.tables)
    window = f"window {2 * spec.window + 1}{', added' * spec.adds_neighbours}"
    row("input", f"{tables}; {window}; digits {'kept' if spec.digits == 'keep' else 'read as 0'}")
    row("words", f"{len(model.inputs.words) - 1:,}")
    if lexicon := model.inputs.lexicon:
        row("lexicon", f"{len(lexicon.phrases):,} phrases of {len(lexicon.words):,} types")
    row("tokenizer", model.tokenizer)
    row("tags", f"{len(model.tags):,}: {_listed(model.tags)}")
    if information.types:
        row("spans", f"{len(information.types):,} types: {_listed(information.types)}")
    row("scheme", f"{model.scheme.text}: {model.scheme.description}; transitions {spec.transitions}")
    memory = f"{information.memory / 1e6:.2f} MB in memory"
    row("size", f"{information.size / 1e6:.2f} MB, {information.weights:,} weights, {memory}")
    show.blank()
    _show_training(information)
    show.blank()
    row("format", str(information.format))
    row("sha256", information.sha256)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def _show_training(information: "Information") -> None:
    """What the file says of its training."""
    from rnncli.diagnosis.provenance import NAMES

    stored = information.provenance
    show.line(("trained" + (f" by rnncli {stored.rnncli}" if stored.rnncli else ""), "bold"))
    if stored.sentences is not None and stored.tokens is not None:
        row("data", f"{stored.sentences:,} sentences, {stored.tokens:,} tokens")
    if stored.data_sha256:
        row("data sha256", stored.data_sha256)
    settings = information.model.training_spec
    rate = f"{settings.optimiser}, learning rate {settings.learning_rate:g}"
    usual = f"{rate}, batch {settings.batch}, dropout {settings.dropout:g}"
    row("settings", ", ".join([usual, *_unusual(settings)]))
    row("seed", str(settings.seed))
    if stored.best_epoch is not None and stored.epochs is not None:
        row("epoch", f"{stored.best_epoch} of {stored.epochs}" + (f", by {stored.metric}" if stored.metric else ""))
    if stored.distilled:
        row("student", stored.distilled.text)
    if stored.refit:
        row("refit", stored.refit.text)
    dev = stored.dev
    if dev is None:
        row("dev", "no scores are stored")
        return
    fractions = {name: getattr(dev, key) for key, name in NAMES.items()}
    scores = ", ".join(f"{name} {show.fraction(value)}" for name, value in fractions.items() if value is not None)
    row("dev", f"{scores}; {dev.sentences:,} sentences, {dev.tokens:,} tokens")
    if dev.unknown_tokens:
        row("", f"unknown words: accuracy {show.fraction(dev.unknown_accuracy)}, {dev.unknown_tokens:,} tokens")
    types = sorted(dev.per_type.items())
    rows = [
        (kind, *map(show.fraction, (scores.precision, scores.recall, scores.f1)), f"{scores.gold or 0:,}")
        for kind, scores in types[:SHOWN]
    ]
    show.blank()
    show.table("", ("span" if dev.key == "f1" else "tag", "precision", "recall", "F1", "gold"), rows)
    if len(types) > SHOWN:
        show.line((f"… and {len(types) - SHOWN:,} more; --json has all", ""))


def _unusual(settings: TrainingSpec) -> list[str]:
    """Settings that were not chosen as usual, but for those that are always shown."""
    usual = dataclasses.asdict(TrainingSpec())
    shown = ("epochs", "batch", "optimiser", "learning_rate", "dropout", "seed", "scheme", "tokenizer")
    return [
        f"{name.replace('_', ' ')} " + (f"{value:.3g}" if isinstance(value, float) else str(value))
        for name, value in dataclasses.asdict(settings).items()
        if name not in shown and value != usual[name]
    ]
