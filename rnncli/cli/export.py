"""``rnncli export``: write a model in a form that other programs read, or a smaller one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import show
from rnncli.cli.options import ModelArgument, ModelOption, OverwriteOption, command, named_model
from rnncli.cli.outputs import export_name, lists_beside
from rnncli.config import ExportName
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.model import Model


@command("export")
def export(
    context: typer.Context,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="The new file; - is stdout.", show_default=False)
    ],
    file: ModelArgument = None,
    model: ModelOption = None,
    to: Annotated[
        ExportName | None,
        typer.Option(help="What to write; without it the suffix of FILE decides.", show_default=False),
    ] = None,
    half: Annotated[
        bool, typer.Option("--half", help="Store weights as float16: half the size, nearly the same labels.")
    ] = False,
    overwrite: OverwriteOption = False,
    json_output: bool = False,
) -> None:
    """Write a model as ONNX, as safetensors, or smaller.

    onnx: the whole model, which other programs and browsers run; FILE.json has its words and tags. safetensors: the
    same arrays, for model hubs; a file of safetensors as MODEL is read, and --to npz gives the model file back.

    Example: rnncli export model.npz --out model.onnx

    Example: rnncli export model.npz --half --out small.npz
    """
    from rnncli.diagnosis.information import sha256_of

    name = export_name(out, to)
    if name == "onnx" and half:
        raise UsageError("--half is for npz and safetensors", hint="leave it out; ONNX has float32 here")
    path = named_model(context, file, model)
    loaded = _load(path)
    if half:
        from rnncli.export.half import halved

        loaded = halved(loaded, sha256_of(path))
    target = Path(out)
    _write(loaded, name, target, path)
    files = [target, lists_beside(out)] if name == "onnx" else [target]
    sizes = {str(written): written.stat().st_size for written in files if written.is_file()}
    for written in files:
        size = f", {sizes[str(written)] / 1e6:.2f} MB" if str(written) in sizes else ""
        show.written(f"{'stdout' if str(written) == '-' else written}{size}")
    if json_output:
        show.data(show.json_line({"out": out, "to": name, "half": loaded.half, "bytes": sizes}))


def _load(path: Path) -> "Model":
    if path.suffix.lower() == ".safetensors":
        from rnncli.export import safetensors

        return safetensors.read(path)
    from rnncli import modelfile

    return modelfile.load(path)


def _write(model: "Model", name: str, out: Path, source: Path) -> None:
    from rnncli import modelfile, writing

    if name == "npz":
        modelfile.save(model, out)
    elif name == "safetensors":
        from rnncli.export import safetensors

        writing.write(out, memoryview(safetensors.write(model, out)))
    else:
        from rnncli.diagnosis.information import sha256_of
        from rnncli.export import onnx

        sha256 = sha256_of(source)
        content = onnx.write(model, sha256)
        writing.write_text(lists_beside(out), show.json_line(onnx.lists(model, sha256)))
        writing.write(out, memoryview(content))
