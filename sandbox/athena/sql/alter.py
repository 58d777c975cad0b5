"""ALTER TABLE: Hive's tables change in the catalog, Iceberg's in the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.athena.catalog import is_iceberg, is_view
from sandbox.athena.engine.server import ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, quoted
from sandbox.athena.sql import properties as props
from sandbox.athena.sql.partitions import add_partitions, drop_partitions
from sandbox.athena.sql.tables import glue_column, read_column

if TYPE_CHECKING:
    from sandbox.athena.sql.tables import Column
    from sandbox.athena.sql.words import Words

Table = dict[str, Any]


def alter_table(words: Words, job: Job) -> Outcome:
    """Change a table by one of Athena's clauses."""
    words.expect("ALTER", "TABLE")
    table = job.catalog.require(*job.place(words.names()))
    if is_view(table):
        raise QueryError("FAILED: SemanticException: ALTER TABLE is not for views")
    return _iceberg(words, job, table) if is_iceberg(table) else _hive(words, job, table)


def _hive(words: Words, job: Job, table: Table) -> Outcome:
    descriptor = table["StorageDescriptor"]
    if words.peek("ADD", "PARTITION") or words.peek("ADD", "IF"):
        words.expect("ADD")
        return add_partitions(words, job, table)
    if words.peek("DROP", "PARTITION") or words.peek("DROP", "IF"):
        words.expect("DROP")
        return drop_partitions(words, job, table)
    if words.take("SET", "TBLPROPERTIES"):
        changes: Table = {"Parameters": {**table.get("Parameters", {}), **words.pairs()}}
    elif words.take("ADD", "COLUMNS"):
        added = [glue_column(*column) for column in _columns(words)]
        known = {column["Name"] for column in descriptor["Columns"] + table["PartitionKeys"]}
        if again := [column["Name"] for column in added if column["Name"] in known]:
            raise QueryError(f"FAILED: SemanticException: Duplicate column name: {again[0]}")
        changes = {"StorageDescriptor": {**descriptor, "Columns": [*descriptor["Columns"], *added]}}
    elif words.take("REPLACE", "COLUMNS"):
        columns = [glue_column(*column) for column in _columns(words)]
        changes = {"StorageDescriptor": {**descriptor, "Columns": columns}}
    else:
        raise words.unexpected("a change that Athena makes to Hive tables")
    words.finish()
    job.catalog.update(table, **changes)
    return Outcome()


def _iceberg(words: Words, job: Job, table: Table) -> Outcome:
    target = quoted(ICEBERG, table["DatabaseName"], table["Name"])
    changes: list[str] = []
    if words.take("ADD", "COLUMNS"):
        for name, kind, note in _columns(words):
            comment = f" COMMENT {props.text(note)}" if note else ""
            changes.append(f"ADD COLUMN {quoted(name)} {kind.for_iceberg()}{comment}")
    elif words.take("DROP", "COLUMN"):
        changes.append(f"DROP COLUMN {quoted(words.name())}")
    elif words.take("CHANGE"):
        changes += _change_iceberg(words, job, table)
    elif words.take("RENAME", "TO"):
        changes.append(f"RENAME TO {quoted(ICEBERG, *job.place(words.names()))}")
    elif words.take("SET", "TBLPROPERTIES"):
        return _set_properties(words, job, table)
    else:
        raise words.unexpected("a change that Athena makes to Iceberg tables")
    words.finish()
    for change in changes:
        job.run(f"ALTER TABLE {target} {change}")
    return Outcome()


def _change_iceberg(words: Words, job: Job, table: Table) -> list[str]:
    """Take `[COLUMN] old new type [COMMENT '…']`."""
    words.take("COLUMN")
    old, (name, kind, note) = words.name(), read_column(words)
    target = quoted(ICEBERG, table["DatabaseName"], table["Name"])
    # The engine refuses a type that is the column's already.
    types = dict(job.stack.engine.describe(f"SELECT * FROM {target}", None))
    changes = []
    if old in types and types[old] != kind.for_iceberg():
        changes.append(f"ALTER COLUMN {quoted(old)} SET DATA TYPE {kind.for_iceberg()}")
    if name != old:
        changes.append(f"RENAME COLUMN {quoted(old)} TO {quoted(name)}")
    if note:
        job.run(f"COMMENT ON COLUMN {target}.{quoted(old)} IS {props.text(note)}")
    return changes


def _set_properties(words: Words, job: Job, table: Table) -> Outcome:
    pairs = words.pairs()
    words.finish()
    props.check_iceberg_ddl(pairs, changing=True)
    target = quoted(ICEBERG, table["DatabaseName"], table["Name"])
    kept = {name: value for name, value in pairs.items() if name in props.ICEBERG_KEPT}
    if kept:
        job.run(f"ALTER TABLE {target} SET PROPERTIES extra_properties = {props.mapping(kept)}")
    if "format" in pairs:
        chosen = props.text(props.table_format(pairs, iceberg=True))
        job.run(f"ALTER TABLE {target} SET PROPERTIES format = {chosen}")
    return Outcome()


def _columns(words: Words) -> list[Column]:
    return words.listed(lambda: read_column(words))
