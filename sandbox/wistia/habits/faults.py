"""Faults on request: what to break, for which requests, how often."""

from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

Kind = Literal[
    "429",
    "500",
    "502",
    "503",
    "retry_after_date",
    "scope",
    "reset",
    "truncate",
    "slow",
    "hang",
    "html",
    "malformed",
    "wrong_type",
    "missing_key",
    "unknown_field",
    "not_json_object",
    "unsorted",
    "duplicate",
    "empty",
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass
class Fault:
    """One order to break answers.

    `path` is an address under the base URL, or its beginning with a `*` at the end; `page`
    narrows it. It strikes `times` times (once unless told, without end when `times` is null or
    only a `rate` is given), each time with the chance `rate`. `seconds` is Retry-After or how
    long a slow body takes; `field` and `record` say what of a list's record is spoilt, and
    `value` with what a wrong type is made.
    """

    path: str
    kind: Kind
    page: int | None = None
    times: int | None = None
    rate: float = 1.0
    seconds: float = 1
    field: str = "visitor_key"
    record: int = 0
    # Of the wrong type for every field that the API has.
    value: object = ("unexpected",)
    struck: int = 0

    def meets(self, path: str, page: int | None, chance: Random) -> bool:
        """Return whether this request is to be broken; counts it when it is."""
        if self.times is not None and self.struck >= self.times:
            return False
        pattern = self.path
        same = path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
        if not same or (self.page is not None and self.page != (page or 1)):
            return False
        # The draw is made for every request that fits, so a seed always breaks the same ones.
        if self.rate < 1 and chance.random() >= self.rate:
            return False
        self.struck += 1
        return True


def parse_fault(order: dict[str, object]) -> Fault:
    """Read one order.

    Raises:
        ValueError: An unknown kind or field, or no path.
    """
    if order.get("kind") not in KINDS:
        raise ValueError(f"unknown kind {order.get('kind')!r}; known: {', '.join(KINDS)}")
    if "times" not in order and "rate" not in order:
        order = order | {"times": 1}
    try:
        return Fault(**order)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(str(error)) from None


class Faults:
    """The orders in force, first come first served."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.orders: list[Fault] = []

    def next(self, path: str, page: int | None) -> Fault | None:
        """Return the first order that meets this request, if any."""
        met = (fault for fault in self.orders if fault.meets(path, page, self._chance))
        return next(met, None)


def spoil(fault: Fault, answer: object) -> object:
    """Return a JSON answer with one record, or the list's order, spoilt as the order says."""
    if not isinstance(answer, list):
        return _spoilt(fault, answer)
    if fault.kind == "unsorted":
        return answer[::-1]
    if fault.kind == "empty":
        return []
    if fault.kind == "duplicate":
        return answer[: fault.record + 1] + answer[fault.record :]
    return [
        _spoilt(fault, row) if place == fault.record else row for place, row in enumerate(answer)
    ]


def _spoilt(fault: Fault, record: object) -> object:
    if fault.kind == "not_json_object" or not isinstance(record, dict):
        return "not an object"
    if fault.kind == "wrong_type":
        return record | {fault.field: fault.value}
    if fault.kind == "missing_key":
        return {key: value for key, value in record.items() if key != fault.field}
    return record | {"shoe_size": 44, "nested_news": {"level": 1}}
