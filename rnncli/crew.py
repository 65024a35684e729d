"""Threads that share a list of jobs with the one that hands it out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Run = Callable[..., list[Any]]


@contextmanager
def of(threads: int) -> Iterator[Run]:
    """Yield ``run``, which works as ``list(map(function, *columns))`` on this many threads.

    The calling thread is one of them: a job costs no change of threads unless another one takes it.
    """
    if threads < 2:
        yield lambda function, *columns: list(map(function, *columns))
        return
    from concurrent.futures import ThreadPoolExecutor  # here, because labelling a sentence needs none

    def run(function: Callable[..., Any], *columns: Iterable[Any]) -> list[Any]:
        found: dict[int, Any] = {}
        jobs = enumerate(list(zip(*columns, strict=False)))

        def work() -> None:
            for number, arguments in jobs:  # taking one off a list is no two threads' at once
                found[number] = function(*arguments)

        helpers = [pool.submit(work) for _ in range(threads - 1)]
        work()
        for helper in helpers:
            helper.result()
        return [found[number] for number in range(len(found))]

    with ThreadPoolExecutor(threads - 1) as pool:
        yield run
