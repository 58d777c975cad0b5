"""The module's policies as IAM holds them, and what their statements rest on beside calls."""

import json
from collections.abc import Iterable
from typing import Any

from tests.infra.calls import Call
from tests.infra.evaluation import Statement
from tests.infra.terraform import Root
from tests.support.aws.emulator import REGION

# Actions that no call of the tests needs, each with the reason why it stays. Athena's engine is
# AWS's own: where it asks for more than the engine of the tests, AWS's documentation decides.
_STOP = "whoever is stopped stops his query: dbt-athena and awswrangler, on Ctrl-C and time-outs"
_DATABASE = "Athena looks up the database that a query names"
_PARTS = "Athena writes what is large in parts"
DOCUMENTED: dict[tuple[str, str], str] = {
    ("builder", "athena:StopQueryExecution"): _STOP,
    ("builder", "glue:GetPartition"): "named for queries on partitioned tables",
    ("builder", "s3:AbortMultipartUpload"): _PARTS,
    ("builder", "s3:ListMultipartUploadParts"): _PARTS,
    ("publisher", "athena:StopQueryExecution"): _STOP,
    ("publisher", "glue:GetDatabase"): _DATABASE,
    ("publisher", "s3:AbortMultipartUpload"): _PARTS,
    ("analyst", "glue:GetDatabase"): _DATABASE,
    ("analyst", "s3:AbortMultipartUpload"): _PARTS,
}

# Every resource with a wildcard, and why no name could stand there. Account, region and the
# lake's name are written as {}.
WILDCARDS: dict[str, str] = {
    "s3:::{}-bronze/raw-data/*": "objects are named by day and run",
    "s3:::{}-bronze/quarantine/*": "the same",
    "s3:::{}-bronze/state/*": "a state a resource, a manifest a run",
    "s3:::{}-bronze/state/*.json": "a state a resource",
    "s3:::{}-bronze/state/locks/*": "a lock a kind of work",
    "s3:::{}-bronze/state/runs/*": "a manifest a run",
    "s3:::{}-silver/*": "dbt-athena and Iceberg name files by random ids",
    "s3:::{}-gold/*": "the same",
    "s3:::{}-results/*": "a result a query, and dbt's tables between two steps",
    "s3:::{}-results/analysts/*": "a result a query",
    "s3:::{}-site/*": "pages and their parts, named by their content",
    "s3:::{}-code/releases/*": "a release a commit",
    "s3:::{}-code/{}/*": "CodePipeline names what it hands on",
    "glue:{}:table/{}_bronze/*": "every declared table",
    "glue:{}:table/{}_silver/*": "every model, and dbt's tables between two steps",
    "glue:{}:table/{}_gold/*": "the same",
    "glue:{}:table/{}_pages/*": "the same",
    "logs:{}:log-group:/{}/pipeline:log-stream:*": "a stream a run",
    "logs:{}:log-group:/aws-glue/crawlers:log-stream:*": "Glue names them",
    "logs:{}:log-group:/aws/codebuild/{}:log-stream:*": "a stream a build",
}


def read_statements(root: Root, who: str) -> list[Statement]:
    """The statements of the policy for `who`, as IAM holds them."""
    iam, arn = root.client("iam"), root.outputs()["policies"][who]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    found: list[Statement] = _parsed(document)["Statement"]
    return found


def read_role(root: Root, role: str) -> list[Statement]:
    """The statements of every policy that a role has."""
    iam, name = root.client("iam"), root.outputs()["roles"][role].rpartition("/")[2]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    arns = {arn: who for who, arn in root.outputs()["policies"].items()}
    return [one for found in attached for one in read_statements(root, arns[found["PolicyArn"]])]


def read_key(root: Root) -> tuple[str, dict[str, Any]]:
    """The lake's key: its ARN and its policy."""
    kms, iam_names = root.client("kms"), root.outputs()["buckets"]
    rules = root.client("s3").get_bucket_encryption(Bucket=iam_names["bronze"])
    rule = rules["ServerSideEncryptionConfiguration"]["Rules"][0]
    arn = str(rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    return arn, _parsed(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])


def imply_key(calls: Iterable[Call], arn: str) -> set[Call]:
    """What S3 and Secrets Manager ask of KMS on behalf of a caller, under a key of one's own.

    "Using server-side encryption with AWS KMS keys": a download needs kms:Decrypt, an upload
    kms:GenerateDataKey; "Secret encryption and decryption": reading a value needs kms:Decrypt.
    """
    implied = {
        "s3:GetObject": ("kms:Decrypt", "s3"),
        "s3:PutObject": ("kms:GenerateDataKey", "s3"),
        "secretsmanager:GetSecretValue": ("kms:Decrypt", "secretsmanager"),
    }
    found = (implied[call.action] for call in calls if call.action in implied)
    return {
        Call(action, arn, (("kms:ViaService", f"{service}.{REGION}.amazonaws.com"),))
        for action, service in found
    }


def _parsed(document: Any) -> dict[str, Any]:  # noqa: ANN401 - text or already parsed
    parsed: dict[str, Any] = json.loads(document) if isinstance(document, str) else document
    return parsed
