"""Files of results: checked before the work begins, written whole or not at all, by one process at a time.

Every file that a command writes is written by :func:`writing`, :func:`write` or :func:`write_text`. Lines are added
only to the list of what is done, by :func:`appending`.

* :func:`check` refuses, before any work, what must not or cannot be written: a file that is read, a file that
  rnncli did not write, a device, a place without permission.
* :func:`lock` refuses a second process that would write the same files.
* :func:`or_elsewhere` keeps work that cannot be written where it should be.
"""

from rnncli.writing.appending import appending
from rnncli.writing.elsewhere import or_elsewhere
from rnncli.writing.files import is_stream, write, write_text, writing
from rnncli.writing.locks import lock
from rnncli.writing.outputs import (
    CHECKPOINT,
    FIGURE,
    LISTS,
    LOG,
    MODEL,
    ONNX,
    PAGE,
    SAFETENSORS,
    SETTINGS,
    TEXT,
    Kind,
    Output,
    check,
)
from rnncli.writing.temporary import remove_leftovers

__all__ = [
    "CHECKPOINT",
    "FIGURE",
    "LISTS",
    "LOG",
    "MODEL",
    "ONNX",
    "PAGE",
    "SAFETENSORS",
    "SETTINGS",
    "TEXT",
    "Kind",
    "Output",
    "appending",
    "check",
    "is_stream",
    "lock",
    "or_elsewhere",
    "remove_leftovers",
    "write",
    "write_text",
    "writing",
]
