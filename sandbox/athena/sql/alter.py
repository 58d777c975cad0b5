"""ALTER TABLE: Hive's tables change in the catalog, Iceberg's in the engine; MSCK REPAIR TABLE."""

from sandbox.athena.aws.catalog import Table, is_iceberg, is_view, partition_keys
from sandbox.athena.engine.client import Outcome
from sandbox.athena.engine.server import ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.sql.job import Job, quoted, text
from sandbox.athena.sql.properties import ICEBERG_KEPT, check, extra_properties
from sandbox.athena.sql.show import partition_path
from sandbox.athena.sql.tables import read_column
from sandbox.athena.sql.words import Words


def alter_table(words: Words, job: Job) -> Outcome:
    """Change a table by one of Athena's clauses."""
    words.expect("ALTER", "TABLE")
    table = job.catalog.require(*job.place(words.names()))
    if is_view(table):
        raise QueryError("FAILED: SemanticException: ALTER TABLE is not for views")
    if not is_iceberg(table):
        _alter_hive(words, job, table)
        return Outcome()
    target = quoted(ICEBERG, table["DatabaseName"], table["Name"])
    changes = _iceberg_changes(words, job, target)
    words.finish()
    for change in changes:
        job.run(change)
    return Outcome()


def _alter_hive(words: Words, job: Job, table: Table) -> None:
    descriptor = table["StorageDescriptor"]
    if words.take("ADD", "COLUMNS"):
        columns = [*descriptor["Columns"], *_columns(words)]
        changes = {"StorageDescriptor": {**descriptor, "Columns": columns}}
    elif words.take("REPLACE", "COLUMNS"):
        changes = {"StorageDescriptor": {**descriptor, "Columns": _columns(words)}}
    elif words.take("SET", "TBLPROPERTIES"):
        pairs = words.pairs(words.string, words.string)
        changes = {"Parameters": {**table.get("Parameters", {}), **pairs}}
    elif words.take("ADD"):
        return _add_partitions(words, job, table)
    elif words.take("DROP"):
        return _drop_partitions(words, job, table)
    else:
        raise words.unexpected("a change that Athena makes to Hive tables")
    words.finish()
    return job.catalog.update(table, **changes)


def _columns(words: Words) -> list[dict[str, str]]:
    return [column.for_glue() for column in words.listed(lambda: read_column(words))]


def _add_partitions(words: Words, job: Job, table: Table) -> None:
    """Take `[IF NOT EXISTS] PARTITION (k='v', …) [LOCATION '…'] …`."""
    lenient = words.take("IF", "NOT", "EXISTS")
    root = table["StorageDescriptor"]["Location"].rstrip("/")
    places: list[tuple[list[str], str]] = []
    while not words.done or not places:
        values = _values(words, table)
        default = f"{root}/{partition_path(table, values)}"
        places.append((values, words.string() if words.take("LOCATION") else default))
    problems = job.catalog.add_partitions(table, places)
    if problems and not lenient:
        raise QueryError(f"FAILED: Execution Error: {problems[0]}")


def _drop_partitions(words: Words, job: Job, table: Table) -> None:
    """Take `[IF EXISTS] PARTITION (k='v', …), …`; the files stay."""
    lenient = words.take("IF", "EXISTS")
    dropped = [_values(words, table)]
    while words.take(","):
        dropped.append(_values(words, table))
    words.finish()
    problems = job.catalog.drop_partitions(table, dropped)
    if problems and not lenient:
        raise QueryError(f"FAILED: SemanticException [Error 10006]: {problems[0]}")


def _values(words: Words, table: Table) -> list[str]:
    """Take `PARTITION (k = 'v', …)`; return the values in the order of the table's keys."""
    words.expect("PARTITION")
    given, keys = words.pairs(words.name, words.value), partition_keys(table)
    if sorted(given) != sorted(keys):
        raise QueryError(
            f"FAILED: SemanticException [Error 10098]: the partition spec {sorted(given)} does not "
            f"name the table's partition columns {keys}"
        )
    return [given[key] for key in keys]


def repair_table(words: Words, job: Job) -> Outcome:
    """Add the partitions whose folders are in S3 and not in the catalog."""
    words.expect("MSCK", "REPAIR", "TABLE")
    table = job.catalog.require(*job.place(words.names()))
    words.finish()
    if partition_keys(table):
        job.catalog.add_missing_partitions(table, job.storage)
    return Outcome()


def _iceberg_changes(words: Words, job: Job, target: str) -> list[str]:
    """Return the engine's statements for one of Athena's clauses."""
    change = f"ALTER TABLE {target}"
    if words.take("ADD", "COLUMNS"):
        added = words.listed(lambda: read_column(words))
        return [f"{change} ADD COLUMN {column.for_iceberg()}" for column in added]
    if words.take("DROP", "COLUMN"):
        return [f"{change} DROP COLUMN {quoted(words.name())}"]
    if words.take("RENAME", "TO"):
        return [f"{change} RENAME TO {quoted(ICEBERG, *job.place(words.names()))}"]
    if words.take("SET", "TBLPROPERTIES"):
        pairs = words.pairs(words.string, words.string)
        check(pairs, ICEBERG_KEPT)
        return [f"{change} SET PROPERTIES extra_properties = {extra_properties(pairs)}"]
    if words.take("CHANGE"):
        words.take("COLUMN")
        return _change_column(words, job, target)
    raise words.unexpected("a change that Athena makes to Iceberg tables")


def _change_column(words: Words, job: Job, target: str) -> list[str]:
    """Take `old new type [COMMENT '…']`."""
    old, new = quoted(words.name()), read_column(words)
    new.for_iceberg()
    changes = []
    # The engine refuses a type that is the column's already.
    types = {quoted(n): kind for n, kind in job.engine.describe(f"SELECT * FROM {target}", None)}
    if types.get(old) != new.type.iceberg:
        changes.append(f"ALTER TABLE {target} ALTER COLUMN {old} SET DATA TYPE {new.type.iceberg}")
    if new.comment:
        changes.append(f"COMMENT ON COLUMN {target}.{old} IS {text(new.comment)}")
    if quoted(new.name) != old:
        changes.append(f"ALTER TABLE {target} RENAME COLUMN {old} TO {quoted(new.name)}")
    return changes
