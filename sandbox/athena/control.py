"""The addresses under `/_sandbox`: what a test orders and counts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sandbox.athena.aws.crawler import Crawlers, Order
from sandbox.athena.faults import Fault, Faults

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from sandbox.athena.app import Control


def controls(faults: Faults, crawlers: Crawlers) -> dict[tuple[str, str], Control]:
    """Return what is done, by method and path."""

    def order(request: Request) -> Any:  # noqa: ANN401 - any JSON
        body = request.get_json()
        faults.orders += [Fault(**one) for one in (body if isinstance(body, list) else [body])]
        return listed(request)

    def listed(_: Request) -> Any:  # noqa: ANN401
        return [dataclasses.asdict(fault) for fault in faults.orders]

    def mend(request: Request) -> Any:  # noqa: ANN401
        faults.orders.clear()
        return listed(request)

    def forget(_: Request) -> Any:  # noqa: ANN401
        faults.calls.clear()
        return {}

    def crawl(request: Request) -> Any:  # noqa: ANN401
        body = dict(request.get_json())
        name = body.pop("name")
        crawlers.orders[name] = Order(**body)
        return {name: dataclasses.asdict(crawlers.orders[name])}

    return {
        ("POST", "faults"): order,
        ("GET", "faults"): listed,
        ("DELETE", "faults"): mend,
        ("GET", "calls"): lambda _: faults.calls,
        ("DELETE", "calls"): forget,
        ("POST", "crawlers"): crawl,
    }
