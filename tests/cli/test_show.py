"""What is drawn lies where its logarithm says."""

import pytest

from rnncli.cli import show


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1e-4, 1e-2, 1e0), "├───●───┤"),
        ((1e-2, 1e-2, 1e-2), "    ●"),
        ((0.0, 1e-3, 1e-1), "├─●───┤"),
        ((1e-9, 1e-8, 1e-7), "●"),  # below the scale
        ((0.0, 0.0, 0.0), ""),
    ],
)
def test_a_value_and_its_spread_on_a_logarithmic_scale(values, expected):
    assert expected == show.reach(*values, -4, 0, 9)


def test_a_row_has_a_height_for_each_power_of_ten():
    assert "█▆▅▁▁ ▁ " == show.logarithms([1.0, 1e-2, 1e-3, 1e-7, 1e-30, 0.0, 5e-8, None], -7, 0).plain


def test_where_there_is_no_terminal_a_line_tells_how_far_it_is_and_lines_become_rare(monkeypatch, capsys):
    now = iter([100.0, 101.0, 110.0, 115.0, 121.0, 139.0, 200.0])  # when it begins, and at every update
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    with show.progress() as progress:
        for done in (0.01, 0.1, 0.15, 0.2, 0.3, 1.0):
            progress.update(done, "epoch 1")
    assert ["10 % after 10 s: epoch 1", "20 % after 21 s: epoch 1", "100 % after 100 s: epoch 1"] == (
        capsys.readouterr().err.splitlines()
    )
