"""Every root of a function on an interval: bracketed on a grid, then closed in upon."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def all_roots(function: Callable[[float], float], low: float, high: float, cells: int = 400) -> list[float]:
    """The sign changes of a continuous ``function`` on [low, high], to the last digits.

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
            roots.append(bracketed(function, left, right, f_left))
        left, f_left = right, f_right
    return [*roots, left] if f_left == 0 else roots


def sign_changes(function: Callable[[float], float], points: "NDArray[np.float64]", values: "NDArray[np.float64]") -> list[float]:
    """The roots of a function of which the ``values`` at rising ``points`` are known; of a run of zeros its two ends."""
    import numpy as np

    signs = np.sign(values)
    left, right = np.roll(signs, 1), np.roll(signs, -1)
    left[0], right[-1] = 1, 1  # the ends of the grid end a run too
    found = points[(signs == 0) & ((left != 0) | (right != 0))].tolist()
    for i in np.flatnonzero(signs[:-1] * signs[1:] < 0).tolist():
        found.append(bracketed(function, float(points[i]), float(points[i + 1]), float(values[i])))
    return sorted(found)


def bracketed(function: Callable[[float], float], low: float, high: float, f_low: float) -> float:
    """A sign change to the last digits: inverse quadratic interpolation where it is safe, else halves (Chandrupatla 1997)."""
    a, b, f_a, f_b = low, high, f_low, function(high)
    c, f_c, part = a, f_a, 0.5
    for _ in range(120):
        x = a + part * (b - a)
        f_x = function(x)
        if (f_x > 0) == (f_a > 0):
            c, f_c = a, f_a
        else:
            b, c, f_b, f_c = a, b, f_a, f_b
        a, f_a = x, f_x
        best = a if abs(f_a) < abs(f_b) else b
        near = (4e-16 * abs(best) + 1e-300) / abs(b - a) if b != a else 1.0
        if f_x == 0 or near > 0.5:
            return x if f_x == 0 else best
        part = min(max(_interpolated(a, b, c, (f_a, f_b, f_c)), near), 1 - near)
    return best


def _interpolated(a: float, b: float, c: float, values: tuple[float, float, float]) -> float:
    """Where between a (0) and b (1) the next point goes."""
    f_a, f_b, f_c = values
    if f_c == f_b:
        return 0.5
    x, y = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
    if not (y * y < x and (1 - y) ** 2 < 1 - x):
        return 0.5
    return f_a / (f_b - f_a) * f_c / (f_b - f_c) + (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (f_c - f_b)


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
