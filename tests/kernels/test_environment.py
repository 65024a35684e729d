"""Environment variables of Numba: what the kernels cannot run with is refused by its name."""

import os
import subprocess
import sys

import pytest

REFUSED = {
    "NUMBA_DISABLE_JIT": "1",
    "NUMBA_NUM_THREADS": "0",
    "NUMBA_OPT": "x",
    "NUMBA_CPU_FEATURES": "+no-such-feature",
}


def imported(**variables):
    """The result of importing the kernels in a process with these variables."""
    code = "import rnncli.errors\ntry:\n import rnncli.kernels\nexcept rnncli.errors.UsageError as e: print(e)"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **variables}
    )


@pytest.mark.promise("limits")
@pytest.mark.parametrize(("name", "value"), REFUSED.items())
def test_a_variable_that_numba_cannot_use_is_refused(name, value):
    result = imported(**{name: value})
    assert result.stdout.startswith(f"the environment variable {name}={value}: ")
    assert result.stdout.endswith(f"\n  remove it: unset {name}\n")
    assert not result.stderr


@pytest.mark.parametrize("variables", [{"NUMBA_NUM_THREADS": "2", "NUMBA_OPT": "2", "PYTHONWARNINGS": "error"}])
def test_others_are_left_alone(variables):
    result = imported(**variables)
    assert not result.stdout + result.stderr


def test_training_ends_with_the_documented_code(program, booking_tsv):
    result = program("train", booking_tsv, env={**os.environ, "NUMBA_NUM_THREADS": "0"})
    assert result.returncode == 2
    assert result.stderr.startswith("error: the environment variable NUMBA_NUM_THREADS=0: ")
    assert "Traceback" not in result.stderr
