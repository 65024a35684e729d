"""A model as a file of safetensors, and back. The library comes with the extra ``safetensors``.

The tensors are the arrays of the model file, and the metadata have its header, the same text, as ``rnncli``. So the
way back gives the same bytes, and every check of a model file is made of what a stranger's file holds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnncli import archive, modelfile
from rnncli.errors import ModelError, UsageError
from rnncli.model import Model

try:
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import save
except ImportError as error:
    raise UsageError("safetensors needs a library", hint='pip install "rnncli[safetensors]"') from error

KEY = "rnncli"
_LARGEST_HEADER = 2**25  # bytes; the header of a model in quotation marks may have twice its bytes
_SUFFIX = ".npy"


def write(model: Model, path: Path) -> bytes:
    """The bytes of a file of safetensors; ``path`` is for errors, which are those of :func:`.modelfile.save`."""
    header, arrays = modelfile.parts(model)
    content: bytes = save(arrays, {KEY: archive.header_text(path, header, arrays)})
    return content


def read(path: Path) -> Model:
    """The model in a file of safetensors; what is not exactly a model of rnncli is a :class:`.ModelError`."""
    with archive.errors_of(path), _errors():
        archive.check_kind(path.stat().st_mode)
        with path.open("rb") as file:
            if int.from_bytes(file.read(8), "little") > _LARGEST_HEADER:
                raise ModelError("not a model, or its header is too large")
        with safe_open(path, "numpy") as tensors:
            text = (tensors.metadata() or {}).get(KEY)
            if text is None:
                hint = "rnncli export MODEL --to safetensors makes such a file"
                raise ModelError(f'not a model of rnncli: its metadata have no "{KEY}"', hint=hint)
            hashes = archive.parsed_header(text.encode("utf-8"))["sha256"]
            names = [name.removesuffix(_SUFFIX) for name in hashes]
            if sorted(names) != sorted(tensors.keys()):
                raise ModelError("its tensors do not fit its header")
            arrays = {name: tensors.get_tensor(name) for name in names}
    return modelfile.rebuild(path, text, arrays)


@contextmanager
def _errors() -> Iterator[None]:
    """Turn the errors of the library into those of a model."""
    try:
        yield
    except SafetensorError as error:
        raise ModelError(f"damaged or not a file of safetensors ({error})"[:300]) from error
