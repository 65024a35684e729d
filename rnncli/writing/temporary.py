"""Names of temporary files that say which process made them, so that what a killed one left can be removed."""

import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from rnncli.writing.processes import Process, runs, this_process

DAY = 24 * 3600  # seconds without a change, after which a temporary file of another machine is removed
_NAME = re.compile(r"\.rnncli-([0-9a-f]{12})-(\d+)-(\d*)-[0-9a-f]{8}\.tmp")
_GUARD = re.compile(r"\.rnncli-[0-9a-f-]+\.lock")  # of rnncli.writing.locks, which exists for an instant


def new_path(folder: Path) -> Path:
    """The path of a new temporary file in a folder. It is short, however long the name of the output is."""
    machine, pid, start = this_process()
    return folder / f".rnncli-{machine}-{pid}-{start}-{os.urandom(4).hex()}.tmp"


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files in a folder whose process has ended without removing them."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".rnncli-"):
                with suppress(OSError):  # of another user, or removed by another process at this moment
                    if entry.is_file(follow_symlinks=False) and _is_left(entry):
                        os.unlink(entry.path)  # noqa: PTH108


def _is_left(entry: os.DirEntry[str]) -> bool:
    process = None
    if match := _NAME.fullmatch(entry.name):
        process = Process(match[1], int(match[2]), match[3])
    elif _GUARD.fullmatch(entry.name):
        process = _maker_of(entry.path)
    else:
        return False
    is_running = runs(process) if process else None
    if is_running is None:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > DAY
    return not is_running


def _maker_of(guard: str) -> Process | None:
    """The process that made a guard; ``None`` if that is not known."""
    try:
        with open(guard, "rb") as file:  # noqa: PTH123
            values = json.loads(file.read(4096))
        return Process(str(values["machine"]), int(values["pid"]), str(values["start"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
