"""Workgroups: moto keeps them, and has no word for one that is missing."""

from typing import Any

from moto.athena.models import athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from sandbox.athena.errors import InvalidRequest

PRIMARY = "primary"  # every account's


def find_workgroup(name: str, region: str) -> dict[str, Any]:
    """Return a workgroup of a region.

    Raises:
        InvalidRequest: there is none of this name.
    """
    if found := athena_backends[DEFAULT_ACCOUNT_ID][region].get_work_group(name):
        return found
    raise InvalidRequest(f"WorkGroup {name} is not found.")


def set_output(name: str, region: str, uri: str) -> None:
    """Say where a workgroup's results go where a client does not say it."""
    find_workgroup(name, region)["Configuration"]["ResultConfiguration"] = {"OutputLocation": uri}
