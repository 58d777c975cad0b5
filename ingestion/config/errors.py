"""One error tree: every error names what happened and the remedy.

ReadableError                   what the command line shows instead of a traceback
IngestionError                  exit 1
├── ConfigurationError          exit 2: a setting is missing, misspelt or impossible
│   └── SourceMismatchError     exit 2: the lake holds another account's data
├── ClockError                  this machine's clock and the API's differ by minutes
├── AuthenticationError         401/403: wrong token, missing scope
│   └── ForbiddenError          403 for this address: the plan, or who may see one video
├── NotFoundError               404: the API does not know this address or video
├── BadRequestError             400/422: the API refuses the parameters
├── UnavailableError            no answer, 5xx, time-out: worth another try later
│   ├── RateLimitedError        429 for longer than the budget of one request
│   ├── TooSlowError            no answer in time, again and again
│   └── BlockedError            a firewall or proxy refuses it in the API's place
├── BadResponseError            an answer that is not the JSON it should be
└── LakeError                   the lake cannot be read or written
    └── LakeBusyError           another run holds the lake
"""

import errno
import os
import re

# How a command ends, for whoever starts it.
EXIT_CODES = {
    0: "Done.",
    1: "Failed. What is loaded stays, the last good tables stay; the next run goes on from there.",
    2: "Wrong usage or configuration. Nothing was touched.",
    3: (
        "Done, with a remark: a record was quarantined for the first time, a listed video has no "
        "statistics (said once), or a list was not read to its end."
    ),
    129: "The terminal was closed.",
    130: "Stopped with Ctrl-C.",
    143: "Stopped by SIGTERM.",
}
# What stands before the host of an address: a user, and mostly a password.
_LOGIN = re.compile(r"(?<=://)[^\s/?#@]+(?=@)")


def without_logins(text: str) -> str:
    """A text whose addresses name no user and password: it goes to logs, records and people."""
    return _LOGIN.sub("…", text)


class ReadableError(Exception):
    """Base of everything that is raised for a reader.

    Attributes:
        remedy: The command or setting that mends it, one sentence.
        exit_code: What the command line exits with: 1 failed, 2 usage or configuration.
        is_recorded: Whether the run it ends is written to the lake; one that was refused
            before it began is not.
    """

    exit_code = 1
    is_recorded = True

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(without_logins(message))
        self.remedy = without_logins(remedy)

    def __reduce__(self) -> tuple[type["ReadableError"], tuple[str, str]]:
        """Survive pickling, which Prefect does to the exceptions of its tasks."""
        return type(self), (str(self), self.remedy)


class IngestionError(ReadableError):
    """Base of what stops an ingest."""


class ConfigurationError(IngestionError):
    """A setting is missing, misspelt or impossible."""

    exit_code = 2
    is_recorded = False


class SourceMismatchError(ConfigurationError):
    """The lake was filled from another base URL, account or privacy policy."""


class ClockError(IngestionError):
    """This machine's clock is not the API's: what it would write no later run could mend.

    Told before anything is written it leaves no trace: its own record would bear the wrong time.
    """

    is_recorded = False


class AuthenticationError(IngestionError):
    """The API refused the token, whatever it asks for (401)."""


class ForbiddenError(AuthenticationError):
    """The API refuses this address (403), which says nothing of any other."""


class NotFoundError(IngestionError):
    """The API does not know this address (404)."""


class BadRequestError(IngestionError):
    """The API refused the request's parameters (400, 422)."""


# No retry mends these: the token, the plan or this API has it not.
REFUSALS = (AuthenticationError, NotFoundError, BadRequestError)


class UnavailableError(IngestionError):
    """No usable connection, a 5xx or a time-out, after every retry."""


class RateLimitedError(UnavailableError):
    """429 for longer than one request may wait."""


class TooSlowError(UnavailableError):
    """No answer in the time that the slowest good ones took; a smaller page may come."""


class BlockedError(UnavailableError):
    """Something between this machine and the API refuses the request."""


class BadResponseError(IngestionError):
    """A 200 whose body is not the JSON it should be, after every retry.

    Attributes:
        length: Bytes of the body.
        digest: SHA-256 of the body, hexadecimal; the body itself is kept nowhere.
        is_page: Whether it was a page of HTML: something else answers in the API's place.
    """

    is_page = False
    length = 0
    digest = ""


class LakeError(IngestionError):
    """The lake cannot be read or written."""


class LakeBusyError(LakeError):
    """Another process holds the lake."""

    is_recorded = False


class CrawlError(ReadableError):
    """The catalog does not know what was loaded; nothing is built from it."""


class StageTimeoutError(ReadableError):
    """A stage took longer than STAGE_TIMEOUT_MINUTES and was stopped."""


class BuildError(ReadableError):
    """`dbt build` did not succeed; the last good tables stay."""


class QueryError(ReadableError):
    """The query is wrong, or there are no tables to ask yet."""

    exit_code = 2


class TablesHeldError(ReadableError):
    """Another program has the file of the tables open for writing: nobody else can read it then."""


class PrefectError(ReadableError):
    """Prefect does not answer, or refuses what it was asked."""


class DeliveryError(ReadableError):
    """A version of the code cannot be put in place; the one before stays."""


class AlarmError(ReadableError):
    """An alarm could not be sent; it is tried again at the next look."""


def how_to_import() -> str:
    """What mends a package that cannot be loaded: it is another of that name, or not whole."""
    if path := os.environ.get("PYTHONPATH"):
        return f"unset PYTHONPATH, which is {path}: what lies there takes a package's place"
    return "install again: remove the folder .venv, then `make .venv/.ready`"


def describe(error: BaseException) -> tuple[str, str | None]:
    """An error as the record keeps it: message and remedy."""
    if isinstance(error, ReadableError):
        return str(error), error.remedy
    if not isinstance(error, Exception):
        return "it was stopped before its end", "start a run: it goes on where this one stopped"
    said = without_logins(str(error))
    remedy = None
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        remedy = "free some space where it writes, and run it again"
    elif isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        remedy = "let this user open more files (ulimit -n), and run it again"
    elif isinstance(error, RuntimeError) and "start new thread" in said:
        remedy = (
            "let this user have more memory or processes (ulimit -v, ulimit -u, or the limits of "
            "its container), and run it again"
        )
    elif isinstance(error, ImportError):
        remedy = how_to_import()
    return f"{type(error).__name__}: {said}" if said else type(error).__name__, remedy
