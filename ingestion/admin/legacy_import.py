"""`import`: the predecessor's bronze is loaded into this lake, once.

    visitors_20260108_170607_batch_110471.json
    media_<id>_20260108_170607.json
    media_engagement_<id>_20260108_170607.json

These are JSON arrays, some packed with gzip since. Their times are those of the machine that wrote
them, in the Pacific zone.

Files are taken in the order of their times, so that among equal states the later one wins. A
manifest lists each file it took with its digest: the same file is never loaded twice, and a killed
import goes on behind the last row that was durable. Lines are loaded under the import's own
`ingest_date`, since that is where a build looks for what is new.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import json
import re
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ingestion.admin.job import Job, if_durable, open_job
from ingestion.api.salvage import parse_float, refuse_constant, skip_space
from ingestion.config.errors import ConfigurationError, LakeError
from ingestion.config.settings import folder_of
from ingestion.config.timestamps import Clock, format_timestamp
from ingestion.resources import RESOURCES
from ingestion.state.manifest import SourceFile
from ingestion.state.source_guard import check_source
from ingestion.storage.base import Lake, open_lake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.config.settings import Settings
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource

_ZONE = ZoneInfo("America/Los_Angeles")
_NAME = re.compile(
    r"(?:(?P<visitors>visitors)|(?P<resource>media_engagement|media)_(?P<id>[A-Za-z0-9]+))"
    r"_(?P<time>\d{4}-?\d\d-?\d\d[_T-]?\d\d[-:]?\d\d[-:]?\d\d)"
    r"(?(visitors)(?:_batch_\d+)?)\.json(?:\.gz)?"
)


class Damage(NamedTuple):
    """What follows the last readable record of a file: its length in bytes and SHA-256."""

    length: int
    sha256: str


class Count(NamedTuple):
    """What an import found of one resource; `read` records = loaded + unchanged + quarantined."""

    resource: str
    files: int
    known: int
    read: int
    loaded: int
    unchanged: int
    quarantined: int


def import_files(
    settings: Settings,
    lake: Lake,
    uri: str,
    clock: Clock,
    say: Callable[[str], None] = lambda _doing: None,
) -> list[Count]:
    """Load every file of the predecessor that is not loaded yet; counts by resource.

    Raises:
        ConfigurationError: There is no such place, or none of the predecessor's files there.
        SourceMismatchError: The lake holds another account's data, or another policy's.
        LakeError: A file cannot be read, or the counts do not add up; importing again goes on.
    """
    source, files = _find_files(settings, uri)
    with open_job(settings, lake, "import", clock) as job:
        # The account's name is learnt by the first run; until then its address stands for it.
        job.manifest.source = check_source(lake, settings, None)
        counts = []
        for resource in RESOURCES:
            ours = {key: file for key, file in files.items() if file.resource == resource.name}
            if ours:
                counts.append(_import_resource(job, resource, source, ours, say))
        return counts


def _find_files(settings: Settings, uri: str) -> tuple[Lake, dict[str, SourceFile]]:
    """The predecessor's files by their keys, oldest first."""
    if not uri.startswith("s3://") and not folder_of(uri).is_dir():
        raise ConfigurationError(
            f"there is no folder {uri}", "name the folder, or s3://bucket/prefix, of the old files"
        )
    source = open_lake(settings.model_copy(update={"lake_uri": uri}))
    found = {key: file for key in source.list("") if (file := parse_name(key))}
    if not found:
        raise ConfigurationError(
            f"{uri} holds none of the predecessor's files",
            "they are named like visitors_20260108_170607_batch_110471.json",
        )
    return source, dict(sorted(found.items(), key=lambda one: (one[1].taken_at, one[0])))


def _import_resource(
    job: Job,
    resource: Resource,
    source: Lake,
    files: dict[str, SourceFile],
    say: Callable[[str], None],
) -> Count:
    loader = job.open(resource)
    entry = loader.entry
    before = {file.identity: file for run in job.before for file in run.sources}
    known = read = 0
    for key, taken in files.items():
        say(f"importing {taken.name}")
        body = source.get(key)
        if body is None:
            raise LakeError(f"{key} has gone while it was imported", "import again")
        body = _unpack(body)
        taken.sha256 = hashlib.sha256(body).hexdigest()
        old = before.setdefault(taken.identity, taken)
        if old.state == "completed":
            known += 1
            continue
        before[taken.identity] = taken
        taken.rows = old.rows
        job.manifest.sources.append(taken)
        read += _take(job, resource, loader, taken, body)
    if read != entry.records + entry.unchanged + entry.quarantined:
        raise LakeError(
            f"{read} {resource.name} records were read, {entry.records} loaded, "
            f"{entry.unchanged} were unchanged and {entry.quarantined} quarantined",
            "report this; `wistia-elt doctor --lake` tells what lies in the lake",
        )
    if entry.records:
        # The old crawl began an hour before its file's time and missed who came back
        # meanwhile, and an old state may stand where a newer one did: only a read of the
        # whole list is provably enough.
        loader.state.watermark = loader.state.reconciled_at = None
    loader.close()
    counts = (entry.records, entry.unchanged, entry.quarantined)
    return Count(resource.name, len(files) - known, known, read, *counts)


def _take(job: Job, resource: Resource, loader: Loader, taken: SourceFile, body: bytes) -> int:
    """Load a file's rows behind those that are durable; returns how many there were."""
    start, place = taken.rows, 0
    taken_at = datetime.fromisoformat(taken.taken_at)
    for place, value in enumerate(read_values(body), 1):
        if place <= start:
            continue
        if isinstance(value, Damage):
            loader.quarantine(value._asdict(), f"{taken.name} ends in what is not JSON")
        elif resource.is_snapshot:
            loader.load_snapshot(taken.media_id, value, taken_at)
        else:
            # What was loaded late is no news of the overlap.
            loader.load([value], remember_from=job.run.clock())
        if loader.is_due:
            with if_durable(taken):
                taken.rows = place
                loader.flush()
    with if_durable(taken):
        taken.rows, taken.state = place, "completed"
        loader.flush()
    return place - start


def parse_name(key: str) -> SourceFile | None:
    """Read a file's name, whatever folder it lies in; None for any other file.

    In the hour that comes twice in autumn, the earlier one is meant.
    """
    name = key.rpartition("/")[2]
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        local = datetime.strptime(re.sub(r"\D", "", found["time"]), "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return SourceFile(
        name=name,
        resource=found["visitors"] or found["resource"],
        media_id=found["id"] or "",
        taken_at=format_timestamp(local.replace(tzinfo=_ZONE)),
    )


def _unpack(body: bytes) -> bytes:
    """A file's JSON; what cannot be unpacked is given as it is, and read as damaged."""
    if body.startswith(b"\x1f\x8b"):
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            return body
    return body.removeprefix(codecs.BOM_UTF8)


def read_values(body: bytes) -> Iterator[object]:
    """Read the values of an array one by one, or a single value that stands alone.

    In place of what cannot be read comes one `Damage`, at the end.
    """
    is_whole = True
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        text, is_whole = body[: error.start].decode(), False
    place = skip_space(text, 0)
    is_array = text.startswith("[", place)
    place += is_array
    try:
        for value, end in _values(text, place, is_array=is_array):
            yield value
            place = end
    except (ValueError, RecursionError):
        is_whole = False
    if not is_whole:
        rest = body[len(text[:place].encode()) :]
        yield Damage(len(rest), hashlib.sha256(rest).hexdigest())


def _values(text: str, place: int, *, is_array: bool) -> Iterator[tuple[object, int]]:
    decoder = json.JSONDecoder(parse_float=parse_float, parse_constant=refuse_constant)
    place = skip_space(text, place)
    is_empty = is_array and text.startswith("]", place)
    while not is_empty:
        value, end = decoder.raw_decode(text, skip_space(text, place))
        yield value, end
        place = skip_space(text, end)
        if not is_array or text.startswith("]", place):
            break
        if not text.startswith(",", place):
            raise ValueError("expected a comma")
        place += 1
    if text[place + is_array :].strip():
        raise ValueError("expected the end")
