"""How long real answers take, as measured, times a multiplier."""

from random import Random

_OTHER = 0.3  # seconds
_FRONT, _DEEP, _DEEP_PAGE = 1.2, 5.5, 1100
_EVENTS = 1.5
# One request of 434 ran into a read time-out of 30 s; the slowest answer took 41 s.
_STALL_SHARE, _STALL_FROM, _STALL_TO = 1 / 434, 28.0, 41.0


class Latency:
    """A delay for each answer, repeatable by seed and order of requests."""

    def __init__(self, multiplier: float, chance: Random) -> None:
        """Scale the measured delays; 0 is none at all."""
        self.multiplier, self._chance = multiplier, chance

    def seconds(self, path: str, depth: int) -> float:
        """Return the delay of an answer; `depth` is how many rows lie before its page."""
        if not self.multiplier:
            return 0.0
        wobble = self._chance.uniform(0.8, 1.2)
        return self.multiplier * wobble * self._measured(path, depth)

    def _measured(self, path: str, depth: int) -> float:
        if path.endswith("/stats/visitors"):
            return _FRONT + (_DEEP - _FRONT) * min(depth / 100 / _DEEP_PAGE, 1.0)
        if path.endswith("/stats/events"):
            if self._chance.random() < _STALL_SHARE:
                return self._chance.uniform(_STALL_FROM, _STALL_TO)
            return _EVENTS
        return _OTHER
