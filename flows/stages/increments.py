"""What a build has to read: the partitions that differ from what the last good build had read.

The manifests say what lies in bronze, and the last good build's record says what the tables hold;
no clock is asked. A partition that came late, from a run whose clock was ahead or behind, by a
replay or an import is one that differs, and so is read.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from flows.stages.dbt import PROJECT_DIR
from ingestion.resources import RESOURCES
from ingestion.state.manifest import PREFIX
from ingestion.storage.json_lines import RAW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingestion.state.inventory import Inventory

# Hands a plan to dbt; its macro `is_loaded` reads it.
VARIABLE = "BRONZE_READ"
# A variable holds at most 128 KB, a statement of Athena's 256 KB.
_MOST_DAYS = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """What a good build had read.

    `code` is a digest of the SQL that read it, as other SQL may read more of the same rows, and
    `project` one of all else that the tables are made and tested by.
    """

    code: str
    # By resource and partition, a digest of what it held.
    days: dict[str, dict[str, str]]
    project: str = ""
    as_of_date: str = ""

    def to_json(self) -> str:
        """As it is kept, on one line."""
        return json.dumps(asdict(self), separators=(",", ":"))


def parse_record(text: str | bytes | None) -> Record | None:
    """Read a record; None where there is none, or none that can be read: all is read again."""
    try:
        found = json.loads(text or "")
        days = {str(name): dict(held) for name, held in found["days"].items()}
        given = (str(found.get(name, "")) for name in ("project", "as_of_date"))
        return Record(str(found["code"]), days, *given)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def make_record(inventory: Inventory, *, as_of_date: str = "", time_zone: str = "") -> Record:
    """What a build of today reads, as it is kept when the build is good."""
    days: dict[str, dict[str, str]] = {}
    for part, digest in inventory.digests().items():
        days.setdefault(part.resource, {})[part.day] = digest
    return Record(
        code=_digest("models/bronze.yml", "macros/*.sql", "models/silver/*.sql"),
        days=days,
        project=_digest(
            "dbt_project.yml", "models/**/*.*", "seeds/**/*.*", "tests/**/*.*", more=time_zone
        ),
        as_of_date=as_of_date,
    )


def _digest(*patterns: str, more: str = "") -> str:
    found = hashlib.blake2b(more.encode(), digest_size=8)
    for path in sorted(path for pattern in patterns for path in PROJECT_DIR.glob(pattern)):
        found.update(f"{path.name}\n".encode() + path.read_bytes())
    return found.hexdigest()


def choose_stale(now: Record, before: Record | None) -> tuple[str, ...]:
    """Arguments of dbt that choose what may differ from the last good build; none for all.

    A table is made again, and tested, where it or what it reads from has a resource with other
    partitions than then, the runs, or another AS_OF_DATE. Other SQL makes all of it again.
    """
    if before is None or (now.code, now.project) != (before.code, before.project):
        return ()
    known = {*now.days, *before.days}
    changed = sorted(name for name in known if now.days.get(name) != before.days.get(name))
    dated = ["tag:as_of_date+"] if now.as_of_date != before.as_of_date else []
    return ("--select", *(f"source:bronze.{name}+" for name in ["runs", *changed]), *dated)


def write_plan(
    inventory: Inventory,
    now: Record,
    before: Record | None,
    passed_over: Iterable[str] = (),
    *,
    is_refreshed: bool = False,
) -> str:
    """What dbt has to read and to count, as JSON.

    By resource: `days`, the partitions to read (null: all of them); `counted`, those whose rows
    silver has to hold afterwards; `records`, how many rows these hold; `passed_over`, addresses
    of files that the engine would read and no manifest lists. `before` None reads everything;
    `is_refreshed`, where all has just been read, reads nothing and counts all.
    """
    is_same = before is not None and before.code == now.code and not is_refreshed
    objects, strange = inventory.by_resource(), sorted(passed_over)
    plan: dict[str, dict[str, object]] = {"runs": {"passed_over": _among(strange, PREFIX)}}
    for resource in RESOURCES:
        known = before.days.get(resource.name, {}) if before and is_same else {}
        held = now.days.get(resource.name, {})
        days = sorted(day for day, digest in held.items() if known.get(day) != digest)
        is_whole = not is_same or len(days) > _MOST_DAYS
        chosen = {f"ingest_date={day}" for day in days}
        plan[resource.name] = {
            "days": [] if is_refreshed else None if is_whole else days,
            "counted": None if is_whole else days,
            "records": sum(
                stored.records
                for stored in objects.get(resource.name, ())
                if is_whole or stored.key.split("/")[2] in chosen
            ),
            "passed_over": _among(strange, f"{RAW}/{resource.name}/"),
        }
    return json.dumps(plan, separators=(",", ":"))


def _among(uris: list[str], prefix: str) -> list[str]:
    """Those below a prefix, as a literal of SQL holds them."""
    return [uri.replace("'", "''") for uri in uris if f"/{prefix}" in uri]
