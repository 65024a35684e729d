"""Compiled kernels are kept in a private folder, and only what is undamaged is loaded from it."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rnncli.kernels import cache

CHILD = """
import logging
import numpy as np
from rnncli.kernels import cache, output
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
tags = np.zeros(2, np.int32)
output.likeliest(np.array([[1, 2], [4, 3]], np.float64), tags, np.empty(2, np.float64))
print(cache.CACHE_DIRECTORY, tags.tolist())
"""
COMPILED = "INFO compiling kernels (some seconds, once for this processor) …\n"
DAMAGED = "WARNING the kernel cache is damaged, kernels are compiled again: "


def start(home: Path | str, code: str = CHILD, **options: Any) -> "subprocess.Popen[str]":
    """Begin to run a kernel in a fresh process whose cache is below ``home``."""
    env = {**os.environ, "XDG_CACHE_HOME": str(home), "HOME": str(home), "PYTHONIOENCODING": "utf-8"}
    options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen([sys.executable, "-c", code], env=env, **options)


def finish(child: "subprocess.Popen[str]") -> tuple[str, str]:
    """What a process that ended well has printed, and what it has logged."""
    out, log = child.communicate(timeout=120)
    assert child.returncode == 0, log
    return out, log


def folder_of(home: Path) -> Path:
    return home / "rnncli" / "kernels" / cache.source_hash()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of the one kernel, as a first run leaves it."""
    home = tmp_path_factory.mktemp("filled")
    assert finish(start(home)) == (f"{folder_of(home)} [1, 0]\n", COMPILED)
    (file,) = folder_of(home).iterdir()
    assert finish(start(home)) == (f"{folder_of(home)} [1, 0]\n", "")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, *file.parents[:3])]
    assert [0o600, 0o700, 0o700, 0o700] == modes
    (home / file.name).write_bytes(file.read_bytes())
    return home / file.name


@pytest.mark.promise("environments")
@pytest.mark.parametrize("umask", [0, 0o777], ids=oct)
def test_the_cache_is_private_and_of_use_whatever_the_umask(umask, tmp_path):
    """What others may change is code that they choose; what this user may not read is compiled at every start."""
    home = tmp_path / "home"
    assert finish(start(home, umask=umask)) == (f"{folder_of(home)} [1, 0]\n", COMPILED)
    assert finish(start(home)) == (f"{folder_of(home)} [1, 0]\n", "")
    (file,) = folder_of(home).iterdir()
    assert [0o600] + 4 * [0o700] == [stat.S_IMODE(path.stat().st_mode) for path in (file, *file.parents[:4])]


@pytest.mark.promise("environments")
def test_no_code_is_read_from_the_current_folder(tmp_path):
    """Whoever packed an archive chose what is in its folders."""
    finish(start("cache", cwd=tmp_path))
    finish(start("", cwd=tmp_path))
    assert [] == list(tmp_path.iterdir())


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGE = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "a byte short": lambda content: content[:-1],
    "random": lambda content: os.urandom(len(content)),
    "a bit of the checksum": lambda content: flipped(content, 0),
    "a bit of the pickle": lambda content: flipped(content, 40),
    "a bit of the code": lambda content: flipped(content, len(content) // 2),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_compiled_again_with_a_note(damage, filled, tmp_path):
    file = folder_of(tmp_path) / filled.name
    file.parent.mkdir(mode=0o700, parents=True)
    file.write_bytes(damage(filled.read_bytes()))
    out, log = finish(start(tmp_path))
    assert f"{file.parent} [1, 0]\n" == out
    assert log.startswith(DAMAGED + str(file))
    assert log.endswith(COMPILED)
    assert (f"{file.parent} [1, 0]\n", "") == finish(start(tmp_path))


def test_what_is_no_file_is_replaced_by_one(filled, tmp_path):
    file = folder_of(tmp_path) / filled.name
    file.mkdir(parents=True)
    folder_of(tmp_path).chmod(0o700)
    (file / "inside").write_text("")
    _, log = finish(start(tmp_path))
    assert log.startswith(DAMAGED + str(file))
    assert file.is_file()


def test_a_file_is_not_taken_for_that_of_another_kernel(filled, tmp_path):
    """The bytes are whole, and their checksum is right; but not under this name."""
    finish(start(tmp_path, CHILD.replace("np.float64", "np.float32")))
    (other,) = folder_of(tmp_path).iterdir()
    assert other.name != filled.name
    other.rename(other.with_name(filled.name))
    out, log = finish(start(tmp_path))
    assert f"{folder_of(tmp_path)} [1, 0]\n" == out
    assert log.startswith(DAMAGED)


def test_processes_that_compile_at_once_leave_a_whole_cache(tmp_path):
    children = [start(tmp_path) for _ in range(3)]
    assert {f"{folder_of(tmp_path)} [1, 0]\n"} == {finish(child)[0] for child in children}
    assert (f"{folder_of(tmp_path)} [1, 0]\n", "") == finish(start(tmp_path))
    assert 1 == len(list(folder_of(tmp_path).iterdir()))


def test_without_a_place_to_write_kernels_run_uncached(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    out, log = finish(start(blocked))
    assert "None [1, 0]\n" == out
    assert log.startswith("INFO compiling kernels (some seconds, at every start: ")


def open_to_all(folder: Path) -> str:
    folder.chmod(0o777)
    return f"others may write to {folder}"


def of_a_group(folder: Path) -> str:
    os.chown(folder, -1, 65534)
    folder.chmod(0o775)
    return f"others may write to {folder}"


def of_another(folder: Path) -> str:
    os.chown(folder, 65534, -1)
    return f"{folder} belongs to another user"


CASES = [(place, open_to_all) for place in ("own", "parent", "home")]
if os.getuid() == 0:  # only root gives folders away
    CASES += [("parent", of_a_group), ("own", of_another), ("home", of_another)]


@pytest.mark.parametrize(("place", "way"), CASES)
def test_a_folder_that_others_can_change_is_not_used(place, way, tmp_path):
    own = folder_of(tmp_path / "home")
    own.mkdir(parents=True)
    reason = way({"own": own, "parent": own.parent, "home": tmp_path / "home"}[place])
    expected = f"INFO compiling kernels (some seconds, at every start: {reason}; XDG_CACHE_HOME sets the place) …\n"
    assert ("None [1, 0]\n", expected) == finish(start(tmp_path / "home"))
    assert [] == list(own.iterdir())


def test_a_parent_where_others_may_only_add_entries_is_used(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o1777)
    assert (f"{folder_of(home)} [1, 0]\n", COMPILED) == finish(start(home))


def test_folders_of_versions_that_are_no_longer_used_are_removed(tmp_path):
    kernels = folder_of(tmp_path).parent
    days = {f"{number:016x}": number for number in (1, 2, 3, 4, 29, 31, 500)}
    other = ["notes", "0123456789abcdef0"]
    for name in (*days, *other):
        (kernels / name / "inside").mkdir(parents=True)
        then = time.time() - days.get(name, 1000) * 24 * 3600
        os.utime(kernels / name, (then, then))
    finish(start(tmp_path))
    kept = [name for name, age in days.items() if age < cache.DAYS]
    assert sorted([*kept, *other, cache.source_hash()]) == sorted(path.name for path in kernels.iterdir())


def test_only_so_many_folders_of_other_versions_are_kept(tmp_path):
    kernels = folder_of(tmp_path).parent
    names = [f"{number:016x}" for number in range(cache.FOLDERS + 3)]
    for age, name in enumerate(names):
        (kernels / name).mkdir(parents=True)
        os.utime(kernels / name, (time.time() - 60 * age - 60,) * 2)
    finish(start(tmp_path))
    kept = sorted(path.name for path in kernels.iterdir())
    assert sorted([*names[: cache.FOLDERS], cache.source_hash()]) == kept
