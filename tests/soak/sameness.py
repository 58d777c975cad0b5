"""When two lakes tell the same: every table but those about runs, every lasting column."""

from tests.support.commands.command_line import CommandLine

# Each run adds to these.
OF_RUNS = {"silver.fact_runs", "pages.runs", "pages.status"}
# What tells when a row was read, and not what it says.
OF_THE_MOMENT = {"ingested_at", "snapshot_ts", "run_id", "valid_from", "valid_to"}


def compared(cli: CommandLine) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table, as they compare with those of another lake."""
    found = {}
    for name in cli.tables():
        if name not in OF_RUNS:
            described = [row[0] for row in cli.rows(f"describe {name}")]
            columns = [column for column in described if column not in OF_THE_MOMENT]
            found[name] = cli.rows(f"select {', '.join(columns)} from {name} order by all")  # noqa: S608
    return found
