"""Names of temporary files that say which process made them, so that what a killed one left can be removed."""

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from rnncli.writing.processes import Process, runs, this_process

DAY = 24 * 3600  # seconds without a change, after which a temporary file of another machine is removed
_NAME = re.compile(r"\.rnncli-([0-9a-f]{12})-(\d+)-(\d*)-[0-9a-f]{8}\.tmp")


def new_path(folder: Path) -> Path:
    """The path of a new temporary file in a folder. It is short, however long the name of the output is."""
    machine, pid, start = this_process()
    return folder / f".rnncli-{machine}-{pid}-{start}-{os.urandom(4).hex()}.tmp"


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files in a folder whose process has ended without removing them."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False) and _is_left(match, entry):
                with suppress(OSError):  # of another user, or removed by another process at this moment
                    os.unlink(entry.path)  # noqa: PTH108


def _is_left(match: re.Match[str], entry: os.DirEntry[str]) -> bool:
    is_running = runs(Process(match[1], int(match[2]), match[3]))
    if is_running is None:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > DAY
    return not is_running
