"""writing.py: the file at a path is the old whole one or the new whole one."""

from pathlib import Path

from rnncli import writing


def test_a_place_that_can_be_written_is_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "model.npz"
    writing.check_writable(path)
    assert [] == list(tmp_path.iterdir())
