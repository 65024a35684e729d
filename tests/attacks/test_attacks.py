"""Each hostile file is refused with its exit code, in bounded memory, and nothing in it is executed."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import attack
import pytest

HERE = Path(__file__).parent
KINDS = ["models", "checkpoints", "configs", "logs", "vectors", "weights", "phrases", "labelled", "texts"]
MOST_BYTES = 192 << 20  # beside four times the file; to load the kernels takes half of it
MOST_SECONDS = 60


def child(script, *arguments):
    """The JSON that a program of this folder prints."""
    words = [sys.executable, str(HERE / script), *map(str, arguments)]
    child = subprocess.run(words, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr[-2_000:]
    return json.loads(child.stdout.splitlines()[-1])


@pytest.mark.promise("hostile-text")
@pytest.mark.promise("no-code")
@pytest.mark.promise("limits")
@pytest.mark.skipif(sys.platform != "linux", reason="limits and measures memory by Linux")
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files_are_refused(kind, tmp_path, cases):
    attacks = importlib.import_module(kind).ATTACKS
    folder = tmp_path / "files"
    attack.write_all(attacks, folder)
    sizes = {path.name: 0 if path.is_symlink() else path.stat().st_size for path in folder.iterdir()}
    rows = child("child.py", kind, folder)
    assert rows.keys() == attacks.keys()
    wrong = []
    for name, row in rows.items():
        if row["outcome"] != attacks[name].code:
            wrong.append(f"{name}: {row['outcome']}")
        if row["bytes"] > 4 * sizes[name] + MOST_BYTES:
            wrong.append(f"{name}: {row['bytes']:,} bytes")
        if row["seconds"] > MOST_SECONDS:
            wrong.append(f"{name}: {row['seconds']:.0f} s")
        cases.add()
    assert not wrong, "\n".join(wrong)
    assert sorted(path.name for path in folder.iterdir()) == sorted(attacks)  # nothing was executed


@pytest.mark.promise("hostile-text")
@pytest.mark.promise("no-code")
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by Linux")
def test_files_that_were_changed_at_random(tmp_path, cases, long):
    seconds = float(os.environ.get("FUZZ_SECONDS", "180")) if long else 0
    for kinds in KINDS if long else [",".join(KINDS)]:
        result = child("fuzz.py", kinds, 100 if long else 16, seconds, tmp_path / "corpus")
        cases.add(result["cases"])
        wrong = [f"{tmp_path}/corpus/{name}: {failure}" for name, failure in result["failures"].items()]
        assert not wrong, "\n".join(wrong)


@pytest.mark.promise("hostile-text")
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by Linux")
@pytest.mark.parametrize("kind", KINDS)
def test_files_that_were_not_refused_once(kind, tmp_path, cases):
    for path in (HERE / "corpus").glob(f"{kind}-*"):
        shutil.copy(path, tmp_path)
        cases.add()
    if cases.count:
        rows = child("child.py", kind, tmp_path)
        assert {row["outcome"] for row in rows.values()} <= {0, 2, 3, 4, 5}, rows


COMMANDS = {
    "models": ("pickle_as_header", ["tag", "leave", "--model"]),
    "configs": ("deep_lists_in_a_line", ["tag", "leave", "--config"]),
    "logs": ("deep", ["inspect-gradients", "--log"]),
}


@pytest.mark.promise("no-code")
@pytest.mark.parametrize("kind", COMMANDS)
def test_the_program_ends_with_one_message(kind, program, tmp_path):
    name, words = COMMANDS[kind]
    hostile = importlib.import_module(kind).ATTACKS[name]
    hostile.write(tmp_path / "hostile")
    result = program(*words, "hostile")
    assert result.returncode == hostile.code
    assert result.stderr.startswith("error: ")
    assert not result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["hostile"]
