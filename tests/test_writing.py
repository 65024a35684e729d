"""writing: the file at a path is the old whole one or the new whole one."""

from pathlib import Path

from rnncli import writing
from rnncli.writing import MODEL, Output


def test_a_place_that_can_be_written_is_left_empty(tmp_path: Path) -> None:
    writing.check([Output("--out", tmp_path / "new" / "folder" / "model.npz", MODEL)], {})
    assert [] == list(tmp_path.iterdir())
