"""Planted persons and tokens are searched for in all that runs leave, Prefect's database too."""

import gzip
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reports.export import attach_file, export_tables
from tests.ingestion.account import TOKEN, Account, event, visitor
from tests.ingestion.api.wire import Wire, as_json, text
from tests.support.commands.command_line import CommandLine
from tests.support.lakes.named import Lakes

HASH_KEY = "planted-key-4d2"
PERSON = {
    "name": "Nadine Planted",
    "email": "nadine@planted.example",
    "org": {"name": "Planted & Sons", "title": "Chief Planter"},
}
PERSONS = ("Nadine", "nadine", "Sons", "Planter")
# pragma: allowlist nextline secret
ADDRESS = "https://nadine:hush7q@www.example.com/tour?wemail=nadine@planted.example#Nadine"
PLAY: dict[str, Any] = {
    "ip": "203.0.113.77",
    "city": "Plantville",
    "lat": 11.77112233,
    "lon": -22.88223344,
    "org": "Planted & Sons",
    "email": "nadine@planted.example",
    "conversion_type": "turnstile",
    "conversion_data": {"email": "nadine@planted.example", "phone": ["+49 30 9018273645"]},
    "embed_url": ADDRESS,
    "media_url": ADDRESS,
    "iframe_heatmap_url": ADDRESS,
    "thumbnail": {"url": ADDRESS},
}
# Longer than the fraction of a second: Prefect's database is full of times, one after another.
PLAYED = (
    "203.0.113.77",
    "Plantville",
    "11.77112233",
    "22.88223344",
    "9018273645",
    "hush7q",
    "wemail",
)
SECRETS = (TOKEN, HASH_KEY)
BROKEN: dict[str, Any] = {
    "/stats/visitors": text('[{"visitor_identity": {"name": "Nadine", "email": "nadine@'),
    "/stats/medias/abc": as_json({"code": "unauthorized_scope", "error": "nadine@planted"}, 403),
    "/medias": text("<html>Nadine"),
}


@pytest.fixture
def account() -> Account:
    account = Account(
        visitors=[
            visitor(0, visitor_identity=PERSON),
            visitor(1, load_count="x", visitor_identity=PERSON),
            visitor(2),
        ]
    )
    account.add_medium("abc")
    account.events = [
        event(0, **PLAY),
        event(1, **PLAY, percent_viewed="half"),
        event(
            2, **PLAY | {"embed_url": "call Nadine", "lat": "11.77112233", "city": ["Plantville"]}
        ),
    ]
    return account


@pytest.fixture
def wire(account: Account) -> Iterator[Wire]:
    with Wire(account).running() as running:
        yield running


def command_line(wire: Wire, folder: Path, prefect: dict[str, str], policy: str) -> CommandLine:
    return CommandLine(
        folder,
        {
            **prefect,
            "WISTIA_BASE_URL": wire.base_url,
            "WISTIA_API_TOKEN": TOKEN,
            "WISTIA_REQUESTS_PER_MINUTE": "0",
            "PII_POLICY": policy,
            "PII_HASH_KEY": HASH_KEY,
        },
    )


def everything(*folders: Path) -> dict[str, bytes]:
    """Every file below, unpacked."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {
        str(path): gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in files
    }


def events_of(cli: CommandLine) -> list[tuple[Any, ...]]:
    """Of each play on a page: the page, whether more of its address is told, whether nothing is."""
    return cli.rows(
        "select split_part(embed_url, '?', 1), contains(embed_url, '?'), coalesce(ip, city, org, "
        "email, cast(lat as varchar), cast(lon as varchar)) is null "
        "from silver.fact_events where embed_url like 'https:%'"
    )


@pytest.fixture
def folder(lakes: Lakes, tmp_path: Path) -> Path:
    return lakes.parse(tmp_path)


@pytest.mark.parametrize("policy", ["drop", "hash"])
def test_good_and_failing_runs_tell_nobody_anywhere(
    account: Account,
    wire: Wire,
    folder: Path,
    prefect_settings: dict[str, str],
    policy: str,
) -> None:
    cli = command_line(wire, folder, prefect_settings, policy)
    said = [cli.run("run")]
    for path, reply in BROKEN.items():
        account.order(path, *[reply] * 9)
        said.append(cli.call("--debug", "ingest"))
        account.faults.clear()
    said += [cli.call("query", "select * from silver.fact_visitors", "--json"), cli.call("status")]
    said.append(cli.call("query", "select * from silver.fact_events", "--csv"))
    pages = folder / "pages"
    pages.mkdir()
    export_tables(partial(attach_file, cli.lake / "warehouse.duckdb"), {"visitors": 2}, pages)

    assert [run.returncode for run in said] == [3, 1, 1, 1, 0, 0, 0]
    assert len(json.loads(said[-3].stdout)) == 2
    assert events_of(cli) == [("https://www.example.com/tour", policy == "hash", policy == "drop")]
    told = "".join(run.stdout + run.stderr for run in said).encode()
    # Prefect's database is a file of its home: runs, parameters, artifacts, logs.
    found = everything(folder, Path(prefect_settings["PREFECT_HOME"])) | {"the terminal": told}
    assert any(name.endswith("prefect.db") for name in found)
    # Tables keep their values packed, so they are asked too.
    found |= {"the tables": str(cli.tables()).encode()}
    found |= {
        str(file): str(duckdb.read_parquet(str(file)).fetchall()).encode()
        for file in pages.glob("*.parquet")
    }
    assert len(list(pages.glob("*.parquet"))) > 10
    traces = [word.encode() for word in (*PERSONS, *PLAYED, *SECRETS)]
    leaks = [(name, word) for name, body in found.items() for word in traces if word in body]
    assert leaks == []
