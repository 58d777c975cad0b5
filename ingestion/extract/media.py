"""The videos: which there are, their list, and whatever is asked for one after the other."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from ingestion.api.paging import Paging
from ingestion.api.parallel import read_in_order
from ingestion.api.salvage import fields_of
from ingestion.config.errors import (
    REFUSALS,
    BadResponseError,
    BlockedError,
    IngestionError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from ingestion.config.grammar import MEDIA_ID
from ingestion.extract.context import Videos
from ingestion.load.loader import cut_short, note

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ingestion.extract.context import Ingest
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource

log = logging.getLogger(__name__)
A = TypeVar("A")
# Of these the list tells that they have no statistics of plays; of a type that is new, only
# asking does. The last is a document of Microsoft's Office.
_NEVER_PLAYED = {"image", "swf", "pdfdocument", "microsoftofficedocument"}
# The longest engagement curves have 32 kB.
_MOST_AHEAD = 1_000
# So many videos in a row without an answer, and it is the API that is down.
_DOWN = 5
# What is told of one video is so of every other.
_OF_ALL = (RateLimitedError, BlockedError)


def find_videos(work: Ingest, resource: Resource) -> Videos:
    """Find the videos this run reads.

    With ids in the settings the list gives only names and durations, so a token that may
    not read it, or an API without it, costs no more than those. A numeric id becomes the
    hashed one where the list knows it.

    Raises:
        AuthenticationError: The ids must be found through the list, and the token may not.
        IngestionError: The list cannot be read.
    """
    wanted = work.settings.wistia_media_ids
    if wanted == "all":
        items = _read_list(work, resource, {})
        playable = (item for item in items if _field(item, "type").lower() not in _NEVER_PLAYED)
        found = (_field(item, "hashed_id") for item in playable)
        ids = [media_id for media_id in found if MEDIA_ID.fullmatch(media_id)]
    else:
        # Only hashed ids can be asked for; numeric ones need the whole list.
        is_numeric = any(media_id.isdigit() for media_id in wanted)
        try:
            items = _read_list(work, resource, {} if is_numeric else {"hashed_ids[]": wanted})
        except REFUSALS as error:
            log.warning("no names and durations of videos: %s", error)
            note(work.run.manifest.resource(resource.name), str(error))
            return Videos(wanted)
        hashed = {_field(item, "id"): _field(item, "hashed_id") for item in items}
        known = {name: own for name, own in hashed.items() if MEDIA_ID.fullmatch(own)}
        ids = [known.get(media_id, media_id) for media_id in wanted]
        items = [item for item in items if _field(item, "hashed_id") in {*wanted, *ids}]
    listed = frozenset(_field(item, "hashed_id") for item in items)
    return Videos(tuple(dict.fromkeys(ids)), items, listed)


def _read_list(work: Ingest, resource: Resource, asked: dict[str, object]) -> list[object]:
    paging = Paging("the list of videos", identify=resource.identify)
    pages = work.client.fetch_pages(resource.path, asked, paging)
    items = [item for page in pages for item in page]
    if paging.gave_up:
        cut_short(work.run.manifest.resource(resource.name), paging.gave_up)
    return items


def _field(item: object, name: str) -> str:
    value = fields_of(item).get(name)
    return "" if value is None else str(value)


def load_list(work: Ingest, resource: Resource) -> None:
    """Load the items of the list of videos that are new or changed."""
    with work.loading(resource) as loader:
        loader.load(work.videos.items)


def load_snapshots(work: Ingest, resource: Resource) -> Generator[None]:
    """Load the statistics that changed, of each video or of the account.

    Yields:
        While only videos are left that hang.

    Raises:
        IngestionError: No video's statistics can be read; what was loaded stays.
    """
    videos = work.videos
    names = videos.ids if resource.is_of_media else (resource.name,)

    def fetch(media_id: str) -> object:
        return work.client.get(resource.path.format(media_id=media_id), salvages=True)

    with work.loading(resource) as loader:

        def take(media_id: str, answer: object) -> None:
            if not isinstance(answer, NotFoundError):
                loader.load_snapshot(media_id, answer)
            elif resource.is_of_media:
                loader.miss(media_id, is_listed=media_id in videos.listed)
                log.info("Wistia has no statistics of %s; check WISTIA_MEDIA_IDS", media_id)
            else:
                raise answer

        yield from read_each(work, loader, names, fetch, take, _MOST_AHEAD)


def read_each(  # noqa: PLR0913, PLR0917 - what to ask, and what to do with it
    work: Ingest,
    loader: Loader,
    media_ids: tuple[str, ...],
    fetch: Callable[[str], A],
    take: Callable[[str, A | NotFoundError], None],
    most_ahead: int,
) -> Generator[None]:
    """Read something of every video, side by side.

    One that fails after every retry is noted, so that the run ends with 3, and costs no other.

    Args:
        work: The run.
        loader: Of the resource; flushed when it is due.
        media_ids: In the order to load.
        fetch: Reads it of one video; called from many threads.
        take: Loads a video's answer, or that Wistia does not know it.
        most_ahead: Answers that may wait behind a slow one.

    Yields:
        While only videos are left that hang; what was loaded is durable then.

    Raises:
        IngestionError: No video answers, or what answers is not the API.
    """
    # Who has answered, and how many had when each was asked.
    good, before = list[str](), dict[str, int]()
    failed: list[UnavailableError] = []

    def ask(media_id: str) -> A:
        before[media_id] = len(good)
        answer = fetch(media_id)
        good.append(media_id)
        return answer

    for come in read_in_order(ask, deque(media_ids), work.client.in_flight, most_ahead):
        if come is None:
            loader.flush()
            yield
            continue
        media_id, answer = come
        if isinstance(answer, UnavailableError) and not isinstance(answer, _OF_ALL):
            # While others answer it is the video, and else the API.
            failed = [] if len(good) > before[media_id] else [*failed, answer]
            if len(failed) == _DOWN:
                raise failed[0]
            cut_short(loader.entry, str(answer))
        elif isinstance(answer, BadResponseError) and not answer.is_page:
            loader.quarantine_answer(answer, media_id=media_id)
            log.warning("what the API says of %s is quarantined: %s", media_id, answer)
        elif isinstance(answer, IngestionError) and not isinstance(answer, NotFoundError):
            raise answer
        else:
            failed = []
            take(media_id, answer)
        work.progress(loader)
    if failed and not good:
        raise failed[0]
