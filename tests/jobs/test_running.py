"""Lists of jobs: the same results at every place, and a second run that does only what is not done."""

import json
import os
import re
from collections import Counter
from hashlib import sha256
from pathlib import Path

import job_functions
import pytest

from rnncli.errors import DataError, FileError, ModelError, RnncliError, UsageError
from rnncli.jobs import Blob, Here, Job, Manifest, Processes, Shard, error_of, failure, run

PLACES = [Here(), Processes(2)]


def entries(folder: Path, name: str = "manifest.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.txt")}


def names(*outcomes: object) -> list[str]:
    return sorted(outcome.key for outcome in outcomes if outcome.is_new)


def test_every_place_gives_the_same_files_and_the_same_manifest(tmp_path):
    results = []
    for number, place in enumerate(PLACES):
        out = tmp_path / str(number)
        made = [job._replace(output=out / job.key) for job in job_functions.jobs(tmp_path, 7)]
        outcomes = list(run(reversed(made), out, place=place))
        assert Counter(outcome.key for outcome in outcomes) == Counter(job.key for job in made)
        lines = entries(out)
        for line in lines:
            del line["seconds"], line["output"]["path"], line["output"]["modified"]
        results.append((contents(out), lines))
    assert results[0] == results[1]
    assert results[0][0]["03.txt"] == b"TEXT NUMBER 3\n" * 4
    assert [line["key"] for line in results[0][1]] == [f"{number:02}.txt" for number in range(7)]
    assert results[0][1][3]["counts"] == {"letters": 56}


def test_an_entry_says_what_was_read_and_made(tmp_path):
    (job,) = job_functions.jobs(tmp_path, 1)
    list(run([job], tmp_path / "out"))
    (entry,) = entries(tmp_path / "out")
    assert entry["inputs"][0]["sha256"] == sha256(b"text number 0\n").hexdigest()
    assert entry["output"]["sha256"] == sha256(b"TEXT NUMBER 0\n").hexdigest()
    assert (entry["inputs"][0]["size"], entry["output"]["size"]) == (14, 14)
    assert entry["error"] is None
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", entry["version"])


def test_a_second_run_does_only_what_is_not_done(tmp_path):
    out = tmp_path / "out"
    made = job_functions.jobs(tmp_path, 6)
    assert len(names(*run(made, out))) == 6
    again = list(run(made, out))
    assert names(*again) == []
    assert len(again) == 6
    assert again[2].counts == {"letters": 42}
    (tmp_path / "in/01.txt").write_text("another text\n")
    (out / "02.txt").unlink()
    (out / "03.txt").write_text("half")
    made[4] = made[4]._replace(arguments={"seconds": 0.001})
    status = (tmp_path / "in/05.txt").stat()
    os.utime(tmp_path / "in/05.txt", ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))  # the same content
    assert names(*run(made, out)) == ["01.txt", "02.txt", "03.txt", "04.txt"]
    assert (out / "01.txt").read_text() == "ANOTHER TEXT\n"
    assert (out / "03.txt").read_text() == "TEXT NUMBER 3\n" * 4
    assert names(*run(made, out)) == []


def test_a_changed_input_of_the_same_size_is_done_again(tmp_path):
    made = job_functions.jobs(tmp_path, 2)
    list(run(made, tmp_path / "out"))
    (tmp_path / "in/00.txt").write_text("TEXT number 0\n"[::-1])
    assert names(*run(made, tmp_path / "out")) == ["00.txt"]


def test_a_changed_model_makes_another_job(tmp_path):
    model = tmp_path / "model"
    model.write_text("hello")
    made = [Job("a", "job_functions:greet", {"model": Blob.of(model)})]
    assert [outcome.counts["greeting"] for outcome in run(made, tmp_path)] == ["hello!"]
    (tmp_path / "moved").write_text("hello")
    moved = [Job("a", "job_functions:greet", {"model": Blob.of(tmp_path / "moved")})]
    assert [outcome.is_new for outcome in run(moved, tmp_path)] == [False]
    model.write_text("goodbye")
    made = [Job("a", "job_functions:greet", {"model": Blob.of(model)})]
    assert [outcome.counts["greeting"] for outcome in run(made, tmp_path)] == ["goodbye!"]


def test_a_model_is_loaded_once_in_a_process(tmp_path):
    model = tmp_path / "model"
    model.write_text("hello")
    made = [Job(str(number), "job_functions:greet", {"model": Blob.of(model)}) for number in range(8)]
    assert [outcome.counts["loads"] for outcome in run(made, tmp_path, place=Processes(1))] == [1] * 8


@pytest.mark.parametrize("place", PLACES, ids=["here", "processes"])
def test_a_model_with_another_content_is_refused(tmp_path, place):
    model = tmp_path / "model"
    model.write_text("hello")
    blob = Blob.of(model)
    model.write_text("HELLO")
    with pytest.raises(ModelError, match="SHA-256 differs") as caught:
        list(run([Job("a", "job_functions:greet", {"model": blob})], tmp_path, place=place))
    assert caught.value.where == str(model)


@pytest.mark.parametrize("place", PLACES, ids=["here", "processes"])
def test_faults_are_skipped_and_listed_and_tried_again(tmp_path, place):
    out = tmp_path / "out"
    made = job_functions.jobs(tmp_path, 5)
    good = (tmp_path / "in/02.txt").read_text()
    (tmp_path / "in/02.txt").write_text("poison")
    made += [Job("zero", "job_functions:divide", {"by": 0}), Job("nan", "job_functions:give", {"value": "nan"})]
    progress = []
    outcomes = list(run(made, out, place=place, on_error="skip", listener=progress.append))
    assert progress[-1].done == progress[-1].jobs == len(outcomes) == 7
    assert progress[-1].failed == 3
    assert progress[0].share == 0
    assert progress[-1].share == 1
    faults = {line["key"]: line for line in entries(out, "errors.jsonl")}
    assert list(faults) == ["02.txt", "nan", "zero"]
    assert faults["02.txt"] == {
        "key": "02.txt",
        "kind": "DataError",
        "message": "is poison",
        "where": str(tmp_path / "in/02.txt"),
        "hint": "do not drink it",
        "traceback": "",
    }
    assert faults["zero"]["kind"] == "ZeroDivisionError"
    assert "return {" in faults["zero"]["traceback"]
    assert faults["nan"]["kind"] == "ValueError"
    error = failure(outcomes, out)
    assert isinstance(error, DataError)
    assert error.message == "3 of 7 jobs failed, the first one is 02.txt"
    (tmp_path / "in/02.txt").write_text(good)
    assert names(*run(made[:5], out, place=place, on_error="skip")) == ["02.txt"]
    assert [line["key"] for line in entries(out, "errors.jsonl")] == ["nan", "zero"]
    assert failure(list(run(made[:5], out)), out) is None


@pytest.mark.parametrize(("place", "most_running"), [(PLACES[0], 0), (PLACES[1], 1)], ids=["here", "processes"])
def test_a_fault_ends_the_run_and_what_is_done_stays(tmp_path, place, most_running):
    out = tmp_path / "out"
    made = job_functions.jobs(tmp_path, 30)
    (tmp_path / "in/10.txt").write_text("poison")
    with pytest.raises(DataError, match="is poison"):
        list(run(made, out, place=place))
    done = {line["key"] for line in entries(out) if line.get("error", 1) is None}
    assert len({f"{number:02}.txt" for number in range(10)} - done) <= most_running  # as the fault came
    assert len(done) < 20
    assert contents(out).keys() >= done
    (tmp_path / "in/10.txt").write_text("no poi-son")
    assert set(names(*run(made, out, place=place))) == {job.key for job in made} - done


def test_an_unexpected_fault_names_its_job(tmp_path):
    made = [Job("zero", "job_functions:divide", {"by": 0})]
    with pytest.raises(
        RnncliError, match="zero: an unexpected error, ZeroDivisionError: division by zero"
    ) as error:
        list(run(made, tmp_path))
    assert error.value.exit_code == 1
    (outcome,) = run([Job("none", "job_functions:nothing", {})], tmp_path, on_error="skip")
    assert "nothing" in error_of(outcome).message


def test_a_missing_input_is_a_fault_of_its_job(tmp_path):
    (job,) = job_functions.jobs(tmp_path, 1)
    (tmp_path / "in/00.txt").unlink()
    with pytest.raises(FileError, match=r"00\.txt: no such file"):
        list(run([job], tmp_path / "out"))


def test_processes_use_one_thread_each(tmp_path):
    made = [Job(str(number), "job_functions:process", {"seconds": 0.2}) for number in range(4)]
    counts = [outcome.counts for outcome in run(made, tmp_path, place=Processes(2))]
    assert {count["threads"] for count in counts} == {1}
    assert {count["blas"] for count in counts} == {"1"}
    pids = {count["pid"] for count in counts}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_shards_share_the_jobs_and_see_each_other(tmp_path):
    out = tmp_path / "out"
    made = job_functions.jobs(tmp_path, 8)
    first = names(*run(reversed(made), out, shard=Shard.of("1/3")))
    third = names(*run(made, out, shard=Shard.of("3/3")))
    assert first == ["00.txt", "03.txt", "06.txt"]
    assert third == ["02.txt", "05.txt"]
    assert names(*run(made, out)) == ["01.txt", "04.txt", "07.txt"]
    assert names(*run(made, out, shard=Shard.of("2/3"))) == []
    files = ["manifest-1-of-3.jsonl", "manifest-2-of-3.jsonl", "manifest-3-of-3.jsonl", "manifest.jsonl"]
    assert sorted(path.name for path in out.glob("*.jsonl")) == files
    manifest = Manifest(out)
    assert all(manifest.done(job) for job in made)


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/0", "a/b", "-1/3", "1/3/5", "١/٣", ""])
def test_a_shard_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="K/N with K from 1 to N"):
        Shard.of(text)


def test_an_output_that_no_run_has_made_stays(tmp_path):
    out = tmp_path / "out"
    made = job_functions.jobs(tmp_path, 2)
    out.mkdir()
    (out / "01.txt").write_text("mine")
    with pytest.raises(FileError, match="is there already"):
        list(run(made, out))
    assert contents(out) == {"01.txt": b"mine"}
    assert names(*run(made, out, overwrite=True)) == ["00.txt", "01.txt"]


def test_jobs_that_disturb_each_other_are_refused(tmp_path):
    (job,) = job_functions.jobs(tmp_path, 1)
    with pytest.raises(UsageError, match="two jobs have one key"):
        list(run([job, job], tmp_path))
    with pytest.raises(UsageError, match="two jobs have one output"):
        list(run([job, job._replace(key="other")], tmp_path))
    with pytest.raises(FileError, match="is read and cannot be written too"):
        list(run([job._replace(output=job.inputs[0])], tmp_path))
    assert job.inputs[0].read_text() == "text number 0\n"


def test_a_second_run_at_the_same_time_is_refused(tmp_path):
    made = job_functions.jobs(tmp_path, 3)
    outcomes = run(made, tmp_path / "out")
    next(outcomes)
    with pytest.raises(FileError, match="writes it, since"):
        list(run(made, tmp_path / "out"))
    assert len(list(outcomes)) == 2
