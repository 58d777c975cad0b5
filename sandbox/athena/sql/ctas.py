"""A query's rows as files: CREATE TABLE … AS SELECT, and UNLOAD, which leaves no table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.engine.server import HIVE, ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, quoted
from sandbox.athena.sql import properties as props
from sandbox.athena.sql.types import iceberg_problem

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words

_UNLOADED = {"format", "compression", "compression_level", "field_delimiter", "partitioned_by"}


def create_table_as(words: Words, job: Job) -> Outcome:
    """Make a table of a query; the query itself reaches the engine as it was written."""
    words.expect("CREATE", "TABLE")
    lenient = words.take("IF", "NOT", "EXISTS")
    database, name = job.place(words.names())
    given = _read_properties(words) if words.take("WITH") else {}
    words.expect("AS")
    query = words.rest
    job.catalog.require_database(database)
    if job.catalog.find(database, name):
        if lenient:
            return Outcome()
        raise QueryError(
            f"TABLE_ALREADY_EXISTS: line 1:1: Table '{HIVE}.{database}.{name}' already exists"
        )
    if props.check_ctas(given):
        return _iceberg(job, database, name, given, query)
    return _hive(job, database, name, given, query)


def _read_properties(words: Words) -> dict[str, props.Value]:
    """Take `(name = 'text' | number | true | ARRAY['a', …], …)`."""

    def value() -> props.Value:
        if not words.take("ARRAY"):
            return words.literal()
        words.expect("[")
        found = []
        while not words.take("]"):
            found.append(words.string())
            if not words.peek("]"):
                words.expect(",")
        return found

    def pair() -> tuple[str, props.Value]:
        key = words.name()
        words.expect("=")
        return key, value()

    return dict(words.listed(pair))


def _iceberg(
    job: Job, database: str, name: str, given: dict[str, props.Value], query: str
) -> Outcome:
    for column, kind in job.stack.engine.describe(query, job.database):
        if problem := iceberg_problem(kind):
            raise QueryError(f"NOT_SUPPORTED: {problem} (column {column})")
    location = str(given.get("location", ""))
    if not location:
        raise QueryError("INVALID_TABLE_PROPERTY: location is required for an Iceberg table")
    partitioning = list(given.get("partitioning", []))
    clause = props.iceberg_with(given, location, partitioning)
    target = quoted(ICEBERG, database, name)
    codec = props.compression(given, iceberg=True)
    job.run(f"CREATE TABLE {target} {clause} AS {query}", {f"{ICEBERG}.compression_codec": codec})
    return Outcome(files=list(job.stack.storage.files(location.rstrip("/") + "/data/")))


def _hive(job: Job, database: str, name: str, given: dict[str, props.Value], query: str) -> Outcome:
    if job.enforced and "external_location" in given:
        raise QueryError(
            "The Create Table As Select query failed because it was submitted with an "
            "'external_location' property to an Athena Workgroup that enforces a centralized "
            "output location for all queries. Please remove the 'external_location' property "
            "and resubmit the query."
        )
    default = f"{job.output}tables/{job.id}/"
    location = str(given.get("external_location", default)).rstrip("/") + "/"
    _refuse_files(job, location, f"table '{database}.{name}'")
    clause, session = _hive_with(given, location)
    target = quoted(HIVE, database, name)
    job.run(f"CREATE TABLE {target} {clause} AS {query}", session)
    return Outcome(files=list(job.stack.storage.files(location)))


def _refuse_files(job: Job, location: str, what: str) -> None:
    if next(job.stack.storage.files(location), None):
        raise QueryError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for {what} already exists: {location}. "
            f"You may need to manually clean the data at location '{location}' before retrying. "
            "Athena will not delete data in your account."
        )


def _hive_with(given: dict[str, props.Value], location: str) -> tuple[str, dict[str, str]]:
    """Return the engine's WITH clause and session for new files of a Hive table."""
    file_format = props.table_format(given, iceberg=False)
    parts = [f"external_location = {props.text(location)}", f"format = {props.text(file_format)}"]
    if partitioned := list(given.get("partitioned_by", [])):
        parts.append(f"partitioned_by = {props.array(partitioned)}")
    if file_format == "TEXTFILE":
        delimiter = str(given.get("field_delimiter", "\x01"))
        parts.append(f"textfile_field_separator = {props.text(delimiter)}")
    codec = props.compression(given, iceberg=False)
    return f"WITH ({', '.join(parts)})", {f"{HIVE}.compression_codec": codec}


def unload(words: Words, job: Job) -> Outcome:
    """Write the files through a table that lives only as long as this."""
    words.expect("UNLOAD", "(")
    query = words.skip_to(")")
    words.expect(")")
    words.expect("TO")
    location = words.string().rstrip("/") + "/"
    words.expect("WITH")
    given = _read_properties(words)
    words.finish()
    for name in given:
        if name not in _UNLOADED:
            raise QueryError(f"INVALID_PROPERTY: UNLOAD property '{name}' is not supported")
    if "format" not in given:
        raise QueryError("INVALID_PROPERTY: UNLOAD needs the property format")
    _refuse_files(job, location, "UNLOAD")
    if compression := given.pop("compression", None):
        given["write_compression"] = compression
    given.pop("compression_level", None)
    _write(job, query, _hive_with(given, location))
    return Outcome(files=list(job.stack.storage.files(location)))


def _write(job: Job, query: str, made: tuple[str, dict[str, str]]) -> None:
    clause, session = made
    # Columns without a name get one here, as in Athena's files.
    columns = [name for name, _ in job.stack.engine.describe(query, job.database)]
    if len(set(columns)) < len(columns):
        raise QueryError("DUPLICATE_COLUMN_NAME: UNLOAD needs columns of different names")
    listed = ", ".join(quoted(name) for name in columns)
    scratch = f"unload_{job.id.replace('-', '_')}"
    job.catalog.glue.create_database(DatabaseInput={"Name": scratch})
    try:
        target = quoted(HIVE, scratch, "files")
        job.run(
            f"CREATE TABLE {target} {clause} AS SELECT * FROM ({query}) AS unloaded({listed})",
            session,
        )
    finally:
        job.catalog.glue.delete_database(Name=scratch)
