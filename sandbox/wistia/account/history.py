"""The predecessor's published figures, exact where published, invented in between."""

from typing import NamedTuple

# The visitor counts of its three runs were 110,471, then 4 new an hour later, then 24 new a day
# after the first.
VISITORS = 110_471
SECOND_RUN = {"new": 4, "hours": 1}
THIRD_RUN = {"new": 24, "hours": 23}


class Curve(NamedTuple):
    """One cell a second: both ends and the sum as published."""

    first: tuple[int, ...]
    last: tuple[int, ...]
    points: int
    total: int

    def cells(self) -> list[int]:
        """Return the whole curve, falling smoothly between its ends, with the published sum."""
        inner = self.points - len(self.first) - len(self.last)
        target = self.total - sum(self.first) - sum(self.last)
        return [*self.first, *falling(self.first[-1], self.last[0], inner, target), *self.last]


class Figures(NamedTuple):
    """What one video's statistics say; `engagement` is a share, exact at six digits.

    `unique_plays` is `play_rate * visitors`, a whole number in every real answer.
    """

    load_count: int
    play_count: int
    visitors: int
    unique_plays: int
    engagement: float
    engagement_curve: Curve
    rewatch_curve: Curve


PUBLISHED = {
    "gskhw4w4lm": Figures(
        load_count=111_166,
        play_count=16_681,
        visitors=104_556,
        unique_plays=16_201,
        engagement=0.167007,
        engagement_curve=Curve(
            first=(16_108, 9_796, 9_394, 8_996, 8_649),
            last=(1_790, 1_785, 1_780, 1_754, 2_060),
            points=436,
            total=1_297_210,
        ),
        rewatch_curve=Curve(
            first=(1_542, 663, 629, 570, 542),
            last=(53, 52, 52, 48, 133),
            points=436,
            total=57_850,
        ),
    ),
    "v08dlrgr7v": Figures(
        load_count=110_735,
        play_count=43_810,
        visitors=94_643,
        unique_plays=41_173,
        engagement=0.500445,
        engagement_curve=Curve(
            first=(45_074, 40_660, 40_227, 39_499, 38_867),
            last=(15_529, 15_386, 15_225, 14_965, 15_719),
            points=436,
            total=10_103_978,
        ),
        rewatch_curve=Curve(
            first=(4_645, 2_517, 2_502, 2_390, 2_286),
            last=(440, 436, 414, 400, 738),
            points=436,
            total=435_865,
        ),
    ),
}
PUBLISHED_DURATION = 435.456


def falling(high: int, low: int, points: int, total: int) -> list[int]:
    """Return `points` whole numbers from at most `high` to at least `low` that sum to `total`.

    The steepness is searched until rounding down leaves less than one a cell; that rest goes to
    the first cells, so the curve still never rises.

    Raises:
        ValueError: No such curve exists.
    """
    if points == 0 and total == 0:
        return []
    if not low * points <= total <= high * points:
        raise ValueError(f"{points} cells between {low} and {high} cannot sum to {total}")
    gentle, steep = 1e-6, 1e6
    for _ in range(60):
        power = (gentle * steep) ** 0.5
        if sum(_power_curve(high, low, points, power)) > total:
            gentle = power
        else:
            steep = power
    cells = [int(cell) for cell in _power_curve(high, low, points, steep)]
    rest = total - sum(cells)
    return [cell + (place < rest) for place, cell in enumerate(cells)]


def _power_curve(high: int, low: int, points: int, power: float) -> list[float]:
    span = max(points, 1)
    return [low + (high - low) * (1 - (place + 0.5) / span) ** power for place in range(points)]
