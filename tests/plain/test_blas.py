"""blas.py: one thread inside, what was set before outside, however many threads come and go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl

from rnncli.plain.blas import one_thread


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        assert {2} == threads()
    before = threads()
    yield
    assert before == threads()


def threads() -> set[int]:
    """Of NumPy's library, and of others, which Numba loads and nobody here uses."""
    return {each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"}


def test_products_take_one_thread_inside() -> None:
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        with one_thread():
            assert 1 in threads()
            with one_thread():
                assert 1 in threads()
            assert 1 in threads()
        assert {2} == threads()


def test_an_error_sets_it_back() -> None:
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert {2} == threads()


def test_many_threads_leave_it_as_it_was() -> None:
    def inside(_: int) -> bool:
        with one_thread():
            return 1 in threads()

    before = threads()
    with ThreadPoolExecutor(4) as pool:
        assert [True] * 60 == list(pool.map(inside, range(60)))
        assert before == threads()
    assert before == threads()


def test_where_the_command_line_has_set_it_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    with threadpoolctl.threadpool_limits(2, user_api="blas"), one_thread():
        assert {2} == threads()
