"""``rnncli doctor``: a machine that is well, and what is said where something is broken."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnncli import __version__
from rnncli.diagnosis import selftest
from rnncli.kernels import cache
from rnncli.threads import available_cpus

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
Program = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
WELL, UNWELL = 0, 1
LOOKS = ["rnncli", "python", "libraries", "system", "processor", "memory", "folder", "terminal", "variables"]
TESTS = ["model", "example", "instructions", "cache", "kernels", "gradient", "round trip"]


def checks_of(stdout: str) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(stdout)["checks"]}


def test_a_machine_on_which_the_tests_run_is_well(program: Program) -> None:
    done = program("doctor", "--json", "--quiet")
    assert (WELL, "") == (done.returncode, done.stderr)
    document = json.loads(done.stdout)
    assert (1, True) == (document["version"], document["well"])
    checks = checks_of(done.stdout)
    assert [*LOOKS, *TESTS] == list(checks)
    for name in TESTS:
        assert checks[name]["state"] in ("ok", "warning" if name in ("cache", "instructions") else "ok"), checks[
            name
        ]
    assert {"version": __version__, "missing": []} == checks["rnncli"]["values"]
    assert platform.python_version() == checks["python"]["values"]["version"]
    assert available_cpus() == checks["processor"]["values"]["available"]
    assert '"arrive Taipei": destination; "leave Taipei": departure' == checks["example"]["text"]
    assert 0 == checks["kernels"]["values"]["differing"]
    errors = checks["gradient"]["values"]["errors"]
    assert {"input/embedding", "input/ngram", "layer1/U", "layer1/W", "layer1/b", "output/V"} < set(errors)
    assert 0 < max(errors.values()) < 1e-5
    assert str(cache.CACHE_DIRECTORY).replace(str(Path.home()), "~") == checks["cache"]["values"]["folder"]


def test_a_damaged_installation_is_not_and_the_report_names_no_folder_of_the_user(tmp_path: Path) -> None:
    home = tmp_path / "home"
    package = home / "lib"
    for name in ("rnncli", "models", "sample_data"):
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    content = bytearray((package / "models/default.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (package / "models/default.npz").write_bytes(content)
    (package / "sample_data/dev.tsv").unlink()
    caches = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    names = {
        "HOME": str(home),
        "XDG_CACHE_HOME": caches,
        "RNNCLI_MODEL": f"{home}/secret/model.npz",
        "COLUMNS": "80",
    }
    command = [sys.executable, "-P", "-m", "rnncli", "doctor"]
    env = {**os.environ, **names, "PYTHONPATH": str(package)}
    done = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert UNWELL == done.returncode, done.stderr
    assert str(home) not in done.stdout
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 or len(line[28:].split()) == 1 for line in lines)  # a path is not cut
    one_line = " ".join(done.stdout.split())
    for text in (
        "failed rnncli 0.1.0; files are missing: sample_data/dev.tsv install rnncli again",
        "RNNCLI_MODEL=~/secret/model.npz",
        "failed model ",
        "failed example ",
        "failed kernels ",
        "ok gradient ",
        "ok round trip ",
        "failed: rnncli, model, example, kernels",
    ):
        assert text in one_line, done.stdout


BROKEN = {
    "raise ImportError('broken on purpose')": "this needs Numba, which cannot be imported: broken on purpose",
    "import os, signal; os.kill(os.getpid(), signal.SIGILL)": "the self-test was ended by SIGILL",
    "import os; os._exit(3)": "the self-test ended with exit code 3",
}


@pytest.mark.parametrize(("code", "text"), BROKEN.items())
def test_a_broken_library_is_a_failed_check_whatever_it_does(
    program: Program, tmp_path: Path, code: str, text: str
) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "numba.py").write_text(code)
    paths = os.pathsep.join([str(libraries), str(ROOT)])
    done = program("doctor", "--json", "--quiet", env={**os.environ, "PYTHONPATH": paths})
    assert (UNWELL, "") == (done.returncode, done.stderr)
    checks = checks_of(done.stdout)
    assert ["ok"] * 2 == [checks[name]["state"] for name in ("model", "example")]
    assert ("failed", True) == (checks["instructions"]["state"], checks["instructions"]["text"].startswith(text))
    others = {checks[name]["state"] for name in ("cache", "kernels", "gradient", "round trip")}
    assert others == {"failed" if "raise" in code else "not checked"}
    if "SIGILL" in code:
        assert "NUMBA_CPU_NAME" in checks["instructions"]["hint"]


def test_without_numpy_everything_else_is_still_shown(program: Program, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('no NumPy here')")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = program("doctor", "--json", "--quiet", env={**os.environ, "PYTHONPATH": paths})
    assert (UNWELL, "") == (done.returncode, done.stderr)
    checks = checks_of(done.stdout)
    assert ["ok"] * 4 == [checks[name]["state"] for name in ("rnncli", "python", "libraries", "system")]
    assert {"failed"} == {checks[name]["state"] for name in TESTS}
    assert "no NumPy here" in checks["model"]["text"]


def test_where_no_process_can_be_started_the_self_test_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/missing/python")
    result = run("doctor", "--json", "--quiet")
    assert UNWELL == result.exit_code
    checks = checks_of(result.stdout)
    assert ["failed", *["not checked"] * 6] == [checks[name]["state"] for name in TESTS]
    assert "a process for the self-test cannot be started" in checks["model"]["text"]


def test_the_tests_are_those_of_the_module() -> None:
    assert TESTS == list(selftest.TESTS)
