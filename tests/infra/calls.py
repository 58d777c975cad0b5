"""Requests as IAM sees them: an action on a resource.

Which action a request of S3 needs: AWS's table "Required permissions for Amazon S3 API
operations"; that a call on a Glue table needs catalog and database too: "Granting
permissions on a Data Catalog resource".
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import unescape

from tests.support.aws.emulator import ACCOUNT, REGION
from tests.support.aws.recording import ENGINE, Request

# What the local engine asks of Glue and Athena, by its documentation, does not.
LOCAL = {"glue:DeleteColumnStatisticsForTable": "Trino clears statistics that nobody keeps"}
# The local engine has no UNLOAD: it makes a table in a database of this name, and removes both.
_SCRATCH = "unload_"
_GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
# A GET, PUT or DELETE with one of these in its query is not about the object itself.
_SUBRESOURCES = {
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "tagging"): "s3:GetObjectTagging",
    ("GET", "versions"): "s3:ListBucketVersions",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", "uploadId"): "s3:ListMultipartUploadParts",
    ("DELETE", "uploadId"): "s3:AbortMultipartUpload",
}
_OBJECTS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "POST": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}
_VERSIONS = {
    "GET": "s3:GetObjectVersion",
    "HEAD": "s3:GetObjectVersion",
    "DELETE": "s3:DeleteObjectVersion",
}


@dataclass(frozen=True)
class Call:
    """What IAM decides on."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


def read_calls(requests: list[Request], secrets: dict[str, str]) -> set[Call]:
    """Every decision that IAM would make on these requests.

    Args:
        requests: In their order; of one stage.
        secrets: ARNs of secrets by name: AWS ends them with characters of its own.

    Raises:
        KeyError: A service that no one has said how to read.
    """
    asked = (json.loads(r.body) for r in requests if r.service == "athena")
    groups = {body["WorkGroup"] for body in asked if "WorkGroup" in body}
    readers = {
        "s3": _s3,
        "glue": _glue,
        "athena": lambda request: _athena(request, groups),
        "secretsmanager": lambda request: _secret(request, secrets),
        "sns": _sns,
        # Asking who one is needs no permission.
        "sts": lambda _request: iter(()),
    }
    return {call for request in requests for call in readers[request.service](request)}


def _s3(request: Request) -> Iterator[Call]:
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    arn, query = f"arn:aws:s3:::{bucket}", parse_qs(request.query, keep_blank_values=True)
    if request.method == "POST" and "delete" in query:
        for found in re.findall(r"<Object>(.*?)</Object>", request.body, re.DOTALL):
            [name] = re.findall(r"<Key>(.*?)</Key>", found)
            version = "Version" if "<VersionId>" in found else ""
            yield Call(f"s3:DeleteObject{version}", f"{arn}/{unescape(name)}")
        return
    special = next(
        (a for (m, name), a in _SUBRESOURCES.items() if m == request.method and name in query), None
    )
    if special or not key:
        yield Call(special or "s3:ListBucket", f"{arn}/{key}" if key else arn)
        return
    actions = _VERSIONS if "versionId" in query else _OBJECTS
    yield Call(actions[request.method], f"{arn}/{key}")
    if request.is_tagged:
        yield Call("s3:PutObjectTagging", f"{arn}/{key}")
    if request.copy_source:
        source = unquote(request.copy_source).lstrip("/").partition("?")[0]
        yield Call("s3:GetObject", f"arn:aws:s3:::{source}")


def _glue(request: Request) -> Iterator[Call]:
    asked, action = json.loads(request.body or "{}"), f"glue:{request.target}"
    if request.key == ENGINE and action in LOCAL:
        return
    if "Crawler" in request.target:
        yield Call(action, f"{_GLUE}:crawler/{asked['Name']}")
        return
    about_database = request.target in {"GetDatabase", "CreateDatabase", "DeleteDatabase"}
    database = asked.get("DatabaseName") or asked.get("DatabaseInput", {}).get("Name")
    database = database or (asked.get("Name") if about_database else None)
    if request.key == ENGINE and (database or "").startswith(_SCRATCH):
        return
    yield Call(action, f"{_GLUE}:catalog")
    if database is None:
        return
    yield Call(action, f"{_GLUE}:database/{database}")
    for table in _tables(request.target, asked):
        yield Call(action, f"{_GLUE}:table/{database}/{table}")


def _tables(target: str, asked: dict) -> list[str]:
    if "Database" in target:
        return []
    if target == "GetTables":
        return ["*"]
    names = asked.get("TablesToDelete") or [
        asked.get("TableName") or asked.get("TableInput", {}).get("Name") or asked.get("Name")
    ]
    return [name for name in names if name]


def _athena(request: Request, groups: set[str]) -> Iterator[Call]:
    # A call about a query names only the query: IAM looks at the workgroup it runs in.
    group = json.loads(request.body).get("WorkGroup")
    for name in {group} if group else groups:
        yield Call(
            f"athena:{request.target}", f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{name}"
        )


def _secret(request: Request, secrets: dict[str, str]) -> Iterator[Call]:
    name = json.loads(request.body)["SecretId"]
    yield Call(f"secretsmanager:{request.target}", secrets[name])


def _sns(request: Request) -> Iterator[Call]:
    asked = parse_qs(request.body)
    yield Call(f"sns:{asked['Action'][0]}", asked["TopicArn"][0])
