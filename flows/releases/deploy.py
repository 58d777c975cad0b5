"""Deploying: the latest version or an older one, from releases or by git; making a release."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flows.releases.install import prepare, releases_folder
from flows.releases.store import LATEST, choose, open_location, read_choice, write_choice
from flows.up.prefect.access import read_access
from flows.up.prefect.registration import LAUNCHER, register_own
from ingestion.config.aws_errors import explained
from ingestion.config.errors import DeliveryError
from ingestion.config.settings import PROJECT_ROOT
from ingestion.config.timestamps import utc_now
from ingestion.config.version import code_version
from reports.processes import run_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.releases.store import Location
    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake

_PAUSE = 15.0
# The build may take an hour, and another may be ahead of it.
_MOST_PAUSES = 2 * 60 * 4
_GOING_ON = {"InProgress", "Stopping"}


class Delivered(NamedTuple):
    """What a deployment did: the version in place, and a sentence about it."""

    version: str
    said: str


def deliver(settings: Settings, lake: Lake, version: str) -> Delivered:
    """Let the next run run a version, `latest` or an older one, and register its deployments.

    An older one stays until another is chosen.

    Raises:
        DeliveryError: There is no such version, or it cannot be put in place.
        LakeBusyError: A run is at work in the checkout that is to change.
    """
    if settings.code_uri is None:
        with lake.lock("ingest"), lake.lock("build"), lake.lock("publish"):
            return _by_git(version)
    before = read_choice(lake)
    if version == LATEST and settings.code_pipeline is not None:
        make_release(settings.code_pipeline, time.sleep)
    location = open_location(settings.code_uri)
    release = choose(location.find(), version, location.uri)
    # Now rather than before the next run: whoever deploys is there to read what fails.
    folder = prepare(location, release.version, releases_folder())
    write_choice(lake, LATEST if version == LATEST else release.version, utc_now())
    _register_from(folder)
    stays = "" if version == LATEST else "; it stays until another is deployed, `latest` ends that"
    was = "" if before == LATEST else f" ({before} was held before)"
    said = f"deployed: {release.version}{was}; the next run runs it{stays}"
    return Delivered(release.version, said)


def _by_git(version: str) -> Delivered:
    before = code_version()
    pull(PROJECT_ROOT, version)
    after = code_version()
    register_own()
    changed = f"{before} → {after}" if after != before else f"{after} was the latest already"
    return Delivered(after, f"deployed: {changed}; the next run runs it")


def _register_from(folder: Path) -> None:
    """Register the release's own deployments: another version may have other schedules."""
    if read_access()[0] is None:
        return
    ended = run_command(
        folder,
        *(str(folder / ".venv" / "bin" / "python"), "-m", "flows.up.prefect.registration"),
        environment={LAUNCHER: sys.executable, **os.environ},
    )
    if ended.failure:
        raise DeliveryError(
            f"the deployments of {folder.name} cannot be registered: {ended.failure}",
            "deploy the version before it; runs go on under the schedules of before",
        )


def make_release(pipeline: str, sleep: Callable[[float], None]) -> str:
    """Let AWS CodePipeline make a release, checks included; gives the commit that it released."""
    from boto3 import client  # noqa: PLC0415 - only who has a pipeline pays for boto3

    with explained(f"start the pipeline {pipeline}", DeliveryError):
        aws = client("codepipeline")
        execution = aws.start_pipeline_execution(name=pipeline)["pipelineExecutionId"]
        for _ in range(_MOST_PAUSES):
            found = aws.get_pipeline_execution(
                pipelineName=pipeline, pipelineExecutionId=execution
            )["pipelineExecution"]
            if found["status"] not in _GOING_ON:
                break
            sleep(_PAUSE)
    if found["status"] != "Succeeded":
        raise DeliveryError(
            f"the pipeline {pipeline} ended {found['status']}, so there is no new release",
            "its stages in the CodePipeline console say why; the version in place stays",
        )
    revisions = found.get("artifactRevisions") or [{}]
    return str(revisions[0].get("revisionId") or "")


def pull(root: Path, version: str) -> None:
    """Bring a checkout without changes of its own to its branch's latest commit, a tag or a commit.

    `latest` is the branch's.
    """
    _refuse_changes(root)
    lock = (root / "requirements.lock").read_bytes()
    if version == "latest":
        if _git(root, "branch", "--show-current") == "":
            _git(root, "checkout", "--quiet", "-")
        _git(root, "pull", "--quiet", "--ff-only")
    else:
        _git(root, "fetch", "--quiet", "--tags")
        _git(root, "checkout", "--quiet", "--detach", version)
    if (root / "requirements.lock").read_bytes() != lock:
        _run(root, "what the new version needs cannot be installed", "make", ".venv/.ready")


def make_release_of(root: Path, location: Location) -> str:
    """Store what a checkout without changes of its own has committed; gives the commit."""
    _refuse_changes(root)
    commit = _git(root, "rev-parse", "HEAD")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "release.zip"
        _git(root, "archive", "--format", "zip", "--output", str(path), commit)
        location.put(commit, path)
    return commit


def _refuse_changes(root: Path) -> None:
    if not (root / ".git").exists():
        raise DeliveryError(
            f"{root} is no git checkout", "clone the project, and run it from there"
        )
    if changes := _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise DeliveryError(
            f"{changes.split()[-1]} was changed on this machine",
            "commit or discard the change (`git status` shows it), then deploy again",
        )


def _git(root: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise DeliveryError("git is not on PATH", "install it, then deploy again")
    return _run(root, f"git {arguments[0]} failed", git, *arguments)


def _run(root: Path, failure: str, *command: str) -> str:
    ended = run_command(root, *command, environment={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    if ended.failure:
        raise DeliveryError(
            f"{failure}: {ended.failure}",
            "mend what it says and deploy again; the version in place stays",
        )
    return ended.output
