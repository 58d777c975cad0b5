"""The client under test, on a clock that only its own sleeps move."""

from ingestion.pacing import Pacer
from ingestion.wistia import Wistia
from tests.ingestion.account import TOKEN
from tests.ingestion.conftest import Bench


def client_of(bench: Bench, **changes: object) -> Wistia:
    pacer = Pacer(0, bench.time.clock, bench.time.sleep)
    return Wistia(bench.settings(**changes), TOKEN, pacer, bench.time.sleep)
