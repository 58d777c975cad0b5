"""The client under test, on a clock that only its own sleeps move."""

from ingestion.api.client import Wistia
from ingestion.api.rate_limit import Pacer
from tests.ingestion.account import TOKEN
from tests.ingestion.conftest import Bench


def client_of(bench: Bench, **changes: object) -> Wistia:
    pacer = Pacer(0, bench.time.clock, bench.time.sleep)
    return Wistia(bench.settings(**changes), TOKEN, pacer, bench.time.sleep)
