"""Masks have the right rate, no pattern, and depend on their key alone."""

import numpy as np
import pytest

from rnncli.kernels.dropout import drop
from rnncli.kernels.parallel import SERIAL


def mask(key, rate=0.5, count=200_000):
    out = np.full((count // 100, 100), np.nan, np.float32)
    drop(SERIAL, np.uint32(key), rate, np.ones_like(out), out)
    return out.reshape(-1)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_dropped_is_the_rate_and_the_mean_is_one(rate):
    m = mask(7, rate)
    assert abs((m == 0).mean() - rate) < 0.005
    assert set(np.unique(m)) == {np.float32(0), np.float32(1 / (1 - rate))}
    assert abs(m.mean() - 1) < 0.02


def test_a_mask_is_a_function_of_its_key():
    assert (mask(3) == mask(3)).all()


@pytest.mark.parametrize("other", [4, 3 + 2**16, 2**32 - 1])
def test_masks_of_different_keys_are_independent(other):
    both = ((mask(3) == 0) & (mask(other) == 0)).mean()
    assert abs(both - 0.25) < 0.005


@pytest.mark.parametrize("lag", [1, 2, 16, 128, 256])
def test_elements_of_a_mask_are_independent(lag):
    dropped = mask(5) == 0
    assert abs((dropped[lag:] & dropped[:-lag]).mean() - 0.25) < 0.005


def test_what_is_kept_is_scaled_and_may_stay_where_it_was():
    x = np.arange(1.0, 201).reshape(2, 100)
    out, m = np.full_like(x, np.nan), mask(9, 0.75, 200).reshape(2, 100)
    drop(SERIAL, np.uint32(9), 0.75, x, out)
    assert (m * x).tolist() == out.tolist()
    drop(SERIAL, np.uint32(9), 0.75, x, x)
    assert x.tolist() == out.tolist()
