"""A query's rows as files: CREATE TABLE … AS SELECT, and UNLOAD, which leaves no table."""

from sandbox.athena.engine.client import Outcome
from sandbox.athena.engine.server import HIVE, ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.sql import properties as props
from sandbox.athena.sql.job import Job, array, quoted, text
from sandbox.athena.sql.types import iceberg_problem
from sandbox.athena.sql.words import Words

_UNLOADED = {"format", "compression", "field_delimiter", "partitioned_by"}
_ENFORCED = (
    "The Create Table As Select query failed because it was submitted with an 'external_location' "
    "property to an Athena Workgroup that enforces a centralized output location for all queries. "
    "Please remove the 'external_location' property and resubmit the query."
)


def create_table_as(words: Words, job: Job) -> Outcome:
    """Make a table of a query; the query itself reaches the engine as it was written."""
    words.expect("CREATE", "TABLE")
    lenient = words.take("IF", "NOT", "EXISTS")
    database, name = job.place(words.names())
    given = _read_properties(words) if words.take("WITH") else {}
    words.expect("AS")
    query = words.rest
    if job.catalog.find(database, name):
        if lenient:
            return Outcome()
        raise QueryError(
            f"TABLE_ALREADY_EXISTS: line 1:1: Table '{HIVE}.{database}.{name}' already exists"
        )
    if props.check_ctas(given):
        return _iceberg(job, quoted(ICEBERG, database, name), given, query)
    if job.enforced and "external_location" in given:
        raise QueryError(_ENFORCED)
    location = str(given.get("external_location", f"{job.output}tables/{job.id}"))
    return _write(job, quoted(HIVE, database, name), given, location, query)


def _read_properties(words: Words) -> dict[str, props.Value]:
    """Take `(name = 'text' | number | true | ARRAY['a', …], …)`."""

    def value() -> props.Value:
        return words.listed(words.string, "[]") if words.take("ARRAY") else words.value()

    return words.pairs(words.name, value)


def _iceberg(job: Job, target: str, given: dict[str, props.Value], query: str) -> Outcome:
    for column, kind in job.engine.describe(query, job.database):
        if problem := iceberg_problem(kind):
            raise QueryError(f"NOT_SUPPORTED: {problem} (column {column})")
    location = str(given.get("location", ""))
    if not location:
        raise QueryError("INVALID_TABLE_PROPERTY: location is required for an Iceberg table")
    clause = props.iceberg_with(given, location, given.get("partitioning", ()))
    codec = props.compression(given, "ZSTD")
    job.run(f"CREATE TABLE {target} {clause} AS {query}", {f"{ICEBERG}.compression_codec": codec})
    return Outcome(files=list(job.storage.files(f"{location.rstrip('/')}/data")))


def _write(
    job: Job, target: str, given: dict[str, props.Value], location: str, query: str
) -> Outcome:
    """Write a query's rows as a Hive table of the engine."""
    if next(job.storage.files(location), None):
        raise QueryError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory already exists: {location}. "
            f"You may need to manually clean the data at location '{location}' before retrying. "
            "Athena will not delete data in your account."
        )
    file_format = props.table_format(given)
    parts = [
        f"external_location = {text(location.rstrip('/') + '/')}",
        f"format = {text(file_format)}",
        f"partitioned_by = {array(given.get('partitioned_by', ()))}",
    ]
    if file_format == "TEXTFILE":
        delimiter = str(given.get("field_delimiter", "\x01"))
        parts.append(f"textfile_field_separator = {text(delimiter)}")
    codec = {f"{HIVE}.compression_codec": props.compression(given, "GZIP")}
    job.run(f"CREATE TABLE {target} WITH ({', '.join(parts)}) AS {query}", codec)
    return Outcome(files=list(job.storage.files(location)))


def unload(words: Words, job: Job) -> Outcome:
    """Write the files through a table that lives only as long as this."""
    words.expect("UNLOAD", "(")
    query = words.skip_to(")")
    words.expect(")", "TO")
    location = words.string()
    words.expect("WITH")
    given = _read_properties(words)
    words.finish()
    props.check(given, _UNLOADED)
    if "format" not in given:
        raise QueryError("INVALID_PROPERTY: UNLOAD needs the property format")
    # Columns without a name get one here, as in Athena's files.
    columns = [name for name, _ in job.engine.describe(query, job.database)]
    named = f"SELECT * FROM ({query}) AS unloaded({', '.join(map(quoted, columns))})"
    scratch = f"unload_{job.id.replace('-', '_')}"
    job.catalog.glue.create_database(DatabaseInput={"Name": scratch})
    try:
        return _write(job, quoted(HIVE, scratch, "files"), given, location, named)
    finally:
        job.catalog.glue.delete_database(Name=scratch)
