"""How much memory there is: simulated systems, a real limit, and what is said."""

import math
import subprocess
import sys

import pytest

from rnncli import memory
from rnncli.errors import UsageError

GB = 10**9
MEMINFO = "MemTotal: 9000000 kB\nMemFree: 1000 kB\nMemAvailable: 8000000 kB\n"


def system(root, meminfo=MEMINFO, group="0::/", files=()):
    """A folder with the files of a Linux system."""
    contents = {"proc/meminfo": meminfo, "proc/self/cgroup": group, **dict(files)}
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    return root


CASES = {
    "no such files": ({"meminfo": "", "group": ""}, math.inf),
    "the machine": ({}, 8.192 * GB),
    "with swap": ({"meminfo": MEMINFO + "SwapFree: 1000000 kB"}, 9.216 * GB),
    "group of version 2": (
        {"files": {"sys/fs/cgroup/memory.max": str(2 * GB), "sys/fs/cgroup/memory.stat": f"anon {GB}\nfile 7"}},
        GB,
    ),
    "no limit": ({"files": {"sys/fs/cgroup/memory.max": "max"}}, 8.192 * GB),
    "a group above": (
        {
            "group": "0::/a/b",
            "files": {"sys/fs/cgroup/a/memory.max": str(3 * GB), "sys/fs/cgroup/a/b/memory.max": "max"},
        },
        3 * GB,
    ),
    "the name of another machine's group": (
        {"group": "0::/docker/123", "files": {"sys/fs/cgroup/memory.max": str(2 * GB)}},
        2 * GB,
    ),
    "group of version 1": (
        {
            "group": "7:cpu:/x\n4:memory:/m\n0::/",
            "files": {
                "sys/fs/cgroup/memory/m/memory.limit_in_bytes": str(2 * GB),
                "sys/fs/cgroup/memory/m/memory.stat": f"rss 5\ntotal_rss {GB // 2}",
            },
        },
        1.5 * GB,
    ),
    "no limit of version 1": (
        {"group": "4:memory:/", "files": {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}},
        8.192 * GB,
    ),
    "more used than allowed": (
        {"files": {"sys/fs/cgroup/memory.max": "5", "sys/fs/cgroup/memory.stat": "anon 9"}},
        0,
    ),
    "nonsense": ({"meminfo": "MemAvailable: many kB\n\x00", "files": {"sys/fs/cgroup/memory.max": "²"}}, math.inf),
}


@pytest.mark.promise("limits")
@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_available_memory(tmp_path, files, expected):
    assert memory.available(system(tmp_path, **files)) == expected


@pytest.mark.promise("limits")
def test_a_limit_of_the_address_space():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30));"
        "from rnncli import memory; print(memory.available())"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert (1 << 30) - (200 << 20) < float(printed) < (1 << 30) - (5 << 20)


def test_what_fits_is_not_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1_000.0)
    memory.check(1_000, "this", "")
    with pytest.raises(UsageError) as raised:
        memory.check(1_001, "this", "lower --hidden")
    assert str(raised.value) == (
        "this would take at least 1.001 kB of memory, and 1 kB are available\n  lower --hidden"
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (1_640_000_000, "1.64 GB"), (10**30, "1,000 EB")],
)
def test_sizes(count, text):
    assert memory.size(count) == text
