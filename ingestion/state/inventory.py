"""The one list of files: the objects that the manifests list, held against what lies there.

`build` reads these objects and no others, `doctor --lake` audits them, `forget` cleans them. A key
is text: nothing is found by a pattern. Whatever else lies below bronze is named and passed over.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion.config.errors import LakeError
from ingestion.state.manifest import in_order, read_each
from ingestion.storage.json_lines import QUARANTINE, RAW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ingestion.state.manifest import Manifest, StoredObject
    from ingestion.storage.base import Lake

_REBUILD = "wistia-elt doctor --lake --rebuild"
_KEY = re.compile(rf"{RAW}/([^/]+)/ingest_date=([^/]+)/[^/]+")
_NAME = re.compile(rf"(?:{RAW}|{QUARANTINE})/[^/]+/ingest_date=[^/]+/[^._/][^/]*\.json\.gz")


@dataclass(frozen=True, slots=True)
class Part:
    """Where an object of bronze belongs: its resource, its partition (a UTC date, ISO)."""

    resource: str
    day: str


@dataclass(slots=True)
class Inventory:
    """What the manifests list of bronze.

    Attributes:
        objects: By key, as its last manifest describes it.
        runs: Keys of the manifests.
        rewriting: Objects that a forget or redact had begun to rewrite when it was broken off.
    """

    objects: dict[str, StoredObject] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    rewriting: set[str] = field(default_factory=set)

    def by_resource(self) -> dict[str, list[StoredObject]]:
        """The objects of each resource, in their keys' order."""
        found: dict[str, list[StoredObject]] = {}
        for key in sorted(self.objects):
            found.setdefault(part_of(key).resource, []).append(self.objects[key])
        return found

    def digests(self) -> dict[Part, str]:
        """Of each partition a digest of what it holds: another one, and it holds other rows."""
        found: dict[Part, list[str]] = {}
        for key in sorted(self.objects):
            found.setdefault(part_of(key), []).append(f"{key} {self.objects[key].sha256}")
        return {
            part: hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()
            for part, lines in found.items()
        }


def part_of(key: str) -> Part:
    """Where an object belongs; of a key that is not bronze's, nowhere."""
    found = _KEY.fullmatch(key)
    return Part(found[1], found[2]) if found else Part("", "")


def listings(runs: Iterable[Manifest]) -> dict[str, list[StoredObject]]:
    """Every listing of each object of bronze and quarantine, oldest run first."""
    found: dict[str, list[StoredObject]] = {}
    for run in runs:
        for entry in run.resources:
            for stored in (*entry.objects, *entry.quarantine):
                found.setdefault(stored.key, []).append(stored)
    return found


def read_inventory(lake: Lake) -> Inventory:
    """Read what every manifest lists.

    Raises:
        LakeError: The lake cannot be read, or a manifest is not what was written: what its run
            loaded is not known then.
    """
    runs = read_each(lake)
    for key, run in runs.items():
        if run is None:
            raise LakeError(
                f"{key} is not what was written, so what that run loaded is not known",
                f"`{_REBUILD}` makes it again from the objects that carry its id",
            )
    ordered = in_order(run for run in runs.values() if run is not None)
    found = Inventory(runs=list(runs))
    found.rewriting = {key for run in ordered for key in run.rewriting}
    for key, listed in listings(ordered).items():
        if part_of(key).resource:
            found.objects[key] = listed[-1]
    return found


def hold_against(lake: Lake, inventory: Inventory) -> list[str]:
    """Hold every listed object against the lake, by existence and size.

    Returns:
        The files that no manifest lists, hidden ones too: whoever reads bronze passes them over.

    Raises:
        LakeError: A listed object is missing or of another size, or nothing at all is listed.
    """
    sizes = {entry.key: entry.bytes for entry in lake.entries(RAW)}
    missing = [key for key in inventory.objects if key not in sizes]
    other = [k for k, o in inventory.objects.items() if k in sizes and sizes[k] != o.bytes]
    if missing or other:
        raise _incomplete(inventory, sorted(missing), sorted(other), sizes)
    unlisted = sorted(key for key in sizes if key not in inventory.objects)
    readable = [key for key in unlisted if is_object(key)]
    if readable and not inventory.objects:
        raise LakeError(
            f"{RAW} holds {len(readable):,} objects and no manifest lists any of them",
            f"`{_REBUILD}` lists them again by the run that each line names",
        )
    return unlisted


def is_object(key: str) -> bool:
    """Whether a file has the name of an object of bronze or quarantine."""
    return _NAME.fullmatch(key) is not None


def _incomplete(
    inventory: Inventory, missing: list[str], other: list[str], sizes: Mapping[str, int]
) -> LakeError:
    bad = missing + other
    first = bad[0]
    records = sum(inventory.objects[key].records for key in bad)
    if missing:
        said = f"{first} is missing, and a manifest lists it"
    else:
        listed = inventory.objects[first].bytes
        said = f"{first} has {sizes[first]:,} bytes, and its manifest says {listed:,}"
    if inventory.rewriting & set(bad):
        remedy = (
            "a forget, redact or rebuild was broken off: "
            "ask `wistia-elt forget` for the same person again, or start the other one again: "
            f"`wistia-elt redact` or `{_REBUILD}`"
        )
    else:
        remedy = (
            "restore it from a backup or the bucket's older version (`wistia-elt doctor --lake` "
            f"names each); where there is none, remove what is damaged: `{_REBUILD}` then lists "
            "what is left, and the next run reads again what Wistia still has"
        )
    more = f" (and {len(bad) - 1:,} more objects)" if len(bad) > 1 else ""
    return LakeError(f"{said}{more}: {records:,} records cannot be read as they were", remedy)
