"""``threads`` means the same everywhere: 0 is one for each available CPU, and no more are started than that."""

import os
import subprocess
import sys

import pytest

import rnncli
from rnncli import evaluation
from rnncli.data import reading
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


V1 = "7:memory:/m\n4:cpu,cpuacct:/a/b\n0::/\n"
# The file of the process's groups, the files of limits below sys/fs/cgroup, and how many CPUs they leave.
GROUPS = {
    "no group": ("", {}, None),
    "one": ("0::/", {"cpu.max": "100000 100000\n"}, 1),
    "one and a half": ("0::/", {"cpu.max": "150000 100000\n"}, 2),
    "a hundredth": ("0::/", {"cpu.max": "1000 100000\n"}, 1),
    "no limit": ("0::/", {"cpu.max": "max 100000\n"}, None),
    "not a number": ("0::/", {"cpu.max": "\n"}, None),
    "proc is not mounted": ("", {"cpu.max": "100000 100000\n"}, 1),
    "below the top": ("0::/a/b\n", {"a/b/cpu.max": "100000 100000\n"}, 1),
    "of a group above": ("0::/a/b\n", {"a/cpu.max": "100000 100000\n", "a/b/cpu.max": "max 100000\n"}, 1),
    "of another group": ("0::/a/b\n", {"a/c/cpu.max": "100000 100000\n"}, None),
    "the name of another machine's group": ("0::/docker/1\n", {"cpu.max": "100000 100000\n"}, 1),
    "version 1": (V1, {"cpu/a/b/cpu.cfs_quota_us": "50000\n", "cpu/a/b/cpu.cfs_period_us": "100000\n"}, 1),
    "version 1, above": (V1, {"cpu/a/cpu.cfs_quota_us": "100000\n", "cpu/a/cpu.cfs_period_us": "100000\n"}, 1),
    "version 1, no limit": (V1, {"cpu/a/b/cpu.cfs_quota_us": "-1\n", "cpu/a/b/cpu.cfs_period_us": "1\n"}, None),
}


@pytest.mark.promise("environments")
@pytest.mark.parametrize(("groups", "limits", "most"), GROUPS.values(), ids=GROUPS)
def test_a_container_gets_no_more_threads_than_its_quota(groups, limits, most, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    for name, text in {f"sys/fs/cgroup/{name}": text for name, text in limits.items()}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if groups:
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text(groups)
    assert available_cpus(tmp_path) == (most or 16)


def test_a_system_without_affinity_has_all_its_cpus(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cpus(tmp_path) == 1


@pytest.mark.parametrize("asked", [-1, -1000, 1.0, 2.5, "2", None, True])
def test_what_is_no_number_of_threads_is_an_error(asked):
    with pytest.raises(UsageError, match="threads: expected a whole number of at least 0, got "):
        count_threads(asked)


SMALL = {"hidden": 4, "embedding": 4, "ngram": 4, "epochs": 2}


def test_training_takes_any_number_of_threads_and_makes_one_model(booking_tsv, tmp_path):
    made = {rnncli.train(booking_tsv, out=tmp_path / "m.npz", threads=n, **SMALL).sha256 for n in (0, 1, 3, 1000)}
    assert 1 == len(made)


def test_labelling_takes_any_number_of_threads_and_gives_one_result(trained, booking_tsv):
    sentences = reading.read(str(booking_tsv)).sentences * 20
    expected = list(rnncli.load(trained.path).stream_sentences(sentences))
    scores = evaluation.evaluate(trained.model, sentences)
    for threads in (0, 3, 1000):
        assert expected == list(rnncli.load(trained.path, threads).stream_sentences(sentences))
        assert scores == evaluation.evaluate(trained.model, sentences, threads)


def test_a_number_of_threads_below_0_is_refused_before_anything_is_read(trained, tmp_path):
    with pytest.raises(UsageError, match="threads: expected"):
        rnncli.train(tmp_path / "no such file", out=tmp_path / "m.npz", threads=-1)
    with pytest.raises(UsageError, match="threads: expected"):
        rnncli.load(trained.path, threads=-1)
