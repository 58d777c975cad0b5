"""The pipeline's own commands on what Terraform made, each with the keys of its stage."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.infra.calls import Call, read_calls
from tests.infra.terraform import Root, aws_environment
from tests.support.aws.recording import ENGINE, Request, read_requests, recorded_size
from tests.support.machine.servers import ROOT, Sandbox

# Planted, to be looked for.
HASH_KEY = "planted-hash-key-5d2"  # pragma: allowlist secret


_RANDOM = re.compile(r"[0-9a-f]{8,}|\d+")


@dataclass(frozen=True)
class Site:
    """A working directory with the `.env` that Terraform printed, and nothing more."""

    root: Root
    folder: Path
    wistia: Sandbox
    recording: Path
    known: dict[tuple[str, int], set[Call]] = field(default_factory=dict)

    def run(
        self, stage: str, *words: str, expected: tuple[int, ...] = (0,), **settings: str
    ) -> str:
        """Run `wistia-elt` with the keys of a stage; returns what it said."""
        command = (str(Path(sys.executable).parent / "wistia-elt"), *words)
        return self._run(stage, command, expected, settings)

    def run_module(self, stage: str, module: str, *words: str) -> None:
        """Run a program of these tests with the keys of a stage."""
        self._run(stage, (sys.executable, "-m", f"tests.infra.{module}", *words), (0,))

    def die(self, stage: str, *steps: str) -> None:
        """Let an ingest be killed at one of its requests."""
        command = (sys.executable, "-m", "tests.ingestion.dying", "1", "100", *steps)
        self._run(stage, command, (-signal.SIGKILL,))
        s3 = self.root.client("s3")
        bucket = self.root.outputs()["buckets"]["bronze"]
        # Its lease would run out by itself, half a minute later.
        s3.delete_object(Bucket=bucket, Key="state/locks/ingest.json")
        for found in s3.list_objects_v2(Bucket=bucket, Prefix="state/locks/").get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=found["Key"])

    def calls(self, stage: str) -> set[Call]:
        """What a stage asked of AWS so far; of calls that differ in ids and days alone, one."""
        so_far = stage, (self.folder / "stages.jsonl").stat().st_size
        if so_far not in self.known:
            self.known[so_far] = self._calls(stage)
        return self.known[so_far]

    def _calls(self, stage: str) -> set[Call]:
        alike: dict[tuple[object, ...], Call] = {}
        for call in sorted(read_calls(self._requests(stage), self._secrets()), key=str):
            alike.setdefault((call.action, _RANDOM.sub("#", call.resource), call.context), call)
        return set(alike.values())

    def _run(
        self,
        stage: str,
        command: tuple[str, ...],
        expected: tuple[int, ...],
        settings: Mapping[str, str] | None = None,
    ) -> str:
        before = recorded_size(self.recording)
        done = subprocess.run(
            command,
            cwd=self.folder / ("people" if stage == "analyst" else "worker"),
            env={**self._environment(stage), **(settings or {})},
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        said = done.stdout + done.stderr
        with (self.folder / "said.log").open("a") as log:
            log.write(said)
        after = recorded_size(self.recording)
        with (self.folder / "stages.jsonl").open("a") as file:
            file.write(json.dumps([stage, before, after]) + "\n")
        assert done.returncode in expected, f"{command[1:]}: {done.returncode}: {said[-6000:]}"
        return said

    def _environment(self, stage: str) -> dict[str, str]:
        return aws_environment(self.root.endpoint) | {
            "AWS_ACCESS_KEY_ID": stage.upper(),
            "AWS_SECRET_ACCESS_KEY": "unused",  # pragma: allowlist secret
            "WISTIA_BASE_URL": self.wistia.base_url,
            "WISTIA_REQUESTS_PER_MINUTE": "0",
            "PYTHONPATH": str(ROOT),
        }

    def _requests(self, stage: str) -> list[Request]:
        found = []
        for line in (self.folder / "stages.jsonl").read_text().splitlines():
            name, start, end = json.loads(line)
            if name == stage:
                found += read_requests(self.recording, start, end)
        return [one for one in found if one.key in {stage.upper(), ENGINE}]

    def _secrets(self) -> dict[str, str]:
        listed = self.root.client("secretsmanager").list_secrets()["SecretList"]
        return {one["Name"]: one["ARN"] for one in listed}


def open_site(root: Root, folder: Path, wistia: Sandbox, recording: Path) -> Site:
    """Do what docs/aws.md says after `apply`: print the `.env`, put the secret in."""
    for who, output in (("worker", "env"), ("people", "analyst_env")):
        (folder / who).mkdir()
        (folder / who / ".env").write_text(root.terraform("output", "-raw", output))
    root.client("secretsmanager").put_secret_value(
        SecretId=root.outputs()["settings"]["WISTIA_SECRET_ID"],
        SecretString=json.dumps({"wistia_api_token": wistia.token, "pii_hash_key": HASH_KEY}),
    )
    return Site(root, folder, wistia, recording)
