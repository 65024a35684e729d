"""Work on a queue is done once, all of it, whoever comes to help and whenever."""

import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data.batch import pack
from rnncli.kernels import parallel


@parallel.parallel
def count(part, parts, done, number):
    """Note that a part was done, and as how many."""
    done[part] += number
    done[-1] = parts


@pytest.mark.parametrize("parts", [1, 2, 5, parallel.MOST_PARTS, 1000])
def test_the_caller_alone_does_every_part_once(parts):
    queue, done = parallel.work_queue(parts), np.zeros(1001, np.int64)
    for number in (1, 10, 100):
        count(queue, done, number)
    parts = min(parts, parallel.MOST_PARTS)
    assert [111] * parts + [0] * (1000 - parts) + [parts] == done.tolist()


@pytest.mark.parametrize("helpers", [1, 3])
def test_helpers_do_no_part_twice_and_leave_none_out(helpers):
    """20,000 pieces of work, between which helpers fall asleep and threads are interrupted."""
    queue, over, rounds = parallel.work_queue(helpers + 1), threading.Event(), 20_000
    took = np.zeros(helpers + 2, np.int64)

    def work(own):
        while not over.is_set():
            parallel.work(queue, own, 100)

    threads = [threading.Thread(target=work, args=[own]) for own in range(1, helpers + 1)]
    for thread in threads:
        thread.start()
    for number in range(rounds):
        count(queue, took, number % 7)
        if number % 1000 == 0:
            time.sleep(0.001)
    over.set()
    for thread in threads:
        thread.join()
    expected = sum(number % 7 for number in range(rounds))
    assert [expected] * (helpers + 1) + [helpers + 1] == took.tolist()


@parallel.parallel
def wait_for_the_other(part, parts, begun, spins):
    """Part 0 waits until part 1 has begun, for so long."""
    begun[part] = 1
    looks = 0
    while part == 0 and begun[1] == 0 and looks < spins:
        looks += 1
        parallel._yield_processor()
    if part == 0:
        begun[2] = begun[1]


def test_parts_are_done_at_the_same_time():
    """Part 0 sees part 1 begin, so somebody else has done it meanwhile; alone, it waits in vain."""
    queue, over = parallel.work_queue(2), threading.Event()
    alone = np.zeros(3, np.int64)
    wait_for_the_other(queue, alone, 1)
    assert [1, 1, 0] == alone.tolist()

    def work():
        while not over.is_set():
            parallel.work(queue, 1, 10_000)

    helper = threading.Thread(target=work)
    helper.start()
    together = np.zeros(3, np.int64)
    wait_for_the_other(queue, together, sys.maxsize)
    over.set()
    helper.join()
    assert [1, 1, 1] == together.tolist()


def test_a_kernel_keeps_its_name_and_its_words():
    assert ("count", count.__doc__) == (count.__name__, "Note that a part was done, and as how many.")


@given(st.integers(0, 500), st.integers(1, 40), st.sampled_from([1, 4, 16]))
def test_shares_are_everything_in_order_and_in_whole_units(things, parts, unit):
    found = [parallel.share(part, parts, things, unit) for part in range(parts)]
    assert [0, *(end for _, end in found)] == [*(first for first, _ in found), things]
    assert all(first % unit == 0 for first, end in found if first < end)
    assert max(end - first for first, end in found) <= (-(-things // unit) // parts + 1) * unit


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 5), st.sampled_from([1, 8]))
def test_shares_of_sentences_are_everything_in_order(lengths, parts, unit):
    starts = np.cumsum([0, *lengths])
    packed = pack(starts, np.arange(len(lengths)))
    found = [parallel.share_of_sentences(part, parts, packed.offsets, unit) for part in range(parts)]
    assert [0, *(end for _, end in found)] == [*(first for first, _ in found), sum(n > 0 for n in lengths)]
    ordered = np.sort(lengths)[::-1]
    most = max(int(ordered[first:end].sum()) for first, end in found)
    assert most <= sum(lengths) / parts + int(ordered[:unit].sum())
