"""What goes wrong.

SandboxError       the stack itself cannot start; a sentence and its remedy
ApiError           an action is refused: what a client's exception is made of
QueryError         a query fails: what GetQueryExecution tells of it
"""


class SandboxError(Exception):
    """The stack cannot start; `remedy` says what mends that."""

    def __init__(self, message: str, remedy: str, code: int = 2) -> None:
        """Keep the sentence, what mends it, and the exit code: 2 where something is missing."""
        super().__init__(message)
        self.remedy, self.code = remedy, code


class ApiError(Exception):
    """An action is refused, by the name and status that the service gives."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep what the answer is made of."""
        super().__init__(message)
        self.code, self.status = code, status


class InvalidRequest(ApiError):  # noqa: N818 - the service's own name
    """Athena's InvalidRequestException, which it gives for most refusals."""

    def __init__(self, message: str) -> None:
        """Refuse with this message."""
        super().__init__("InvalidRequestException", message)


class QueryError(Exception):
    """A query failed, or was stopped; the text becomes its StateChangeReason."""

    # https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
    SYSTEM, USER = 1, 2
    ICEBERG = 233

    def __init__(self, reason: str, *, category: int = USER, kind: int = 1003) -> None:
        """Fail for this reason; `kind` is Athena's ErrorType, 1003 a query's own fault."""
        super().__init__(reason)
        self.category, self.kind = category, kind


class QueryCancelled(QueryError):  # noqa: N818 - a state, not a fault
    """The query was stopped: on request, or by its workgroup's limit."""
