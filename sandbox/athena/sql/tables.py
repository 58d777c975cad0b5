"""CREATE [EXTERNAL] TABLE with columns, and DROP TABLE."""

from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.athena.aws.catalog import Table, is_iceberg, is_view
from sandbox.athena.engine.client import Outcome
from sandbox.athena.engine.server import ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.sql.job import Job, quoted, text
from sandbox.athena.sql.properties import ICEBERG_DDL, check, iceberg_with
from sandbox.athena.sql.types import HiveType, read_type
from sandbox.athena.sql.words import Words


class Format(NamedTuple):
    """The classes that Glue names for a table's files."""

    input: str
    output: str
    serde: str


_HIVE = "org.apache.hadoop.hive"
_PARQUET = f"{_HIVE}.ql.io.parquet"


def _text(serde: str) -> Format:
    output = f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat"
    return Format("org.apache.hadoop.mapred.TextInputFormat", output, serde)


_FORMATS = {
    "TEXTFILE": _text(f"{_HIVE}.serde2.lazy.LazySimpleSerDe"),
    "PARQUET": Format(
        f"{_PARQUET}.MapredParquetInputFormat",
        f"{_PARQUET}.MapredParquetOutputFormat",
        f"{_PARQUET}.serde.ParquetHiveSerDe",
    ),
}
_OF_LINES = (_text("org.openx.data.jsonserde.JsonSerDe"), _text(f"{_HIVE}.serde2.OpenCSVSerde"))
_SERDES = {found.serde: found for found in (*_FORMATS.values(), *_OF_LINES)}


class Column(NamedTuple):
    """A column as DDL says it."""

    name: str
    type: HiveType
    comment: str

    def for_glue(self) -> dict[str, str]:
        """Return the column as Glue keeps it."""
        comment = {"Comment": self.comment} if self.comment else {}
        return {"Name": self.name, "Type": self.type.hive, **comment}

    def for_iceberg(self) -> str:
        """Return the column as the engine's DDL has it.

        Raises:
            QueryError: Athena has no such type in Iceberg tables.
        """
        if self.type.iceberg is None:
            raise QueryError(f"NOT_SUPPORTED: Type not supported for Iceberg: {self.type.hive}")
        comment = f" COMMENT {text(self.comment)}" if self.comment else ""
        return f"{quoted(self.name)} {self.type.iceberg}{comment}"


def read_column(words: Words) -> Column:
    """Take `name type [COMMENT '…']`."""
    return _typed(words.name(), words)


def _typed(name: str, words: Words) -> Column:
    kind = read_type(words)
    return Column(name, kind, words.string() if words.take("COMMENT") else "")


@dataclass
class _Declared:
    """What CREATE TABLE says, in its order."""

    is_lenient: bool
    place: tuple[str, str]
    columns: list[Column]
    comment: str = ""
    partitioned_by: list[Column | str] = field(default_factory=list)  # Iceberg's have no type
    serde: str = ""
    format: Format = _FORMATS["TEXTFILE"]
    serde_properties: dict[str, str] = field(default_factory=dict)
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)


def _read(words: Words, job: Job) -> _Declared:
    found = _Declared(
        words.take("IF", "NOT", "EXISTS"),
        job.place(words.names()),
        words.listed(lambda: read_column(words)),
    )
    if words.take("COMMENT"):
        found.comment = words.string()
    if words.take("PARTITIONED", "BY"):
        found.partitioned_by = words.listed(lambda: _partition(words))
    _read_format(words, found)
    if words.take("LOCATION"):
        found.location = words.string()
    if words.take("TBLPROPERTIES"):
        found.properties = words.pairs(words.string, words.string)
    words.finish()
    return found


def _read_format(words: Words, found: _Declared) -> None:
    if words.take("ROW", "FORMAT", "SERDE"):
        found.format = _known(_SERDES, "SerDe", words.string())
        found.serde = found.format.serde
        if words.take("WITH", "SERDEPROPERTIES"):
            found.serde_properties = words.pairs(words.string, words.string)
    elif words.take("ROW", "FORMAT", "DELIMITED", "FIELDS", "TERMINATED", "BY"):
        between = words.string()
        found.serde_properties = {"serialization.format": between, "field.delim": between}
        if words.take("LINES", "TERMINATED", "BY"):
            found.serde_properties["line.delim"] = words.string()
    if words.take("STORED", "AS"):
        stored = _known(_FORMATS, "STORED AS", words.name().upper())
        found.format = stored._replace(serde=found.serde or stored.serde)


def _known(known: dict[str, Format], what: str, name: str) -> Format:
    if name not in known:
        raise QueryError(f"FAILED: SemanticException: {what} {name} is not supported")
    return known[name]


def _partition(words: Words) -> Column | str:
    """Take Hive's `day date COMMENT '…'`, or Iceberg's `day`, `bucket(16, id)`, `day(at)`."""
    name = words.name()
    if words.peek("("):
        # Athena gives the number first, the engine last.
        return f"{name}({', '.join(reversed(words.listed(words.value)))})"
    return name if words.peek(",") or words.peek(")") else _typed(name, words)


def create_external_table(words: Words, job: Job) -> Outcome:
    """Declare files in S3 as a table."""
    words.expect("CREATE", "EXTERNAL", "TABLE")
    declared = _read(words, job)
    database, name = declared.place
    keys = [key for key in declared.partitioned_by if isinstance(key, Column)]
    if len(keys) < len(declared.partitioned_by):
        raise QueryError("FAILED: ParseException: a partition column of a Hive table needs a type")
    if not declared.location:
        raise QueryError("FAILED: SemanticException: an external table needs a LOCATION")
    if declared.is_lenient and job.catalog.find(database, name):
        return Outcome()
    comment = {"comment": declared.comment} if declared.comment else {}
    table = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Owner": "hadoop",
        "Retention": 0,
        "PartitionKeys": [key.for_glue() for key in keys],
        "StorageDescriptor": {
            "Columns": [column.for_glue() for column in declared.columns],
            "Location": declared.location,
            "InputFormat": declared.format.input,
            "OutputFormat": declared.format.output,
            "SerdeInfo": {
                "SerializationLibrary": declared.format.serde,
                "Parameters": declared.serde_properties,
            },
        },
        "Parameters": {"EXTERNAL": "TRUE", **comment, **declared.properties},
    }
    job.catalog.glue.create_table(DatabaseName=database, TableInput=table)
    return Outcome()


def create_table(words: Words, job: Job) -> Outcome:
    """Make an empty Iceberg table, the only kind that CREATE TABLE without EXTERNAL makes."""
    words.expect("CREATE", "TABLE")
    declared = _read(words, job)
    if declared.properties.get("table_type", "").upper() != "ICEBERG":
        raise QueryError(
            "FAILED: SemanticException: CREATE TABLE needs the EXTERNAL keyword, or "
            "TBLPROPERTIES ('table_type'='ICEBERG')"
        )
    transforms = [key for key in declared.partitioned_by if isinstance(key, str)]
    if declared.serde or len(transforms) < len(declared.partitioned_by):
        raise QueryError("FAILED: SemanticException: this clause is not for an Iceberg table")
    if not declared.location:
        raise QueryError("FAILED: SemanticException: an Iceberg table needs a LOCATION")
    check(declared.properties, ICEBERG_DDL)
    listed = ", ".join(column.for_iceberg() for column in declared.columns)
    exists = "IF NOT EXISTS " if declared.is_lenient else ""
    comment = f"COMMENT {text(declared.comment)} " if declared.comment else ""
    clause = iceberg_with(declared.properties, declared.location, transforms)
    target = quoted(ICEBERG, *declared.place)
    job.run(f"CREATE TABLE {exists}{target} ({listed}) {comment}{clause}")
    return Outcome()


def drop_table(words: Words, job: Job) -> Outcome:
    """Drop a table, not a view."""
    words.expect("DROP", "TABLE")
    lenient, place = words.take("IF", "EXISTS"), job.place(words.names())
    words.finish()
    if lenient and not job.catalog.find(*place):
        return Outcome()
    table = job.catalog.require(*place)
    if is_view(table):
        raise QueryError("FAILED: SemanticException: Cannot drop a view with DROP TABLE")
    delete_table(job, table)
    return Outcome()


def delete_table(job: Job, table: Table) -> None:
    """Forget a Hive table, whose files stay; delete an Iceberg table with its files."""
    if is_iceberg(table):
        job.run(f"DROP TABLE {quoted(ICEBERG, table['DatabaseName'], table['Name'])}")
    else:
        job.catalog.delete(table)
