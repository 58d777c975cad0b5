"""Lines of JSON whose keys differ by case alone: the SerDe refuses them, the engine does not.

OpenX folds keys to lower case unless the table says `case.insensitive` = FALSE. Two that are then
the same make the line unreadable, and with it every query of the table: "Row is not a valid JSON
Object … Duplicate key" (Athena's documentation, "OpenX JSON SerDe").
"""

import gzip
import json
import re

from sandbox.athena.aws.catalog import Table
from sandbox.athena.errors import QueryError
from sandbox.athena.sql.job import Job

_OPENX = "org.openx.data.jsonserde.JsonSerDe"
_PART = r'(?:"[^"]+"|\w+)'
_READ = re.compile(rf"\b(?:from|join|using)\s+({_PART}(?:\s*\.\s*{_PART}){{0,2}})", re.IGNORECASE)


def refuse_twin_keys(job: Job) -> None:
    """Refuse a query as Athena would, where a table that it reads has such a line.

    Raises:
        QueryError: One has.
    """
    for names in {tuple(re.findall(_PART, found)) for found in _READ.findall(job.sql)}:
        try:
            place = job.place([name.strip('"') for name in names])
        except QueryError:  # a common table expression's name, or what the engine will refuse
            continue
        table = job.catalog.find(*place)
        if table and _folds_keys(table):
            for uri in job.storage.files(table["StorageDescriptor"]["Location"]):
                _refuse_lines(job.storage.read(uri))


def _folds_keys(table: Table) -> bool:
    serde = table.get("StorageDescriptor", {}).get("SerdeInfo", {})
    said = serde.get("Parameters", {}).get("case.insensitive", "true")
    return bool(serde.get("SerializationLibrary") == _OPENX and said.lower() != "false")


def _refuse_lines(body: bytes) -> None:
    for line in (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).splitlines():
        try:
            json.loads(line, object_pairs_hook=_refuse_twins)
        except ValueError:  # the engine's to refuse
            continue


def _refuse_twins(pairs: list[tuple[str, object]]) -> None:
    names = [name.lower() for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise QueryError(
                "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: "
                f'Duplicate key "{name}"'
            )
