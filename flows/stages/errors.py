"""Errors of the stages after bronze; the ingester's are in `ingestion.config.errors`."""

from ingestion.config.errors import ReadableError


class CrawlError(ReadableError):
    """The catalogue does not know what landed; nothing is built from it."""


class StageTimeoutError(ReadableError):
    """A stage took longer than STAGE_TIMEOUT_MINUTES and was stopped."""


class BuildError(ReadableError):
    """`dbt build` did not succeed; the last good tables stay."""


class QueryError(ReadableError):
    """The query is wrong, or there are no tables to ask yet."""

    exit_code = 2


class PrefectError(ReadableError):
    """Prefect does not answer, or refuses what it was asked."""


class DeliveryError(ReadableError):
    """A version of the code cannot be put in place; the one before stays."""


class AlarmError(ReadableError):
    """An alarm could not be sent; it is tried again at the next look."""
