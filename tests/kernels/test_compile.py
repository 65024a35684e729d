"""Where compiled kernels are kept."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from rnncli.kernels import compile as kernels

CHILD = """
import numpy as np
from rnncli.kernels import compile as kernels, output, parallel
o = np.zeros((1, 2)); output.softmax(parallel.SERIAL, o); print(kernels.CACHE_DIRECTORY, o.tolist())
"""


def child(tmp_path: Path, **environment: str) -> str:
    """Run a kernel in a fresh process with its own cache."""
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), **environment}
    return subprocess.run([sys.executable, "-c", CHILD], env=env, capture_output=True, text=True, check=True).stdout


def test_the_cache_is_private_and_named_by_its_content(tmp_path):
    out = child(tmp_path)
    folder = tmp_path / "rnncli" / "kernels" / kernels.source_hash()
    assert out == f"{folder} [[0.5, 0.5]]\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.rglob("*.nbc"))


def test_without_a_place_to_write_kernels_run_uncached(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert child(blocked) == "None [[0.5, 0.5]]\n"


def test_a_directory_that_others_can_write_is_not_used(tmp_path):
    folder = tmp_path / "rnncli" / "kernels" / kernels.source_hash()
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert child(tmp_path) == "None [[0.5, 0.5]]\n"
