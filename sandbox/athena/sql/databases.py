"""CREATE, DROP and ALTER DATABASE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.athena.catalogue import is_iceberg
from sandbox.athena.engine.server import ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, quoted

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words


def create_database(words: Words, job: Job) -> Outcome:
    """Make a database."""
    words.expect("CREATE")
    _database(words)
    lenient, name = words.take("IF", "NOT", "EXISTS"), words.names()[-1]
    made: dict[str, Any] = {"Name": name}
    if words.take("COMMENT"):
        made["Description"] = words.string()
    if words.take("LOCATION"):
        made["LocationUri"] = words.string()
    if words.take("WITH", "DBPROPERTIES"):
        made["Parameters"] = words.pairs()
    words.finish()
    if job.catalogue.has_database(name):
        if lenient:
            return Outcome()
        raise QueryError(f"FAILED: Execution Error: Database {name} already exists")
    job.catalogue.glue.create_database(DatabaseInput=made)  # type: ignore[arg-type]
    return Outcome()


def drop_database(words: Words, job: Job) -> Outcome:
    """Forget a database; with CASCADE its tables too."""
    words.expect("DROP")
    _database(words)
    lenient, name = words.take("IF", "EXISTS"), words.names()[-1]
    cascade = words.take("CASCADE")
    if not cascade:
        words.take("RESTRICT")
    words.finish()
    if lenient and not job.catalogue.has_database(name):
        return Outcome()
    tables = job.catalogue.tables(name)
    if tables and not cascade:
        raise QueryError(
            f"FAILED: Execution Error: InvalidOperationException: Database {name} is not empty. "
            "One or more tables exist."
        )
    for table in tables:
        if is_iceberg(table):
            job.run(f"DROP TABLE {quoted(ICEBERG, name, table['Name'])}")
        else:
            job.catalogue.delete(table)
    job.catalogue.glue.delete_database(Name=name)
    return Outcome()


def alter_database(words: Words, job: Job) -> Outcome:
    """Set a database's properties."""
    words.expect("ALTER")
    _database(words)
    name = words.names()[-1]
    words.expect("SET", "DBPROPERTIES")
    pairs = words.pairs()
    words.finish()
    job.catalogue.require_database(name)
    found = job.catalogue.glue.get_database(Name=name)["Database"]
    kept: dict[str, Any] = {
        key: found[key]  # type: ignore[literal-required]
        for key in ("Name", "Description", "LocationUri", "Parameters")
        if found.get(key)
    }
    kept["Parameters"] = {**kept.get("Parameters", {}), **pairs}
    job.catalogue.glue.update_database(Name=name, DatabaseInput=kept)  # type: ignore[arg-type]
    return Outcome()


def _database(words: Words) -> None:
    if not words.take("SCHEMA"):
        words.expect("DATABASE")
