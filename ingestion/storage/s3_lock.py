"""A lock in a bucket: an object its holder renews, and whoever finds it still takes over.

S3's conditional puts decide between two who want it. Clocks differ between machines, so
no time in the object is believed: a lease is dead when it did not change for its length.
"""

from __future__ import annotations

import logging
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ingestion.config.errors import LakeBusyError, LakeError
from ingestion.storage.base import describe_owner, note_owner

if TYPE_CHECKING:
    from ingestion.storage.s3 import BucketLake

# A holder misses two renewals before its lease runs out; one who waits looks more often.
_RENEWALS = 4
_LOOKS = 10

log = logging.getLogger(__name__)


def lock_key(name: str) -> str:
    """`state/locks/ingest.json`."""
    return f"state/locks/{name}.json"


class Lease:
    """One holder's lease on a named lock of a bucket."""

    def __init__(self, store: BucketLake, name: str) -> None:
        self._store, self._name, self._key = store, name, lock_key(name)
        self._seconds = store.lease_seconds
        self.is_lost = False
        self._etag, self._renewed = "", 0.0
        self._mutex, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def take(self) -> None:
        """Take the lock, waiting for a dead holder's lease to run out, and go on renewing it.

        Raises:
            LakeBusyError: The holder renews its lease, or somebody was faster.
        """
        self._renewed = self._store.clock()
        first = note, held = self._store.read(self._key)
        if held is not None:
            log.warning(
                "another %s holds the lake%s: looking for %g s whether it lives",
                self._name,
                describe_owner(note),
                self._seconds,
            )
        for _ in range(_LOOKS):
            if held is None or (note, held) != first:
                break
            self._store.sleep(self._seconds / _LOOKS)
            self._renewed = self._store.clock()
            note, held = self._store.read(self._key)
        etag = None
        if held is None:
            etag = self._write(IfNoneMatch="*")
        elif (note, held) == first:
            etag = self._write(IfMatch=held)
        if etag is None:
            raise LakeBusyError(
                f"another {self._name} is at work in {self._store.uri}{describe_owner(note)}",
                "wait for it to finish, or end that process: its lease runs out "
                f"{self._seconds:g} seconds later",
            )
        self._etag = etag
        self._thread.start()

    def ensure(self) -> None:
        """Make sure that the lease is still ours; renew one that may have run out.

        Raises:
            LakeBusyError: This process stood still, and another took over.
            LakeError: Nobody can say: the bucket does not answer.
        """
        overdue = self._store.clock() - self._renewed > self._seconds * 2 / _RENEWALS
        if overdue and not self.is_lost:
            self._renew()
        if self.is_lost:
            raise LakeBusyError(
                f"another {self._name} took over {self._store.uri} while this one stood still",
                "let that one finish; nothing is lost",
            )

    def end(self) -> None:
        """Give the lock back, unless it has become another's."""
        self._ended.set()
        # A renewal may hang on a dead network; one after the removal cannot succeed.
        self._thread.join(self._seconds)
        with suppress(LakeError):
            self._store.remove_if(self._key, self._etag)

    def _keep(self) -> None:
        while not self.is_lost and not self._ended.wait(self._seconds / _RENEWALS):
            with suppress(LakeError):
                self._renew()

    def _renew(self) -> None:
        with self._mutex:
            if self.is_lost:
                return
            moment, etag = self._store.clock(), self._write(IfMatch=self._etag)
            if etag is None:
                self.is_lost = True
            else:
                self._etag, self._renewed = etag, moment

    def _write(self, **condition: str) -> str | None:
        body = note_owner(mark=secrets.token_hex(8))
        etag = self._store.write_if(self._key, body, **condition)
        if etag is None:
            # A put whose answer got lost is sent again, and finds the first one in its way.
            note, found = self._store.read(self._key)
            etag = found if note == body else None
        return etag
