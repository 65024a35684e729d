"""The installation and the machine. The standard library alone is used, because NumPy may be broken."""

import importlib.metadata
import math
import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rnncli import __version__
from rnncli import memory as rnncli_memory
from rnncli.diagnosis.check import Check
from rnncli.errors import RnncliError
from rnncli.resources import MODELS, bundled
from rnncli.threads import available_cpus

LIBRARIES = ("numpy", "numba", "llvmlite", "typer", "rich", "jinja2", "platformdirs", "regex", "threadpoolctl")
PYTHONS = (11, 13)  # Python 3.11 to 3.13
BUNDLED = (
    *(f"models/{name}.npz" for name in MODELS),
    *(f"sample_data/{name}.tsv" for name in ("train", "dev", "test")),
)
LEAST_MEMORY = 1 << 30  # bytes that are available; training on 200,000 tokens takes about half of that
LEAST_DISK = 200 << 20

# Variables of the environment that change what rnncli does, as patterns of their names.
VARIABLES = re.compile(
    r"(RNNCLI|NUMBA|OMP|OPENBLAS|MKL|BLIS|VECLIB|LLVM)_.+|PYTHON.+|LD_(PRELOAD|LIBRARY_PATH)|XDG_CACHE_HOME|TMPDIR"
    r"|(NO|FORCE|CLICOLOR)_?COLOR|TERM|COLUMNS|LANG|LC_.+"
)
# What some of them mean. All other NUMBA_… variables change how kernels are compiled.
MEANINGS = {
    "NUMBA_DISABLE_JIT": "kernels are not compiled, so they take a thousand times as long: unset it",
    "NUMBA_CPU_NAME": "kernels are compiled for another processor, and may end the program here: unset it",
    "NUMBA_CPU_FEATURES": "kernels are compiled for another processor, and may end the program here: unset it",
    "NUMBA_OPT": "kernels are compiled in another way, and may be slow: unset it",
    "LD_PRELOAD": "another library is loaded first: unset it if something fails",
}


def rnncli() -> Check:
    """The version of this package, and whether its files are there."""
    missing = []
    for name in BUNDLED:
        try:
            bundled(name)
        except RnncliError:
            missing.append(name)
    values = {"version": __version__, "missing": missing}
    if missing:
        return Check("rnncli", "failed", f"{__version__}; files are missing: {', '.join(missing)}", _AGAIN, values)
    return Check("rnncli", "ok", __version__, values=values)


_AGAIN = "install rnncli again"


def python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """The version of Python."""
    text = f"{platform.python_version()}, {platform.python_implementation()}"
    if sys.flags.optimize:
        text += ", -O"
    values = {"version": platform.python_version(), "implementation": platform.python_implementation()}
    first, last = PYTHONS
    if version[0] == 3 and first <= version[1] <= last and platform.python_implementation() == "CPython":
        return Check("python", "ok", text, values=values)
    return Check("python", "warning", text, f"rnncli is tested with CPython 3.{first} to 3.{last}", values)


def libraries() -> Check:
    """The versions of the libraries, without loading them."""
    versions: dict[str, str | None] = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    text = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    if None in versions.values():
        return Check("libraries", "failed", text, _AGAIN, dict(versions))
    return Check("libraries", "ok", text, values=dict(versions))


def system() -> Check:
    """The operating system and its C library."""
    libc = " ".join(platform.libc_ver()).strip()
    name = platform.system()
    release = platform.release()
    values = {"system": name, "release": release, "machine": platform.machine(), "libc": libc}
    text = ", ".join(part for part in (f"{name} {release}", platform.machine(), libc) if part)
    if name == "Linux":
        return Check("system", "ok", text, values=values)
    return Check("system", "warning", text, "rnncli is tested on Linux", values)


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Check:
    """The name of the processor, and how many CPUs this process may use."""
    try:
        described = cpuinfo.read_text("utf-8", "replace")
    except OSError:
        described = ""
    name = re.search(r"^(?:model name|Hardware|Processor)\s*:\s*(.+)$", described, re.MULTILINE)
    shown = name[1].strip() if name else platform.processor() or platform.machine()
    cpus = os.cpu_count() or 1
    available = available_cpus()
    values = {"name": shown, "cpus": cpus, "available": available}
    text = f"{shown}; {available} of {cpus} CPUs, so at most {available} threads"
    if available < cpus:
        return Check("processor", "ok", text, "taskset or a container limits the CPUs of this process", values)
    return Check("processor", "ok", text, values=values)


def memory(available: float | None = None) -> Check:
    """The memory that this process can still take; see :func:`.memory.available`."""
    free = rnncli_memory.available() if available is None else available
    if math.isinf(free):
        return Check("memory", "warning", "how much there is, is not known", "the system does not say it")
    size = int(free)
    values = {"available": size}
    text = f"{rnncli_memory.size(size)} available"
    if size < LEAST_MEMORY:
        hint = "labelling will do; a training on much data may be ended by the system"
        return Check("memory", "warning", text, hint, values)
    return Check("memory", "ok", text, values=values)


def folder() -> Check:
    """Whether files can be written in the current folder, where ``rnncli train`` makes models/default.npz."""
    try:
        here = Path.cwd()
        free = shutil.disk_usage(here).free
    except OSError as error:
        text = f"there is no current folder: {error.strerror}"
        return Check("folder", "warning", text, "change to one that exists, or give whole paths")
    values = {"writable": os.access(here, os.W_OK), "free": free}
    text = f"{rnncli_memory.size(free)} free in the current folder"
    if not values["writable"]:
        return Check("folder", "warning", f"{text}, which is read-only", "give --out a path elsewhere", values)
    if free < LEAST_DISK:
        return Check("folder", "warning", text, "a model may not fit: give --out a path elsewhere", values)
    return Check("folder", "ok", text, values=values)


def terminal(encoding: str, is_terminal: bool, columns: int, colours: str) -> Check:
    """What the output is shown on.

    encoding  that of the locale; rnncli writes UTF-8 in any locale
    colours   the system of colours of a terminal, "" for none
    """
    values = {"terminal": is_terminal, "encoding": encoding, "columns": columns, "colours": colours}
    shown = f"a terminal, {colours or 'no'} colours" if is_terminal else "not a terminal"
    text = f"{shown}; {columns} columns; locale {encoding}"
    if encoding.lower().replace("-", "") == "utf8":
        return Check("terminal", "ok", text, values=values)
    hint = "rnncli writes UTF-8; if letters look wrong, set a UTF-8 locale: export LC_ALL=C.UTF-8"
    return Check("terminal", "warning" if is_terminal else "ok", text, hint, values)


def variables(environment: Mapping[str, str] = os.environ) -> Check:
    """Variables of the environment that change what rnncli does."""
    values = {name: environment[name] for name in sorted(environment) if VARIABLES.fullmatch(name)}
    # rnncli itself gives BLAS one thread, so that is not worth a word.
    for name in [name for name in values if name.endswith("_THREADS") and values[name] == "1"]:
        del values[name]
    text = ", ".join(f"{name}={value}" for name, value in values.items()) or "none that matter"
    hints = [f"{name}: {MEANINGS[name]}" for name in values if name in MEANINGS]
    others = [name for name in values if name.startswith("NUMBA_") and name not in MEANINGS]
    hints += [f"{name}: may change how kernels are compiled or run" for name in others]
    if "PYTHONDONTWRITEBYTECODE" in values:
        hints.append("PYTHONDONTWRITEBYTECODE: each start takes longer; compiled kernels are kept all the same")
    is_warning = any(name in values for name in MEANINGS) or bool(others)
    return Check("variables", "warning" if is_warning else "ok", text, "; ".join(hints), dict(values))
