"""What Athena bills for a query: by bytes, at least 10 MB, at the list price of most regions.

https://aws.amazon.com/athena/pricing/: 5 USD a terabyte, rounded up to a megabyte.
"""

from __future__ import annotations

_USD_PER_TERABYTE = 5.0
_LEAST_BYTES = 10 * 1024**2
_TERABYTE = 1024**4


def billed_usd(scanned_bytes: int) -> float:
    """The list price of one query, in USD; one that reads nothing costs nothing."""
    if scanned_bytes == 0:
        return 0.0
    return max(scanned_bytes, _LEAST_BYTES) / _TERABYTE * _USD_PER_TERABYTE


def describe_cost(scanned_bytes: int) -> str:
    """One line for a reader: bytes and price."""
    return f"scanned {describe_bytes(scanned_bytes)}, about {billed_usd(scanned_bytes):.5f} USD"


def describe_bytes(count: float) -> str:
    """Bytes as people say them, in powers of 1,000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004 - the step of these units
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
