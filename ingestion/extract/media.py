"""Which media there are: everything the account holds, or the ids the settings name."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.api.paging import Paging
from ingestion.api.salvage import fields_of
from ingestion.config.errors import REFUSALS
from ingestion.config.grammar import MEDIA_ID
from ingestion.load.loader import note_cut_short
from ingestion.resources import MEDIAS

if TYPE_CHECKING:
    from ingestion.extract.context import Ingest

log = logging.getLogger(__name__)
# Of these the list tells that they have no statistics of plays; of a type that is new, only
# asking does. The last is a document of Microsoft's Office.
_NEVER_PLAYED = {"image", "swf", "pdfdocument", "microsoftofficedocument"}


@dataclass(frozen=True, slots=True)
class MediaList:
    """The media of a run: their ids in order, and their `/medias` items."""

    ids: tuple[str, ...]
    items: list[object]

    @property
    def listed(self) -> frozenset[str]:
        """Ids that the account itself lists."""
        return frozenset(_field(item, "hashed_id") for item in self.items)


def resolve_media(work: Ingest) -> MediaList:
    """Find the media this run reads.

    With ids in the settings the list gives only names and durations, so a token that may
    not read it, or an API without it, costs no more than those. A numeric id becomes the
    hashed one where the list knows it.

    Raises:
        AuthenticationError: The ids must be found through `/medias`, and the token may not.
        IngestionError: The list cannot be read.
    """
    if not any(one is MEDIAS or one.is_of_media for one in work.scope.resources):
        return MediaList((), [])
    wanted = work.settings.wistia_media_ids
    if wanted == "all":
        items = _read_list(work, None)
        ids = dict.fromkeys(_field(item, "hashed_id") for item in items if _is_playable(item))
        return MediaList(tuple(filter(MEDIA_ID.fullmatch, ids)), items)
    try:
        items = _read_list(work, wanted)
    except REFUSALS as error:
        log.warning("no names and durations of media: %s", error)
        work.run.manifest.resource(MEDIAS.name).notes.append(str(error))
        return MediaList(wanted, [])
    hashed = {_field(item, "id"): _field(item, "hashed_id") for item in items}
    ids = dict.fromkeys(_known_as(media_id, hashed) for media_id in wanted)
    asked = {*wanted, *ids}
    return MediaList(tuple(ids), [item for item in items if _field(item, "hashed_id") in asked])


def _known_as(media_id: str, hashed: dict[str, str]) -> str:
    found = hashed.get(media_id, "")
    return found if MEDIA_ID.fullmatch(found) else media_id


def _read_list(work: Ingest, wanted: tuple[str, ...] | None) -> list[object]:
    # Only hashed ids can be asked for; numeric ones need the whole list.
    filters = {}
    if wanted and not any(media_id.isdigit() for media_id in wanted):
        filters["hashed_ids[]"] = list(wanted)
    paging = Paging("the list of media", identify=MEDIAS.identify)
    pages = work.client.fetch_pages(MEDIAS.path, filters, paging)
    items = [item for page in pages for item in page]
    if paging.gave_up:
        note_cut_short(work.run.manifest.resource(MEDIAS.name), paging.gave_up)
    return items


def _field(item: object, name: str) -> str:
    value = fields_of(item).get(name)
    return "" if value is None else str(value)


def _is_playable(item: object) -> bool:
    return _field(item, "type").lower() not in _NEVER_PLAYED
