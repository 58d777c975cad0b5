"""The visitors: read by last activity, newest first, down to what is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ingestion.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from ingestion.ingest import Ingest
    from ingestion.resources import Resource


def land_visitors(work: Ingest, resource: Resource) -> None:
    landing, state = work.open(resource)
    bound = None if work.scope.full or state.watermark is None else state.watermark - work.overlap
    started = work.run.clock()
    landing.keep_after = bound or started - timedelta(days=36500)
    first = True
    for rows in work.client.fetch_pages(resource.path):
        if first:
            times = [t for t in (parse_timestamp(r.get(resource.active_at)) for r in rows) if t]
            mark = min([started, *([max(times)] if times else [])])
            landing.entry.watermark = format_timestamp(mark)
            landing.keep_after = mark - work.overlap
            first = False
        landing.land(rows, bound)
        if landing.is_full:
            landing.flush()
        work.progress(landing.entry)
        last = parse_timestamp(rows[-1].get(resource.active_at))
        if bound and last and last < bound:
            break
    landing.flush()
    if landing.entry.watermark:
        state.watermark = parse_timestamp(landing.entry.watermark)
        state.forget_before(state.watermark - work.overlap)
    from ingestion.ingest import _keep

    _keep(work, state)
