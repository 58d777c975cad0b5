"""Errors of the stage that makes the pages; whatever they say, the last good pages stay."""

from ingestion.config.errors import ReadableError


class PagesError(ReadableError):
    """The pages cannot be made or published."""


class NodeError(PagesError):
    """Node, which makes the pages of the tables, is missing or too old."""
