"""UNLOAD: a query's rows as files, without a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.engine.server import HIVE
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, quoted
from sandbox.athena.sql.ctas import hive_with, read_properties

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words

_KNOWN = {"format", "compression", "compression_level", "field_delimiter", "partitioned_by"}


def unload(words: Words, job: Job) -> Outcome:
    """Write the files through a table that lives only as long as this."""
    words.expect("UNLOAD", "(")
    query = words.skip_to(")")
    words.expect(")")
    words.expect("TO")
    location = words.string().rstrip("/") + "/"
    words.expect("WITH")
    given = read_properties(words)
    words.finish()
    for name in given:
        if name not in _KNOWN:
            raise QueryError(f"INVALID_PROPERTY: UNLOAD property '{name}' is not supported")
    if "format" not in given:
        raise QueryError("INVALID_PROPERTY: UNLOAD needs the property format")
    if next(job.stack.storage.files(location), None):
        raise QueryError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for UNLOAD already exists: {location}. "
            "Use an empty location."
        )
    if compression := given.pop("compression", None):
        given["write_compression"] = compression
    given.pop("compression_level", None)
    _write(job, query, hive_with(given, location))
    return Outcome(files=list(job.stack.storage.files(location)))


def _write(job: Job, query: str, made: tuple[str, dict[str, str]]) -> None:
    clause, session = made
    # Columns without a name get one here, as in Athena's files.
    columns = [name for name, _ in job.stack.engine.describe(query, job.database)]
    if len(set(columns)) < len(columns):
        raise QueryError("DUPLICATE_COLUMN_NAME: UNLOAD needs columns of different names")
    listed = ", ".join(quoted(name) for name in columns)
    scratch = f"unload_{job.id.replace('-', '_')}"
    job.catalogue.glue.create_database(DatabaseInput={"Name": scratch})
    try:
        target = quoted(HIVE, scratch, "files")
        job.run(
            f"CREATE TABLE {target} {clause} AS SELECT * FROM ({query}) AS unloaded({listed})",
            session,
        )
    finally:
        job.catalogue.glue.delete_database(Name=scratch)
