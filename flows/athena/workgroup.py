"""The workgroup that queries run in, and where their results lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from ingestion.config.aws_errors import explained
from ingestion.config.errors import ConfigurationError, QueryError
from ingestion.storage.s3 import try_bucket

if TYPE_CHECKING:
    from ingestion.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Workgroup:
    """What a query needs to know of its workgroup.

    Attributes:
        results_uri: `s3://bucket/prefix` of query results.
        is_enforced: Whether clients' own locations are ignored.
    """

    name: str
    results_uri: str
    is_enforced: bool


def read_workgroup(settings: Settings) -> Workgroup:
    """Look up ATHENA_WORKGROUP and settle where results go.

    Raises:
        ConfigurationError: It does not exist, is disabled, or nothing says where results go.
        QueryError: Athena does not answer, or denies it.
    """
    name = settings.athena_workgroup
    with explained(f"look up the Athena workgroup {name}", QueryError):
        athena = boto3.client("athena")
        try:
            group = athena.get_work_group(WorkGroup=name)["WorkGroup"]
        except athena.exceptions.InvalidRequestException as error:
            raise ConfigurationError(
                f"there is no Athena workgroup {name} in this region",
                "correct ATHENA_WORKGROUP or AWS_REGION, or create the workgroup first",
            ) from error
    if group.get("State") == "DISABLED":
        raise ConfigurationError(
            f"the Athena workgroup {name} is disabled",
            "enable it in Athena's console, or set ATHENA_WORKGROUP to another",
        )
    configuration = group.get("Configuration", {})
    own = configuration.get("ResultConfiguration", {}).get("OutputLocation")
    is_enforced = bool(configuration.get("EnforceWorkGroupConfiguration") and own)
    uri = own if is_enforced else settings.athena_results_uri or own
    if not uri:
        raise ConfigurationError(
            f"nothing says where Athena leaves results: ATHENA_RESULTS_URI is not set and the "
            f"workgroup {name} has no location of its own",
            "set ATHENA_RESULTS_URI=s3://bucket/prefix",
        )
    return Workgroup(name, uri.rstrip("/"), is_enforced)


def read_builders_workgroup(settings: Settings) -> Workgroup:
    """The workgroup as dbt needs it, its result bucket tried.

    Raises:
        ConfigurationError: As `read_workgroup`; or it enforces its location: dbt-athena then
            ignores where tables should lie.
    """
    group = read_workgroup(settings)
    if group.is_enforced:
        raise ConfigurationError(
            f"the Athena workgroup {group.name} enforces its result location, where dbt's tables "
            "would then lie too",
            "set ATHENA_WORKGROUP to one with enforce_workgroup_configuration off",
        )
    try_bucket(group.results_uri, "ATHENA_RESULTS_URI")
    return group
