"""OPTIMIZE and VACUUM of Iceberg tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.catalog import is_iceberg
from sandbox.athena.engine.server import ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, quoted

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words

_MAX_SNAPSHOT_AGE = 432_000  # seconds; Athena's default, five days


def optimize(words: Words, job: Job) -> Outcome:
    """Write small files again as large ones."""
    words.expect("OPTIMIZE")
    target = _target(words, job)
    words.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    condition = words.rest
    if condition and not words.peek("WHERE"):
        raise words.unexpected("WHERE")
    job.run(f"ALTER TABLE {target} EXECUTE optimize {condition}")
    return Outcome()


def vacuum(words: Words, job: Job) -> Outcome:
    """Forget old snapshots and delete files that no snapshot names."""
    words.expect("VACUUM")
    target = _target(words, job)
    words.finish()
    properties = _properties(job, target)
    age = int(properties.get("vacuum_max_snapshot_age_seconds", _MAX_SNAPSHOT_AGE))
    for procedure in ("expire_snapshots", "remove_orphan_files"):
        job.run(f"ALTER TABLE {target} EXECUTE {procedure}(retention_threshold => '{age}s')")
    return Outcome()


def _target(words: Words, job: Job) -> str:
    database, name = job.place(words.names())
    table = job.catalog.find(database, name)
    if table is None:
        raise QueryError(f"TABLE_NOT_FOUND: line 1:1: Table '{database}.{name}' does not exist")
    if not is_iceberg(table):
        raise QueryError(f"NOT_SUPPORTED: {database}.{name} is not an Iceberg table")
    return quoted(ICEBERG, database, name)


def _properties(job: Job, target: str) -> dict[str, str]:
    head, _, name = target.rpartition(".")
    hidden = name[:-1] + '$properties"'
    found = job.stack.engine.run(f"SELECT key, value FROM {head}.{hidden}")
    return {row[0]: row[1] for row in found.rows}
