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
