"""What the engine takes as it is: SELECT, INSERT, EXPLAIN, and the changes of Iceberg tables."""

from sandbox.athena.aws.catalog import is_iceberg
from sandbox.athena.engine.client import Outcome
from sandbox.athena.engine.server import ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.sql.job import Job, lines, quoted, text
from sandbox.athena.sql.json_keys import refuse_twin_keys
from sandbox.athena.sql.words import Words

_MAX_SNAPSHOT_AGE = 432_000  # seconds; Athena's default, five days


def run_query(words: Words, job: Job) -> Outcome:
    """Run a query, or an INSERT."""
    del words
    return _run(job)


def explain(words: Words, job: Job) -> Outcome:
    """Print a query's plan."""
    del words
    plan = [line for row in _run(job).rows for line in str(row[0]).splitlines()]
    return lines(["Query Plan"], plan)


def change_rows(words: Words, job: Job) -> Outcome:
    """Run a DELETE, an UPDATE or a MERGE."""
    for beginning in (("DELETE", "FROM"), ("UPDATE",), ("MERGE", "INTO")):
        if words.take(*beginning):
            break
    table = job.catalog.find(*job.place(words.names()))
    if table and not is_iceberg(table):
        raise QueryError("NOT_SUPPORTED: Modifying Hive table rows is not supported")
    _run(job)
    return Outcome()


def _run(job: Job) -> Outcome:
    refuse_twin_keys(job)
    if not job.parameters:
        return job.run(job.sql)
    return job.run(f"EXECUTE IMMEDIATE {text(job.sql)} USING {', '.join(job.parameters)}")


def optimize(words: Words, job: Job) -> Outcome:
    """Write small files again as large ones."""
    words.expect("OPTIMIZE")
    target = _iceberg_table(words, job)
    words.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    job.run(f"ALTER TABLE {quoted(*target)} EXECUTE optimize {words.rest}")
    return Outcome()


def vacuum(words: Words, job: Job) -> Outcome:
    """Forget old snapshots and delete files that no snapshot names."""
    words.expect("VACUUM")
    catalog, database, name = _iceberg_table(words, job)
    words.finish()
    properties = quoted(catalog, database, f"{name}$properties")
    found = job.engine.run(f"SELECT key, value FROM {properties}").rows
    age = int(dict(found).get("vacuum_max_snapshot_age_seconds", _MAX_SNAPSHOT_AGE))
    for procedure in ("expire_snapshots", "remove_orphan_files"):
        job.run(
            f"ALTER TABLE {quoted(catalog, database, name)} "
            f"EXECUTE {procedure}(retention_threshold => '{age}s')"
        )
    return Outcome()


def _iceberg_table(words: Words, job: Job) -> tuple[str, str, str]:
    database, name = job.place(words.names())
    if not is_iceberg(job.catalog.require(database, name)):
        raise QueryError(f"NOT_SUPPORTED: {database}.{name} is not an Iceberg table")
    return ICEBERG, database, name
