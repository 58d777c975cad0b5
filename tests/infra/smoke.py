"""The whole way on a real account, and everything removed again: `make aws-smoke`.

    AWS_PROFILE=… AWS_REGION=… make aws-smoke

Applies the smallest example under a name of its own, fills it from the stand-in for Wistia's API
(300 invented visitors, no token needed), runs every stage, asks Athena for what was built, plans
again, destroys. About ten minutes and a few cents. It asks for the account's number first;
AWS_SMOKE_ACCOUNT answers in advance.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3

from tests.infra.terraform import Root, copy_example, own_environment
from tests.support.machine.servers import Sandbox, running_sandbox

VISITORS = 300


def main() -> None:
    identity: Any = boto3.client("sts")
    account = identity.get_caller_identity()["Account"]
    region = boto3.session.Session().region_name
    if not region:
        sys.exit("error: no region is set\ntry: AWS_REGION=eu-central-1 make aws-smoke")
    _confirm(account, region)
    name = os.environ.get("AWS_SMOKE_NAME", f"smoke-{secrets.token_hex(4)}")
    folder = Path(tempfile.mkdtemp(prefix="aws-smoke-"))
    variables = {"name": name, "force_destroy": True}
    root = copy_example("smallest", folder, variables, own_environment())
    try:
        _say(f"{name}: applying the smallest example to account {account}, {region}")
        root.apply()
        with running_sandbox(visitors=VISITORS) as wistia:
            _use(root, folder, wistia)
        _say("a second plan")
        assert "No changes" in root.plan()[0], "the second plan would change something"
    finally:
        _say("destroying")
        root.terraform("destroy", "-auto-approve", "-input=false")
    shutil.rmtree(folder)
    _say("done: every stage ran, nothing is left")


def _confirm(account: str, region: str) -> None:
    answer = os.environ.get("AWS_SMOKE_ACCOUNT")
    if answer is None:
        sys.stdout.write(
            f"This makes buckets and more in account {account}, {region}, and removes them.\n"
        )
        answer = input("The account's number, to go on: ")
    if answer.strip() != account:
        sys.exit(
            f"error: {answer!r} is not this account\ntry: nothing was made; choose AWS_PROFILE anew"
        )


def _use(root: Root, folder: Path, wistia: Sandbox) -> None:
    (folder / ".env").write_text(root.terraform("output", "-raw", "env"))
    manager: Any = boto3.client("secretsmanager")
    manager.put_secret_value(
        SecretId=root.outputs()["settings"]["WISTIA_SECRET_ID"],
        SecretString=json.dumps({"wistia_api_token": wistia.token}),
    )
    source = {"WISTIA_BASE_URL": wistia.base_url, "WISTIA_REQUESTS_PER_MINUTE": "0"}
    environment = root.environment | source
    for words in ("doctor", "run", "run"):
        _say(f"wistia-elt {words}")
        _elt(folder, environment, words)
    asked = "select count(*) as people from fact_audience_insights"
    [row] = json.loads(_elt(folder, environment, "query", "--json", asked))
    assert row == {"people": VISITORS}, f"gold holds {row}, not {VISITORS} visitors"


def _elt(folder: Path, environment: dict[str, str], *words: str) -> str:
    command = (str(Path(sys.executable).parent / "wistia-elt"), *words)
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def _say(what: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
