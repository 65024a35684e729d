"""``rnncli inspect-gradients``: the gradient of a tag's loss by distance in the sentence."""

from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import files, show
from rnncli.cli.options import (
    ForceOption,
    ModelOption,
    OverwriteOption,
    command,
    find_model,
    refuse_file_name,
)
from rnncli.config import ReadOptions
from rnncli.errors import DataError, UsageError

if TYPE_CHECKING:
    from rnncli.data.sentence import Sentence
    from rnncli.inspect.gradient_log import Map
    from rnncli.inspect.gradients import Gradients, NormCurve
    from rnncli.model import Model

# Pairs of tokens times weights, above which it takes more than some seconds.
MANY_PAIRS = 1e11
# Up to this distance every distance is a row of the table; after it about every fifth.
_ALL_ROWS = 10
# Powers of ten in the map of a log: one for each height of a cell.
_DECADES = 7
_PATHS = {"all": "", "hidden": ", through h alone", "output": ", through ŷ alone"}


@command("inspect-gradients")
def inspect_gradients(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="One text.", show_default=False)] = None,
    corpus: Annotated[
        str | None, typer.Option(metavar="FILE", help="Labelled sentences instead of a text; - is stdin.")
    ] = None,
    model: ModelOption = None,
    log: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw what rnncli train --log-gradients wrote instead.")
    ] = None,
    svg: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the picture as SVG too; with - only that, to stdout."),
    ] = None,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    json_output: bool = False,
    *,
    options: ReadOptions,
) -> None:
    """Show how far back the gradients of a network reach.

    That is ‖∂L(t)/∂h(t−k)‖ by distance k, for each layer and direction. L(t) is −log of the probability of a
    token's gold tag in a corpus, of its predicted tag in a text. Beside the curve are the recurrent weights'
    spectral radius and largest singular value, the same of single steps, and a verdict: vanishing if less than
    a tenth of a gradient is left after ten steps, exploding if it is more than ten times what it was, healthy
    between.

    Without a text the model's own examples are shown.

    Example: rnncli inspect-gradients "leave Taipei now" --svg gradients.svg
    """
    if sum(source is not None for source in (text, corpus, log)) > 1:
        raise UsageError("TEXT, --corpus and --log exclude each other", hint="give one of them")
    if log is not None:
        _log(log, svg, json_output)
        return
    from rnncli.inspect.document import described
    from rnncli.inspect.gradients import gradients
    from rnncli.inspect.progress import pairs
    from rnncli.modelfile import load

    loaded = load(find_model(model))
    sentences = _sentences(loaded, text, corpus, options, force)
    if pairs(loaded, (len(sentence.tokens) for sentence in sentences)) > MANY_PAIRS:
        show.note("every tag is compared with every token before it and after it, which may take minutes")
    with show.progress("running …", at_once=corpus is not None) as progress:
        result = gradients(loaded, sentences, progress.update)
    if svg:
        _draw_curves(result, loaded, svg)
    if json_output:
        document = {"version": 1, "model": described(loaded), **result.as_dict()}
        show.data(show.json_line(document))
    elif svg != "-":
        _show(result)


def _sentences(
    model: "Model", text: str | None, corpus: str | None, options: ReadOptions, force: bool
) -> "list[Sentence]":
    """The sentences to measure; the gold tags of a text are "", which no model knows."""
    from rnncli.data.sentence import Sentence

    if corpus is not None:
        return files.read_for(model, corpus, options, force).sentences
    if text is not None and not force:
        refuse_file_name(text, "--corpus")
    sentences = []
    for sentence in [text] if text is not None else model.provenance.get("examples") or []:
        tokens = model.cut(sentence)
        if not tokens:
            raise DataError("this text has no token", hint='give a text such as "leave Taipei on November 2nd"')
        sentences.append(Sentence(tokens, [""] * len(tokens), [()] * len(tokens), 1))
    if not sentences:
        raise UsageError("nothing to look at: this model has no example", hint="give a TEXT or --corpus FILE")
    if model.inputs.columns:
        raise DataError("this model reads a column beside each token", hint="give them: --corpus FILE")
    return sentences


def _show(result: "Gradients") -> None:
    from rnncli.inspect.chart import decades
    from rnncli.inspect.gradients import EXPLODING, VANISHING

    tags = f"{result.gold:,} with a gold tag" if result.gold else "with their predicted tags"
    show.text(f"Sentences: {result.sentences:,}; tokens: {result.tokens:,}, {tags}\n\n")
    least, most = decades([v for curve in result.curves for v in (*curve.mean, *curve.low, *curve.high)], 16)
    width = max(12, min(60, show.width() - 40))
    for curve in result.curves:
        rows = []
        for k in _distances(len(curve.mean)):
            spread = show.reach(curve.low[k], curve.mean[k], curve.high[k], least, most, width)
            left = f"{100 * curve.left[k]:.3g} %"
            rows.append((str(k), f"{curve.mean[k]:.1e}", left, f"{curve.tokens[k]:,}", spread))
        title = f"‖∂L(t)/∂h(t−k)‖: {curve.name}{_PATHS[curve.path]} (├ 1e{least} … 1e{most} ┤)"
        show.text(title + "\n")
        show.heat_map("", ("k", "mean", "left", "tokens", "10 % ├─ mean ● ─┤ 90 %"), rows)
        show.blank()
    weights = [(w.name, w.part, f"{w.radius:.3f}", f"{w.largest:.3f}") for w in result.weights]
    show.text("Recurrent weights\n")
    show.heat_map("", ("", "", "spectral radius", "largest singular value"), weights)
    show.blank()
    steps = [(s.name, f"{s.mean:.3f}", f"{s.low:.3f} … {s.high:.3f}", f"{s.tokens}") for s in result.steps]
    if steps:  # a sentence of one token has none
        show.text("Largest singular value of the Jacobian of one step\n")
        show.heat_map("", ("", "mean", "10 … 90 %", "steps"), steps)
        show.blank()
    for verdict in result.verdicts:
        show.text(f"{verdict.name}: {verdict.word}")
        if verdict.factor is not None and verdict.after_ten is not None:
            show.text(f"; a step back × {verdict.factor:.3f}, ten × {verdict.after_ten:.2g}")
        show.text("\n")
    show.text(f"(ten steps: below {VANISHING:g} is vanishing, above {EXPLODING:g} exploding)\n")


def _distances(count: int) -> list[int]:
    """The distances in the table."""
    far = range(_ALL_ROWS + 5, count, 5 if count < 60 else 5 * (count // 60 + 1))
    return [*range(min(count, _ALL_ROWS + 1)), *far]


def _draw_curves(result: "Gradients", model: "Model", file: str) -> None:
    from rnncli.inspect import chart

    lines = [chart.Line(_name(curve), curve.mean, curve.low, curve.high) for curve in result.curves]
    spec = model.network_spec
    title = f"Gradients by distance: {spec.arch}, {spec.cell}, {spec.layers} × {spec.hidden}"
    show.put(file, chart.curves(title, "distance k in tokens", "‖∂L(t)/∂h(t−k)‖", lines))


def _name(curve: "NormCurve") -> str:
    return curve.name + _PATHS[curve.path].replace(", through", ",").replace(" alone", "")


def _log(log: str, svg: str | None, json_output: bool) -> None:
    """Draw the log of a training: a map for each run, layer and direction."""
    from rnncli.inspect import chart, gradient_log

    document = gradient_log.read(log)
    if not any(run["epochs"] for run in document["runs"]):
        diverged = any(run.get("diverged") for run in document["runs"])
        raise DataError("no epoch of this log is over" + ", the training diverged" * diverged, where=log)
    maps = gradient_log.maps(document)
    if not maps:
        why = "the network keeps nothing in memory, or its weights are too large"
        raise DataError(f"this log has no curve: {why}", where=log)
    if svg:
        _draw_log(maps, svg)
    if json_output:
        show.data(show.json_line(document))
        return
    if svg == "-":
        return
    norms = [value or 0 for drawn in maps for _, curve in drawn.rows for value in curve["mean"]]
    least, most = chart.decades(norms, _DECADES)
    width = max(8, show.width() - 46)
    for drawn in maps:
        name = f"{drawn.name}{_PATHS.get(drawn.path, '')}, seed {drawn.seed}"
        show.text(f"‖∂L(t)/∂h(t−k)‖ by epoch: {name} (▁ 1e{least} … █ 1e{most})\n")
        rows = []
        for epoch, curve in drawn.rows:
            share = show.fraction(epoch["clipped"] / max(1, epoch["steps"]), 0)
            left = show.fraction(curve["left"][10] if len(curve["left"]) > 10 else None, 1)
            loss = "–" if epoch["loss"] is None else f"{epoch['loss']:.4f}"
            numbers = (str(epoch["number"]), loss, show.fraction(epoch["score"]), share, left)
            rows.append((*numbers, show.logarithms(curve["mean"][:width], least, most)))
        headers = ("epoch", "loss", "dev", "% clipped", "% left at 10", "k = 0, 1, …")
        show.heat_map("", headers, rows)
        show.blank()


def _draw_log(maps: "list[Map]", file: str) -> None:
    from rnncli.inspect import chart

    first, *others = maps
    if others:
        show.note(f"the picture shows {first.name} of seed {first.seed}; {len(others)} more are in the log")
    rows = [(str(epoch["number"]), [value or 0.0 for value in curve["mean"]]) for epoch, curve in first.rows]
    title = f"Gradients by distance and epoch: {first.name}{_PATHS.get(first.path, '')}"
    show.put(file, chart.shades(title, "distance k in tokens", "epoch", rows))
