"""Memory that is used again: what is handed out does not overlap, and is handed out anew after clearing."""

import numpy as np

from rnncli.network.arena import Arena


def test_arrays_do_not_overlap_and_are_handed_out_again():
    arena = Arena()
    for _ in range(3):
        a, b = arena.empty((3, 5), np.float32), arena.empty(7, np.float64)
        c = arena.like(a)
        for number, array in enumerate((a, b, c)):
            array[...] = number
        assert [{0.0}, {1.0}, {2.0}] == [set(array.ravel().tolist()) for array in (a, b, c)]
        assert ((3, 5), (7,), np.float32, np.float64) == (c.shape, b.shape, c.dtype, b.dtype)
        arena.clear()
    assert np.shares_memory(a, arena.empty((3, 5), np.float32))


def test_more_than_there_is_room_for_is_given_all_the_same():
    arena = Arena()
    arena.empty(10, np.float64)
    arena.clear()
    first, second = arena.empty(10, np.float64), arena.empty(1000, np.float64)
    first[:], second[:] = 1, 2
    assert (1, 2) == (first.max(), second.min())
    assert np.ascontiguousarray(second).flags.c_contiguous


def test_nothing_takes_no_room():
    assert (0, 4) == Arena().empty((0, 4), np.float32).shape
