"""The predecessor's files: names in Pacific time, arrays that may break off."""

import pytest

from ingestion.admin.legacy_import import Damage, parse_name, read_values

NAMES = {
    "a/visitors_20260108_170607_batch_110471.json": ("visitors", "", "2026-01-09T01:06:07"),
    "visitors_20240708_170607.json.gz": ("visitors", "", "2024-07-09T00:06:07"),
    "media_gskhw4w4lm_20260108_160148.json": ("media", "gskhw4w4lm", "2026-01-09T00:01:48"),
    "media_engagement_v08dlrgr7v_2026-01-08_16-01-48.json": (
        "media_engagement",
        "v08dlrgr7v",
        "2026-01-09T00:01:48",
    ),
    # The hour that comes twice, and the one that never came.
    "visitors_20251102_013000_batch_1.json": ("visitors", "", "2025-11-02T08:30:00"),
    "visitors_20260308_023000_batch_1.json": ("visitors", "", "2026-03-08T10:30:00"),
}


@pytest.mark.parametrize(("name", "meant"), NAMES.items(), ids=NAMES)
def test_names_are_read_in_pacific_time(name: str, meant: tuple[str, str, str]) -> None:
    file = parse_name(name)
    assert file is not None
    assert (file.resource, file.media_id, file.taken_at) == (*meant[:2], f"{meant[2]}.000000Z")


@pytest.mark.parametrize(
    "name",
    [
        "visitors_20260199_170607_batch_1.json",
        "visitors_20260109T000148Z_part-00001_batch_3.json.gz",
        "media_abc_20260109T000148Z.json.gz",
        "media_abc_20260108_160148.json.bak",
        "visitors.json",
    ],
)
def test_other_names_are_passed_over(name: str) -> None:
    assert parse_name(name) is None


EMPTY = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # pragma: allowlist secret
)
BODIES: dict[bytes, list[object]] = {
    b'[{"a": 1}, {"b": [2]}]': [{"a": 1}, {"b": [2]}],
    b" [ ] \n": [],
    b'{"a": 1}': [{"a": 1}],
    b"": [Damage(0, EMPTY)],
}


@pytest.mark.parametrize(("body", "values"), BODIES.items(), ids=map(str, BODIES))
def test_values_are_read_one_by_one(body: bytes, values: list[object]) -> None:
    assert list(read_values(body)) == values


@pytest.mark.parametrize(
    ("body", "good", "rest"),
    [
        (b'[{"a": 1}, {"a"', 1, 6),
        (b'[{"a": 1} {"a": 2}]', 1, 10),
        (b'[{"a": 1}] more', 1, 6),
        (b'[{"a": 1}, NaN]', 1, 6),
        (b'[{"a": "\xff"}]', 0, 11),
        (b"[]]", 0, 2),
        (b"<html>", 0, 6),
    ],
)
def test_what_follows_the_last_readable_value_is_damage(body: bytes, good: int, rest: int) -> None:
    *values, last = read_values(body)
    assert len(values) == good
    assert isinstance(last, Damage)
    assert last.length == rest
