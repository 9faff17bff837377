import pytest

from memory.sentences import counted, number


@pytest.mark.parametrize(
    ("value", "figures", "written"),
    [
        (13_420.0, 4, "13,420"), (5.7401, 4, "5.74"), (0.0000123, 4, "0.0000123"), (-161_040.4, 4, "-161,040"), (0.0, 4, "0"),
        (999.95, 4, "1,000"), (28_180_000_000.0, 6, "28,180,000,000"), (12_345.67, 6, "12,345.7"), (1e-12, 4, "0.000000000001"),
    ],
)  # fmt: skip
def test_a_number_is_never_a_power_of_ten(value, figures, written):
    assert number(value, figures) == written


def test_a_number_comes_with_its_noun():
    assert [counted(n, "post") for n in (0, 1, 2)] == ["0 posts", "1 post", "2 posts"]
    assert [counted(n, "thesis", "theses") for n in (1, 25)] == ["1 thesis", "25 theses"]
