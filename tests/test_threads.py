"""``threads`` means the same everywhere: 0 is one for each available CPU, and no more are started than that."""

import os
import subprocess
import sys

import pytest

from rnncli.errors import UsageError
from rnncli.threads import available_cpus, count_threads

ON_ONE_CPU = """
import os
from rnncli.threads import count_threads
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print([count_threads(asked) for asked in (0, 1, 2, 1000)])
"""


def test_no_more_threads_than_cpus():
    available = available_cpus()
    assert available >= 1
    for asked in range(1, 100):
        assert min(asked, available) == count_threads(asked)
    assert available == count_threads(0)


def test_only_cpus_that_this_process_may_use_count():
    child = subprocess.run([sys.executable, "-c", ON_ONE_CPU], capture_output=True, encoding="utf-8", check=True)
    assert ("[1, 1, 1, 1]\n" if hasattr(os, "sched_setaffinity") else "") == child.stdout


@pytest.mark.parametrize(
    ("text", "most"), [("100000 100000\n", 1), ("150000 100000\n", 2), ("1000 100000\n", 1), ("max 100000\n", None)]
)
def test_a_container_gets_no_more_threads_than_its_quota(text, most, tmp_path):
    (tmp_path / "cpu.max").write_text(text)
    unlimited = available_cpus(tmp_path / "no such file")
    assert min(unlimited, most or unlimited) == available_cpus(tmp_path / "cpu.max")


@pytest.mark.parametrize("asked", [-1, -1000, 1.0, 2.5, "2", None, True])
def test_what_is_no_number_of_threads_is_an_error(asked):
    with pytest.raises(UsageError, match="--threads: expected a whole number, got "):
        count_threads(asked)
