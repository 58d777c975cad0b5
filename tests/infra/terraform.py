"""An example of `infra/`, copied and applied by the real Terraform."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.support.aws.emulator import ACCOUNT, REGION
from tests.support.machine.checkout import tracked
from tests.support.machine.servers import ROOT

# What a stranger would have: their own keys in the environment, here planted to be looked for.
KEYS = {
    "AWS_ACCESS_KEY_ID": "TERRAFORM",
    "AWS_SECRET_ACCESS_KEY": "planted-terraform-key-77c1",  # pragma: allowlist secret
}
PLAN = "again.tfplan"
_LOCAL_STATE = """
terraform {
  backend "local" {}
}
"""
# Endpoints come from AWS's own variables; the rest is what an emulator needs.
_EMULATED = f"""
provider "aws" {{
  region                      = "{REGION}"
  max_retries                 = 3
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}}
"""
CONNECTION = (
    f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/11111111-2222-3333-4444-555555555555"
)
VARIABLES: dict[str, dict[str, Any]] = {
    "smallest": {"name": "tiny-lake", "force_destroy": True},
    "production": {
        "region": REGION,
        "name": "acme-video",
        "tags": {"team": "data"},
        "alert_emails": ["data@example.com"],
        "monthly_budget_usd": 50,
        "delivery": {"connection_arn": CONNECTION, "repository": "acme/wistia-elt"},
        "github": {"repository": "acme/wistia-elt"},
        "force_destroy": True,
    },
}


@dataclass(frozen=True)
class Root:
    """A root module in a folder of its own, with its state beside it."""

    folder: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)
    planned: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def terraform(self, *arguments: str, **variables: str) -> str:
        """Run Terraform, under more variables of the environment; returns what it said."""
        done = subprocess.run(
            ["bash", str(ROOT / ".ci/terraform"), *arguments, "-no-color"],
            cwd=self.folder,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        self.said.append(done.stdout)
        assert done.returncode == 0, f"terraform {arguments[0]}: {done.stdout[-6000:]}"
        return done.stdout

    @property
    def endpoint(self) -> str:
        """The emulator's address."""
        return self.environment["AWS_ENDPOINT_URL"]

    def apply(self) -> None:
        self.terraform("init", "-input=false")
        self.terraform("apply", "-input=false", "-auto-approve")
        self.known.update(json.loads(self.terraform("output", "-json", "module")))

    def outputs(self) -> dict[str, Any]:
        """Everything the module gives."""
        return self.known

    def plan(self) -> tuple[str, dict[str, Any]]:
        """A second plan, made once: in words with all that Terraform logs, and as data."""
        if not self.planned:
            said = self.terraform("plan", "-input=false", f"-out={PLAN}", TF_LOG="debug")
            shown = self.terraform("show", "-json", PLAN)
            self.planned.append((said, json.loads(shown)))
        return self.planned[0]

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its classes as it runs
        """The test's own look at what was made."""
        session: Any = boto3.session.Session("LOOKING", "LOOKING", region_name=REGION)
        return session.client(service, endpoint_url=self.endpoint)


def apply_production(endpoint: str, folder: Path) -> Root:
    """The production example, applied to the emulator at this address."""
    environment = aws_environment(endpoint) | KEYS
    root = copy_example("production", folder, VARIABLES["production"], environment)
    root.apply()
    return root


def own_environment() -> dict[str, str]:
    """This process's variables without the pipeline's settings: a `.env` says those."""
    ours = ("WISTIA_", "LAKE_", "SILVER_", "GOLD_", "PII_", "GLUE_", "ATHENA_", "TF_VAR_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def aws_environment(endpoint: str) -> dict[str, str]:
    """The same, without what this machine has of AWS, pointed at the emulator."""
    kept = {n: value for n, value in own_environment().items() if not n.startswith("AWS_")}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def copy_example(
    example: str, folder: Path, variables: dict[str, Any], environment: dict[str, str]
) -> Root:
    """Copy the repository's part that the module reads, ready to be applied.

    Args:
        example: A folder of `infra/examples`.
        folder: Where to; its state will lie there too.
        variables: The example's own.
        environment: Under which Terraform runs; with AWS_ENDPOINT_URL it meets an emulator.
    """
    for name in tracked("infra", "dbt_project"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    root = folder / "infra" / "examples" / example
    override = _LOCAL_STATE + (_EMULATED if "AWS_ENDPOINT_URL" in environment else "")
    (root / "test_override.tf").write_text(override)
    (root / "test.auto.tfvars.json").write_text(json.dumps(variables))
    return Root(root, environment)


def traces(root: Root, name: str) -> list[str]:
    """Everything in the account that carries the lake's name, one by one."""
    glue, logs = root.client("glue"), root.client("logs")
    found: list[Any] = [
        *root.client("s3").list_buckets()["Buckets"],
        *glue.get_paginator("get_databases").paginate().search("DatabaseList[]"),
        *glue.get_crawlers()["Crawlers"],
        *root.client("athena").list_work_groups()["WorkGroups"],
        *root.client("secretsmanager").list_secrets()["SecretList"],
        *root.client("iam").list_roles()["Roles"],
        *root.client("iam").list_policies(Scope="Local")["Policies"],
        *logs.describe_log_groups()["logGroups"],
        *root.client("sns").list_topics()["Topics"],
        *root.client("cloudwatch").describe_alarms()["MetricAlarms"],
        *root.client("events").list_rules()["Rules"],
    ]
    texts = [str(one) for one in found]
    return [text for text in texts if name in text or name.replace("-", "_") in text]
