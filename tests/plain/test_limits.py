"""limits.py: numbers that can be computed with, and all others."""

import numpy as np
import pytest

from rnncli.plain.limits import LARGEST, TooLargeError, check


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2e37, -2e37])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 3)])
def test_the_first_row_is_named_that_cannot_be_computed_with(shape: tuple[int, ...], bad: float) -> None:
    sound, unsound = np.ones(shape, np.float32), np.ones(shape, np.float32)
    unsound[3:] = bad
    with pytest.raises(TooLargeError) as caught:
        check(sound, unsound)
    assert (3, 4) == (caught.value.row, caught.value.exit_code)


def test_large_numbers_and_none_at_all_are_sound() -> None:
    check(np.array([LARGEST, -LARGEST, 0]), np.empty((0, 4), np.float32), np.empty((3, 0)))
