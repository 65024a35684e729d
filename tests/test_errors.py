"""errors.py: each kind of error has its exit code, and all are told in one form."""

import copy
import pickle

import pytest

from rnncli import errors
from rnncli.errors import DataError, DivergedError, FileError, ModelError, RnncliError, StoppedError, UsageError


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (RnncliError, 1),
        (UsageError, 2),
        (DataError, 3),
        (ModelError, 4),
        (FileError, 5),
        (DivergedError, 6),
        (StoppedError, 130),
    ],
)
def test_every_kind_of_error_has_its_exit_code(kind: type[RnncliError], expected: int) -> None:
    assert issubclass(kind, RnncliError)
    assert expected == kind.exit_code == kind("message").exit_code


def test_an_interrupt_has_the_exit_code_of_shells() -> None:
    assert 128 + 2 == errors.INTERRUPTED


@pytest.mark.parametrize(
    ("where", "hint", "expected"),
    [
        ("", "", "it broke"),
        ("a.tsv:3:1", "", "a.tsv:3:1: it broke"),
        ("", "mend it", "it broke\n  mend it"),
        ("a.tsv:3:1", "mend it", "a.tsv:3:1: it broke\n  mend it"),
    ],
)
def test_an_error_says_what_is_wrong_where_and_what_to_try(where: str, hint: str, expected: str) -> None:
    error = DataError("it broke", where=where, hint=hint)
    assert expected == str(error)
    assert ("it broke", where, hint) == (error.message, error.where, error.hint)


@pytest.mark.parametrize("kind", [RnncliError, *RnncliError.__subclasses__()])
def test_an_error_that_comes_from_another_process_says_the_same(kind: type[RnncliError]) -> None:
    error = kind("it broke", where="a.tsv:3:1", hint="mend it")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (kind, str(error), "mend it") == (type(other), str(other), other.hint)
