"""All parts of the work on a queue are done once, with any number of workers, whenever they read the queue."""

import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data.batch import pack
from rnncli.kernels import atomic, parallel


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


@contextmanager
def workers(queue, number):
    """Threads that do parts 1, 2, … of the work on a queue while the block runs."""
    is_over = threading.Event()

    def work(own):
        while not is_over.is_set():
            parallel.work(queue, own, 100)

    threads = [threading.Thread(target=work, args=[own]) for own in range(1, number + 1)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("number", [1, 3])
def test_workers_do_no_part_twice_and_leave_none_out(number):
    """20,000 kernel calls, between which workers stop to read the queue and threads are interrupted."""
    queue, calls = parallel.work_queue(number + 1), 20_000
    done = np.zeros(number + 2, np.int64)
    with workers(queue, number):
        for call in range(calls):
            count(queue, done, call % 7)
            if call % 1000 == 0:
                time.sleep(0.001)
    expected = sum(call % 7 for call in range(calls))
    assert [expected] * (number + 1) + [number + 1] == done.tolist()


def test_work_has_at_least_one_part():
    for parts in (0, -1):
        with pytest.raises(ValueError, match=f"into {parts} parts"):
            parallel.work_queue(parts)


@parallel.parallel
def fail(part, parts, failing, size, done):
    """Note that a part was done, unless it is among those that fail: all, if below 0."""
    if failing in (part, -1):
        if size == 0:
            raise ZeroDivisionError("no size")
        done[part] += np.empty(size)[0]
    done[part] += 1


@pytest.mark.parametrize(("size", "error"), [(0, ZeroDivisionError), (2**50, MemoryError)])
@pytest.mark.parametrize("failing", [0, 1, 2, -1])
@pytest.mark.parametrize("number", [0, 2])
def test_the_caller_raises_what_a_part_raises_after_the_others_are_done(failing, size, error, number):
    """Whichever thread does the part that fails; the next call on the same queue works."""
    queue = parallel.work_queue(3)
    with workers(queue, number):
        for _ in range(100):
            done = np.zeros(3, np.int64)
            with pytest.raises(error):
                fail(queue, failing, size, done)
            expected = [0 if failing in (part, -1) else 1 for part in range(3)]
            assert expected == done.tolist()
            fail(queue, 3, size, done)
            assert [before + 1 for before in expected] == done.tolist()


def test_a_call_without_a_queue_of_its_own_raises_too():
    done = np.zeros(1, np.int64)
    with pytest.raises(MemoryError):
        fail(parallel.SERIAL, 0, 2**50, done)
    fail(parallel.SERIAL, 1, 2**50, done)
    assert [1] == done.tolist()


@parallel.parallel
def wait_for_the_other(part, parts, begun, most_spins):
    """Part 0 waits until part 1 has begun, for so long."""
    begun[part] = 1
    spins = 0
    while part == 0 and begun[1] == 0 and spins < most_spins:
        spins += 1
        atomic.yield_processor()
    if part == 0:
        begun[2] = begun[1]


def test_parts_are_done_at_the_same_time():
    """Part 0 sees that part 1 begins, so another thread does it; without workers, part 0 waits in vain."""
    queue = parallel.work_queue(2)
    alone = np.zeros(3, np.int64)
    wait_for_the_other(queue, alone, 1)
    assert [1, 1, 0] == alone.tolist()
    together = np.zeros(3, np.int64)
    with workers(queue, 1):
        wait_for_the_other(queue, together, sys.maxsize)
    assert [1, 1, 1] == together.tolist()


def test_a_kernel_keeps_its_name_and_its_docstring():
    assert ("count", count.__doc__) == (count.__name__, "Note that a part was done, and as how many.")


@given(st.integers(0, 500), st.integers(1, 40), st.sampled_from([1, 4, 16]))
def test_shares_are_everything_in_order_and_in_whole_units(count, parts, unit):
    shares = [parallel.share(part, parts, count, unit) for part in range(parts)]
    assert [0, *(end for _, end in shares)] == [*(first for first, _ in shares), count]
    assert all(first % unit == 0 for first, end in shares if first < end)
    assert max(end - first for first, end in shares) <= (-(-count // unit) // parts + 1) * unit


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 5), st.sampled_from([1, 8]))
def test_shares_of_sentences_are_everything_in_order(lengths, parts, unit):
    starts = np.cumsum([0, *lengths])
    packed = pack(starts, np.arange(len(lengths)))
    shares = [parallel.share_of_sentences(part, parts, packed.offsets, unit) for part in range(parts)]
    assert [0, *(end for _, end in shares)] == [*(first for first, _ in shares), sum(n > 0 for n in lengths)]
    ordered = np.sort(lengths)[::-1]
    most = max(int(ordered[first:end].sum()) for first, end in shares)
    assert most <= sum(lengths) / parts + int(ordered[:unit].sum())
