"""Threads take jobs from one list; what comes back is in the order of the list."""

import threading
import time

import pytest

from rnncli import crew


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_jobs(threads):
    def job(number, wait):
        time.sleep(wait)
        return number

    with crew.of(threads) as run:
        assert [] == run(job, [], [])
        for _ in range(20):
            assert list(range(6)) == run(job, iter(range(6)), (w for w in [0.002, 0, 0.001, 0, 0, 0.003]))


def test_two_threads_work_at_once_and_the_calling_one_is_among_them():
    meeting = threading.Barrier(2, timeout=20)

    def job(_):
        meeting.wait()
        return threading.get_ident()

    with crew.of(2) as run:
        found = run(job, range(2))
    assert len(set(found)) == 2
    assert threading.get_ident() in found


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_any_job_reaches_the_caller(threads):
    def job(number):
        if number == 3:
            raise ValueError("third")

    with crew.of(threads) as run, pytest.raises(ValueError, match="third"):
        run(job, range(9))
