"""What the tables of scores and seconds are made from."""

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import accuracy
import datasets
import numpy as np
import report
import significance
import time_to_score


def run(name: str, seed: int, correct: int, seconds: float) -> dict[str, object]:
    counts = significance.pack(np.array([(correct, 10, 10)] * 20))
    return {
        "row": name, "set": "atis", "seed": seed, "test": correct / 10, "dev": 0.5, "seconds": seconds,
        "bytes": 2_000_000, "curve": [[1.5, 0.1, 0.2], [3.5, 0.4, correct / 10]], "counts": counts,
    }  # fmt: skip


def test_a_score_is_passed_by_the_first_epoch_that_reaches_it_or_by_the_end() -> None:
    record = {"curve": [[1.0, 0.5, 0.6], [2.0, 0.7, 0.8], [3.0, 0.7, 0.75]], "seconds": 4.0, "test": 0.9}
    reached = [time_to_score.passed(record, score) for score in (0.5, 0.7, 0.8000001, 0.85, 0.91)]
    assert [1, 2, 2, 4, math.inf] == reached


def test_the_tables_compare_means_of_seeds_and_medians_of_seconds() -> None:
    records = [run("default", seed, 8 + seed % 2, 10.0 * seed) for seed in (1, 2, 3)]
    records += [run("earlier version", seed, 7, 100.0) for seed in (1, 2)] + [run("CRFsuite", 1, 7, 5.0)]
    default, crf = accuracy.full(records, ["atis"], ["default", "CRFsuite"])
    assert ("86.67 ± 5.77", "20", "2.0", "3") == tuple(
        default[head] for head in ("test, %", "training, s", "model, MB", "seeds")
    )
    assert crf["default is above by [95 %]"].startswith("+16.67 [")
    [peers] = time_to_score.peers(records)
    assert ("70.00", "5", "4") == tuple(
        peers[head] for head in ("CRFsuite", "CRFsuite, s", "rnncli passes CRFsuite after, s")
    )
    [versions] = time_to_score.versions(records)  # of the seeds that both have
    assert ("70.00", "85.00", "0.15", "2") == tuple(versions[head] for head in ("earlier", "now", "ratio", "seeds"))


def test_a_small_set_is_the_same_part_of_the_shuffled_file(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    sentences = [[[f"w{number}", "B-x"], ["y", "O"]] for number in range(50)]
    datasets.write(path, sentences)
    assert sentences == datasets.read(path)
    assert Counter(map(str, sentences)) == Counter(map(str, datasets.shuffled(path)))
    assert sentences != datasets.shuffled(path) == datasets.shuffled(path)


def test_programs_that_add_to_one_file_at_the_same_time_lose_no_run(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    with ThreadPoolExecutor(4) as pool:  # each call opens the lock anew, as a process does
        list(pool.map(lambda number: report.add(path, "title", {"number": number}), range(24)))
    assert list(range(24)) == sorted(record["number"] for record in report.saved(path))
