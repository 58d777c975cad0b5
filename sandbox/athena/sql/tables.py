"""CREATE [EXTERNAL] TABLE with columns, and DROP TABLE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.athena.catalog import is_iceberg, is_view
from sandbox.athena.engine.server import ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, quoted
from sandbox.athena.sql import properties as props
from sandbox.athena.sql.types import HiveType, read_type

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words

Column = tuple[str, HiveType, str]


class Format(NamedTuple):
    """The classes that Glue names for a table's files."""

    input: str
    output: str
    serde: str


_HIVE = "org.apache.hadoop.hive"
_TEXT = (
    "org.apache.hadoop.mapred.TextInputFormat",
    f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat",
)
_PARQUET, _ORC = f"{_HIVE}.ql.io.parquet", f"{_HIVE}.ql.io.orc"
_FORMATS = {
    "TEXTFILE": Format(*_TEXT, f"{_HIVE}.serde2.lazy.LazySimpleSerDe"),
    "JSON": Format(*_TEXT, "org.openx.data.jsonserde.JsonSerDe"),
    "PARQUET": Format(
        f"{_PARQUET}.MapredParquetInputFormat",
        f"{_PARQUET}.MapredParquetOutputFormat",
        f"{_PARQUET}.serde.ParquetHiveSerDe",
    ),
    "ORC": Format(f"{_ORC}.OrcInputFormat", f"{_ORC}.OrcOutputFormat", f"{_ORC}.OrcSerde"),
}
_CSV = Format(*_TEXT, f"{_HIVE}.serde2.OpenCSVSerde")
_SERDES = {found.serde: found for found in (*_FORMATS.values(), _CSV)}


@dataclass
class _Declared:
    """The clauses after the columns."""

    comment: str | None = None
    partitioned_by: list[tuple[str, HiveType | None, str]] = field(default_factory=list)
    transforms: list[str] = field(default_factory=list)
    format: Format = field(default_factory=lambda: _FORMATS["TEXTFILE"])
    serde: str | None = None
    serde_properties: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


def create_external_table(words: Words, job: Job) -> Outcome:
    """Declare files in S3 as a table."""
    words.expect("CREATE", "EXTERNAL", "TABLE")
    lenient, place = words.take("IF", "NOT", "EXISTS"), job.place(words.names())
    columns = words.listed(lambda: read_column(words))
    declared = _clauses(words)
    if declared.transforms:
        raise QueryError("FAILED: ParseException: a partition column of a Hive table needs a type")
    if not declared.location:
        raise QueryError("FAILED: SemanticException: an external table needs a LOCATION")
    if lenient and job.catalog.find(*place):
        return Outcome()
    job.catalog.create(place[0], _table(place[1], columns, declared))
    return Outcome()


def _table(name: str, columns: list[Column], declared: _Declared) -> dict[str, Any]:
    """Return Glue's TableInput."""
    descriptor = {
        "Columns": [glue_column(*column) for column in columns],
        "Location": declared.location,
        "InputFormat": declared.format.input,
        "OutputFormat": declared.format.output,
        "SerdeInfo": {
            "SerializationLibrary": declared.serde or declared.format.serde,
            "Parameters": declared.serde_properties,
        },
        "NumberOfBuckets": -1,
        "Compressed": False,
        "StoredAsSubDirectories": False,
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": {},
    }
    comment = {"comment": declared.comment} if declared.comment else {}
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Owner": "hadoop",
        "Retention": 0,
        "PartitionKeys": [
            glue_column(name, kind, note) for name, kind, note in declared.partitioned_by if kind
        ],
        "StorageDescriptor": descriptor,
        "Parameters": {"EXTERNAL": "TRUE", **comment, **declared.properties},
    }


def create_table(words: Words, job: Job) -> Outcome:
    """Make an empty Iceberg table, the only kind that CREATE TABLE without EXTERNAL makes."""
    words.expect("CREATE", "TABLE")
    lenient, (database, name) = words.take("IF", "NOT", "EXISTS"), job.place(words.names())
    columns = words.listed(lambda: read_column(words))
    declared = _clauses(words)
    if declared.properties.get("table_type", "").upper() != "ICEBERG":
        raise QueryError(
            "FAILED: SemanticException: CREATE TABLE needs the EXTERNAL keyword, or "
            "TBLPROPERTIES ('table_type'='ICEBERG')"
        )
    if declared.serde or any(kind for _, kind, _ in declared.partitioned_by):
        raise QueryError("FAILED: SemanticException: this clause is not for an Iceberg table")
    if not declared.location:
        raise QueryError("FAILED: SemanticException: an Iceberg table needs a LOCATION")
    props.check_iceberg_ddl(declared.properties)
    job.catalog.require_database(database)
    listed = ", ".join(
        quoted(column) + f" {kind.for_iceberg()}" + (f" COMMENT {props.text(note)}" if note else "")
        for column, kind, note in columns
    )
    comment = f"COMMENT {props.text(declared.comment)} " if declared.comment else ""
    partitioning = [column for column, _, _ in declared.partitioned_by] + declared.transforms
    clause = props.iceberg_with(declared.properties, declared.location, partitioning)
    exists = "IF NOT EXISTS " if lenient else ""
    job.run(f"CREATE TABLE {exists}{quoted(ICEBERG, database, name)} ({listed}) {comment}{clause}")
    return Outcome()


def drop_table(words: Words, job: Job) -> Outcome:
    """Forget a Hive table, whose files stay; delete an Iceberg table with its files."""
    words.expect("DROP", "TABLE")
    lenient, (database, name) = words.take("IF", "EXISTS"), job.place(words.names())
    words.finish()
    if lenient and not job.catalog.find(database, name):
        return Outcome()
    table = job.catalog.require(database, name)
    if is_view(table):
        raise QueryError("FAILED: SemanticException: Cannot drop a view with DROP TABLE")
    if is_iceberg(table):
        job.run(f"DROP TABLE {quoted(ICEBERG, database, name)}")
    else:
        job.catalog.delete(table)
    return Outcome()


def read_column(words: Words) -> Column:
    """Take `name type [COMMENT '…']`."""
    name, kind = words.name(), read_type(words)
    return name, kind, words.string() if words.take("COMMENT") else ""


def glue_column(name: str, kind: HiveType, comment: str) -> dict[str, str]:
    """Return a column as Glue keeps it."""
    return {"Name": name, "Type": str(kind)} | ({"Comment": comment} if comment else {})


def _clauses(words: Words) -> _Declared:
    found = _Declared()
    if words.take("COMMENT"):
        found.comment = words.string()
    if words.take("PARTITIONED", "BY"):
        words.listed(lambda: _partition(words, found))
    _row_format(words, found)
    _stored_as(words, found)
    if words.take("LOCATION"):
        found.location = words.string()
    if words.take("TBLPROPERTIES"):
        found.properties = words.pairs()
    words.finish()
    return found


def _row_format(words: Words, found: _Declared) -> None:
    if words.take("ROW", "FORMAT", "SERDE"):
        found.serde = words.string()
        if found.serde not in _SERDES:
            raise QueryError(f"FAILED: SemanticException: SerDe {found.serde} is not supported")
        found.format = _SERDES[found.serde]
        if words.take("WITH", "SERDEPROPERTIES"):
            found.serde_properties = words.pairs()
    elif words.take("ROW", "FORMAT", "DELIMITED"):
        words.expect("FIELDS", "TERMINATED", "BY")
        between = words.string()
        found.serde_properties = {"serialization.format": between, "field.delim": between}
        if words.take("LINES", "TERMINATED", "BY"):
            found.serde_properties["line.delim"] = words.string()


def _stored_as(words: Words, found: _Declared) -> None:
    if words.take("STORED", "AS"):
        stored = words.name().upper()
        if stored not in _FORMATS:
            raise QueryError(f"FAILED: SemanticException: STORED AS {stored} is not supported")
        found.format = _FORMATS[stored]


def _partition(words: Words, found: _Declared) -> None:
    """Take `day date COMMENT '…'`, a bare `day`, or Iceberg's `bucket(16, id)`, `day(at)`."""
    name = words.name()
    if words.peek("("):
        arguments = words.listed(lambda: words.literal() if not words.peek("`") else words.name())
        # Athena gives the number first, the engine last.
        found.transforms.append(f"{name}({', '.join(reversed(arguments))})")
    elif words.peek(",") or words.peek(")"):
        found.transforms.append(name)
    else:
        kind = read_type(words)
        note = words.string() if words.take("COMMENT") else ""
        found.partitioned_by.append((name, kind, note))
