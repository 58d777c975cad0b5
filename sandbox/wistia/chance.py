"""Repeatable chance: the same seed and the same names give the same numbers on every machine."""

from hashlib import blake2b
from random import Random

_WORD = (1 << 64) - 1


def stream(*names: object) -> Random:
    """Return a generator of its own for the thing that these names describe."""
    return Random("/".join(map(str, names)))  # noqa: S311 - invented data, not a secret


def fraction(seed: int, number: int, purpose: int) -> float:
    """Return a number in [0, 1) for one visitor and one purpose, in a microsecond.

    Splitmix64's finaliser: good enough to look random, cheap enough for a scan of candidates.
    """
    word = (number * 0x9E3779B97F4A7C15 + purpose * 0xD1B54A32D192ED03 + seed) & _WORD
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
    return ((word ^ (word >> 31)) >> 11) / (1 << 53)


def digest(size: int, *names: object) -> str:
    """Return 2 * `size` hexadecimal digits for these names."""
    return blake2b(repr(names).encode(), digest_size=size).hexdigest()
