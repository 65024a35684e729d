"""What the numbers that ``rnncli doctor`` gets mean: each judgement can be bad."""

from pathlib import Path

import pytest

from rnncli.diagnosis import machine, selftest
from rnncli.diagnosis.check import all_hold
from rnncli.kernels.cache import State

GOOD = {text: [kind] for text, kind in selftest.EXAMPLES.items()}


def test_the_example_must_have_both_types_and_no_others() -> None:
    arrive, leave = GOOD
    assert "ok" == selftest.judged_example(GOOD).state
    for types in (
        {},
        {**GOOD, leave: ["destination"]},
        {**GOOD, arrive: []},
        {**GOOD, leave: ["departure", "via"]},
    ):
        check = selftest.judged_example(types)
        assert ("failed", False) == (check.state, all_hold([check]))
        assert "install rnncli again" in check.hint


@pytest.mark.parametrize("error", [2e-4, 1.0, float("inf"), float("nan")])
def test_one_wrong_gradient_is_enough(error: float) -> None:
    errors = {"layer1/U": 1e-7, "layer1/W": error, "output/V": 3e-7}
    check = selftest.judged_gradient(errors)
    assert "failed" == check.state
    assert check.text.startswith("of layer1/W differ from central differences, by ")
    assert "ok" == selftest.judged_gradient({**errors, "layer1/W": 9e-5}).state


@pytest.mark.parametrize(
    ("state", "expected", "words"),
    [
        (State(Path("/c/k"), "", 72, 5_000_000, 0), "ok", "/c/k: 72 kernels, 5.0 MB"),
        (State(Path("/c/k"), "", 72, 5_000_000, 2), "ok", "/c/k: 72 kernels, 5.0 MB; 2 folders of other versions"),
        (State(Path("/c/k"), "", 0, 0, 0), "ok", "/c/k: 0 kernels, 0.0 MB"),
        (State(Path("/c/k"), "Read-only file system", 0, 0, 0), "warning", "it cannot be written: Read-only"),
        (State(None, "/home: Permission denied", 0, 0, 0), "warning", "cannot be kept: /home: Permission denied"),
    ],
)
def test_a_cache_that_cannot_be_written_is_a_warning(state: State, expected: str, words: str) -> None:
    check = selftest.judged_cache(state)
    assert expected == check.state
    assert words in check.text
    assert (expected == "warning") == ("compiled at every start" in check.hint)


def test_a_processor_without_wide_instructions_is_a_warning() -> None:
    assert ("ok", "znver5: AVX2, FMA") == selftest.judged_features("znver5", ["avx2", "fma", "sse"])[1:3]
    assert "warning" == selftest.judged_features("core2", ["sse", "sse2"]).state


@pytest.mark.parametrize(
    ("available", "state", "text"),
    [
        (8e9, "ok", "8 GB available"),
        (2**30 - 1, "warning", "1.074 GB available"),
        (0.0, "warning", "0 bytes available"),
        (float("inf"), "warning", "how much there is, is not known"),
    ],
)
def test_little_memory_is_a_warning(available: float, state: str, text: str) -> None:
    assert ("memory", state, text) == machine.memory(available)[:3]


def test_variables_that_change_the_kernels_are_warnings() -> None:
    assert ("ok", "none that matter") == machine.variables({"PATH": "/bin", "OMP_NUM_THREADS": "1"})[1:3]
    assert ("ok", "OMP_NUM_THREADS=4, RNNCLI_HIDDEN=8") == machine.variables(
        {"RNNCLI_HIDDEN": "8", "OMP_NUM_THREADS": "4"}
    )[1:3]
    for name in ("NUMBA_DISABLE_JIT", "NUMBA_CPU_NAME", "NUMBA_BOUNDSCHECK", "LD_PRELOAD"):
        check = machine.variables({name: "x"})
        assert ("warning", f"{name}=x") == check[1:3]
        assert check.hint.startswith(f"{name}: ")


def test_another_python_is_a_warning() -> None:
    assert "ok" == machine.python((3, 12)).state
    for version in ((3, 10), (3, 14), (4, 11)):
        assert "warning" == machine.python(version).state


def test_a_locale_without_utf8_is_a_warning_at_a_terminal() -> None:
    assert "warning" == machine.terminal("ANSI_X3.4-1968", True, 80, "256").state
    assert "ok" == machine.terminal("ANSI_X3.4-1968", False, 80, "").state
    assert ("ok", "a terminal, 256 colours; 80 columns; locale utf8") == machine.terminal("utf8", True, 80, "256")[
        1:3
    ]


def test_without_a_current_folder_there_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    check = machine.folder()
    assert ("warning", "there is no current folder: No such file or directory") == check[1:3]
    monkeypatch.chdir(tmp_path)
    assert "ok" == machine.folder().state


def test_an_exception_is_a_failed_check_that_says_where() -> None:
    check = selftest.run("no such test")
    assert ("failed", True) == (check.state, check.text.startswith("KeyError: 'no such test' (selftest.py, line "))
