"""The one list of files: the objects that the manifests list, held against what lies there.

`build` reads these objects and no others, `doctor --lake` audits them, `forget` cleans them. A key
is text: nothing is found by a pattern. Whatever else lies below bronze, or among the manifests, is
named and passed over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ingestion.config.errors import LakeError
from ingestion.state.manifest import (
    PREFIX,
    StoredObject,
    in_order,
    is_manifest,
    listings,
    read_each,
)
from ingestion.storage.json_lines import QUARANTINE, RAW, short_digest

if TYPE_CHECKING:
    from ingestion.storage.base import Lake

REBUILD = "wistia-elt doctor --lake --rebuild"
_KEY = re.compile(rf"{RAW}/([^/]+)/ingest_date=([^/]+)/[^/]+")
_NAME = re.compile(rf"(?:{RAW}|{QUARANTINE})/[^/]+/ingest_date=[^/]+/[^._/][^/]*\.json\.gz")


class Part(NamedTuple):
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
        found = defaultdict(list)
        for key in sorted(self.objects):
            found[part_of(key).resource].append(self.objects[key])
        return found

    def digests(self) -> dict[Part, str]:
        """Of each partition a digest of what it holds: another one, and it holds other rows."""
        found = defaultdict(list)
        for key in sorted(self.objects):
            found[part_of(key)].append(f"{key} {self.objects[key].sha256}")
        return {part: short_digest("\n".join(lines).encode()) for part, lines in found.items()}


def part_of(key: str) -> Part:
    """Where an object belongs; of a key that is not bronze's, nowhere."""
    found = _KEY.fullmatch(key)
    return Part(found[1], found[2]) if found else Part("", "")


def read_inventory(lake: Lake) -> Inventory:
    """Read what every manifest lists.

    Raises:
        LakeError: A manifest is not what was written: what its run loaded is not known then.
    """
    runs = read_each(lake)
    for key, run in runs.items():
        if run is None:
            raise LakeError(
                f"{key} is not what was written, so what that run loaded is not known",
                f"`{REBUILD}` makes it again from the objects that carry its id",
            )
    ordered = in_order(run for run in runs.values() if run is not None)
    return Inventory(
        objects={key: one[-1] for key, one in listings(ordered).items() if part_of(key).resource},
        runs=list(runs),
        rewriting={key for run in ordered for key in run.rewriting},
    )


def hold_against(lake: Lake, inventory: Inventory) -> list[str]:
    """Hold every listed object against the lake, by existence and size; tell what is unlisted.

    Those files, hidden ones too, are passed over by whoever reads bronze, and so is what lies among
    the manifests and is none.

    Raises:
        LakeError: A listed object is missing or of another size, or nothing at all is listed.
    """
    sizes = {entry.key: entry.bytes for entry in lake.entries(RAW)}
    held = inventory.objects
    bad = sorted(key for key in held if key not in sizes)
    bad += sorted(key for key in held if key in sizes and sizes[key] != held[key].bytes)
    if bad:
        raise _incomplete(inventory, bad, sizes.get(bad[0]))
    unlisted = sorted(sizes.keys() - held.keys())
    readable = sum(map(is_object, unlisted))
    if readable and not held:
        raise LakeError(
            f"{RAW} holds {readable:,} objects and no manifest lists any of them",
            f"`{REBUILD}` lists them again by the run that each line names",
        )
    # Hidden ones, of which one may be a manifest that is being written, are left out there.
    return unlisted + sorted(key for key in lake.list(PREFIX) if not is_manifest(key))


def is_object(key: str) -> bool:
    """Whether a file has the name of an object of bronze or quarantine."""
    return _NAME.fullmatch(key) is not None


def _incomplete(inventory: Inventory, bad: list[str], size: int | None) -> LakeError:
    """What is said of objects that are missing or cut; the size is the first one's."""
    first = inventory.objects[bad[0]]
    said = f"{first.key} is missing, and a manifest lists it"
    if size is not None:
        said = f"{first.key} has {size:,} bytes, and its manifest says {first.bytes:,}"
    remedy = (
        "restore it from a backup or the bucket's older version (`wistia-elt doctor --lake` "
        f"names each); where there is none, remove what is damaged: `{REBUILD}` then lists "
        "what is left, and the next run reads again what Wistia still has"
    )
    if not inventory.rewriting.isdisjoint(bad):
        remedy = (
            "a forget, redact or rebuild was broken off: "
            "ask `wistia-elt forget` for the same person again, or start the other one again: "
            f"`wistia-elt redact` or `{REBUILD}`"
        )
    more = f" (and {len(bad) - 1:,} more objects)" if len(bad) > 1 else ""
    records = sum(inventory.objects[key].records for key in bad)
    return LakeError(f"{said}{more}: {records:,} records cannot be read as they were", remedy)
