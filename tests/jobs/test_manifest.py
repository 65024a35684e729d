"""The manifest: a line that a kill has cut is no entry, and every other damage is named."""

import job_functions
import pytest

from rnncli import writing
from rnncli.errors import DataError, FileError
from rnncli.jobs import run


def test_a_manifest_cut_at_any_byte_loses_only_the_entries_behind(tmp_path, long):
    out = tmp_path / "out"
    made = job_functions.jobs(tmp_path, 4)
    list(run(made, out))
    whole = (out / "manifest.jsonl").read_bytes()
    starts = [0, *(position + 1 for position, byte in enumerate(whole) if byte == ord("\n"))]
    for end in range(0, len(whole) + 1, 1 if long else 97):
        (out / "manifest.jsonl").write_bytes(whole[:end])
        kept = sum(start <= end for start in starts) - 1
        outcomes = list(run(made, out, overwrite=True))
        assert [outcome.is_new for outcome in sorted(outcomes)] == [False] * kept + [True] * (4 - kept), end
        assert (out / "manifest.jsonl").read_bytes().count(b"\n") == 4
        assert len(list(out.iterdir())) == 5


@pytest.mark.parametrize("line", [b"{}", b"[]", b"1", b"nonsense", b"\xff", b'{"key": "a"}', b"[" * 100_000])
def test_a_damaged_entry_is_named(tmp_path, line):
    made = job_functions.jobs(tmp_path, 2)
    list(run(made, tmp_path / "out"))
    path = tmp_path / "out/manifest.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(DataError, match=r"manifest\.jsonl:1: is no entry of a manifest"):
        list(run(made, tmp_path / "out"))


def test_lines_are_added_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "log"
    with writing.appending(path) as add:
        add("one")
        assert path.read_text() == "one\n"
        add("two\u2028")
    path.write_bytes(path.read_bytes() + b"cut" * 50_000)
    with writing.appending(path) as add:
        add("three")
    assert path.read_text() == "one\ntwo\u2028\nthree\n"
    with pytest.raises(FileError, match="could not be written"), writing.appending(tmp_path):
        pass


@pytest.mark.usefixtures("tmp_path")
def test_a_full_disk_leaves_no_part_of_a_line(tmp_path):
    import resource

    path = tmp_path / "log"
    with writing.appending(path) as add:
        add("one")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
        try:
            with pytest.raises(FileError, match="File too large"):
                add("a line that is longer")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.read_text() == "one\n"
        add("two")
    assert path.read_text() == "one\ntwo\n"
