"""Every root of a function on an interval: bracketed on a grid, then bisected."""

from collections.abc import Callable


def all_roots(function: Callable[[float], float], low: float, high: float, cells: int = 400) -> list[float]:
    """The sign changes of a continuous ``function`` on [low, high], to about 1e-12 of the interval.

    Two roots inside one of the ``cells`` are not seen; choose cells finer than the features of the function.
    """
    step = (high - low) / cells
    roots: list[float] = []
    left, f_left = low, function(low)
    for i in range(1, cells + 1):
        right = low + i * step
        f_right = function(right)
        if f_left == 0:
            roots.append(left)
        elif f_left * f_right < 0:
            roots.append(_bisect(function, left, right, f_left))
        left, f_left = right, f_right
    return [*roots, left] if f_left == 0 else roots


def _bisect(function: Callable[[float], float], low: float, high: float, f_low: float) -> float:
    for _ in range(80):
        middle = 0.5 * (low + high)
        if (value := function(middle)) == 0:
            return middle
        if (value < 0) == (f_low < 0):
            low, f_low = middle, value
        else:
            high = middle
    return 0.5 * (low + high)


def crossing(function: Callable[[float], float], left: tuple[float, float], right: tuple[float, float], tolerance: float = 1e-10) -> float:
    """The one sign change between two points (x, value) of opposite sign, in few calls of a costly function.

    False position with the older end's value halved when it stays (Illinois; Dowell and Jarratt 1971).
    """
    (a, f_a), (b, f_b) = left, right
    if f_b == 0:
        return b
    for _ in range(100):
        middle = b - f_b * (b - a) / (f_b - f_a)
        value = function(middle)
        if value == 0 or abs(b - a) <= tolerance or abs(middle - b) <= 0.1 * tolerance:
            return middle
        if value * f_b < 0:
            a, f_a = b, f_b
        else:
            f_a *= 0.5
        b, f_b = middle, value
    return b
