"""Partitions of Hive tables: ALTER TABLE ADD and DROP PARTITION, MSCK REPAIR TABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sandbox.athena.catalog import is_iceberg
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, text_column

if TYPE_CHECKING:
    from sandbox.athena.catalog import Catalog
    from sandbox.athena.sql.words import Words
    from sandbox.athena.storage import Storage

Table = dict[str, Any]


def add_partitions(words: Words, job: Job, table: Table) -> Outcome:
    """Add partitions, each `PARTITION (k='v', …) [LOCATION '…']`."""
    lenient = words.take("IF", "NOT", "EXISTS")
    places = []
    while words.take("PARTITION"):
        values = _values(words, table)
        default = table["StorageDescriptor"]["Location"].rstrip("/") + "/" + path(table, values)
        places.append((values, words.string() if words.take("LOCATION") else default))
    words.finish()
    if not places:
        raise words.unexpected("PARTITION")
    problems = job.catalog.add_partitions(table, places)
    if problems and not lenient:
        raise QueryError(f"FAILED: Execution Error: {problems[0]}")
    return Outcome()


def drop_partitions(words: Words, job: Job, table: Table) -> Outcome:
    """Drop partitions; their files stay."""
    lenient = words.take("IF", "EXISTS")
    dropped = []
    while True:
        words.expect("PARTITION")
        dropped.append(_values(words, table))
        if not words.take(","):
            break
    words.finish()
    for values in dropped:
        if not job.catalog.drop_partition(table, values) and not lenient:
            raise QueryError(
                f"FAILED: SemanticException [Error 10006]: Partition not found "
                f"{path(table, values)}"
            )
    return Outcome()


def repair_table(words: Words, job: Job) -> Outcome:
    """Add the partitions whose folders are in S3 and not in the catalog."""
    words.expect("MSCK", "REPAIR", "TABLE")
    table = job.catalog.require(*job.place(words.names()))
    words.finish()
    if is_iceberg(table) or not table.get("PartitionKeys"):
        return Outcome()
    added = add_missing(job.catalog, job.stack.storage, table)
    if not added:
        return Outcome()
    names = [path(table, values) for values in added]
    title = f"{table['DatabaseName']}.{table['Name']}"
    lines = [f"Partitions not in metastore:\t{title}:{name}" for name in names]
    lines += [f"Repair: Added partition to metastore {title}:{name}" for name in names]
    return Outcome([text_column("result")], [[line] for line in lines])


def path(table: Table, values: list[str]) -> str:
    """Return a partition's folder below its table's, without a slash at its end."""
    keys = [key["Name"] for key in table["PartitionKeys"]]
    return "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))


def add_missing(catalog: Catalog, storage: Storage, table: Table) -> list[list[str]]:
    """Add the partitions that files lie in and the catalog lacks; return their values."""
    location = table["StorageDescriptor"]["Location"].rstrip("/") + "/"
    keys = [key["Name"] for key in table["PartitionKeys"]]
    found = {}
    for file in storage.files(location):
        steps = file.removeprefix(location).split("/")[: len(keys)]
        names = [step.partition("=")[0].lower() for step in steps]
        if names == keys:
            values = tuple(unquote(step.partition("=")[2]) for step in steps)
            found[values] = location + "/".join(steps) + "/"
    known = {tuple(one["Values"]) for one in catalog.partitions(table)}
    missing = [(list(values), at) for values, at in found.items() if values not in known]
    catalog.add_partitions(table, missing)
    return [values for values, _ in missing]


def _values(words: Words, table: Table) -> list[str]:
    """Take `(k = 'v', …)`; return the values in the order of the table's keys."""

    def pair() -> tuple[str, str]:
        name = words.name()
        words.expect("=")
        return name, words.literal()

    given = dict(words.listed(pair))
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]
    if sorted(given) != sorted(keys):
        raise QueryError(
            f"FAILED: SemanticException [Error 10098]: the partition spec {sorted(given)} does not "
            f"name the table's partition columns {keys}"
        )
    return [given[key] for key in keys]
