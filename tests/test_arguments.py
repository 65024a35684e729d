"""What is said of a file that does not exist."""

from pathlib import Path

import pytest

from rnncli.arguments import nearest_path, whole_number
from rnncli.config import NetworkSpec
from rnncli.errors import UsageError


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("train.tvs", "train.tsv"),
        ("trian.conll", "train.conllu"),
        ("test.tsv", "test.jsonl"),  # the same name with another suffix
        ("Train.tsv", "train.tsv"),
        ("dat/dev.tsv", "data/dev.tsv"),
        ("data/dve.tsv", "data/dev.tsv"),
        ("dat/missing.tsv", ""),
        ("zzz", ""),
        ("data/", ""),
        (".hidde", ""),
    ],
)
def test_the_nearest_name_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("train.tsv", "train.conllu", "test.jsonl", "data/dev.tsv", ".hidden"):
        (tmp_path / name).touch()
    assert expected == nearest_path(wanted)
    assert (str(tmp_path / expected) if expected else "") == nearest_path(tmp_path / wanted)


@pytest.mark.promise("limits")
@pytest.mark.parametrize("value", [10**5_000, [10**5_000]], ids=["number", "list"])
def test_a_number_that_python_cannot_write_is_refused_like_others(value):
    for refuse in (
        lambda: NetworkSpec(hidden=value),
        lambda: NetworkSpec(arch=value),
        lambda: whole_number("threads", [value], 0),
    ):
        with pytest.raises(UsageError, match="a number of too many digits"):
            refuse()
