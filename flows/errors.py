"""Errors of the stages after bronze; the ingester's are in `ingestion.errors`."""

from ingestion.errors import ReadableError


class CrawlError(ReadableError):
    """The catalogue does not know what landed; nothing is built from it."""


class BuildError(ReadableError):
    """`dbt build` did not succeed; the last good tables stay."""


class QueryError(ReadableError):
    """The query is wrong, or there are no tables to ask yet."""

    exit_code = 2
