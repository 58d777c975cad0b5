"""The command line on a lake in a bucket, and what the stand-in for Wistia holds to be true."""

import json
from dataclasses import dataclass
from typing import Any

import boto3

from tests.command_line import CommandLine
from tests.servers import Sandbox


@dataclass
class Bucket:
    """The command line on a lake in a bucket."""

    command: CommandLine
    wistia: Sandbox
    gold: str

    def json(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.command.succeed("query", sql, "--json"))
        return found

    def visitors(self) -> dict[str, tuple[int, int]]:
        """Loads and plays of every visitor, as silver holds them."""
        silver = self.gold.replace("gold", "silver")
        sql = f"select visitor_key, load_count, play_count from {silver}.fact_visitors"  # noqa: S608
        return {r["visitor_key"]: (r["load_count"], r["play_count"]) for r in self.json(sql)}

    def truth(self) -> dict[str, tuple[int, int]]:
        """The same, as the stand-in for Wistia holds them."""
        return {v["visitor_key"]: (v["load_count"], v["play_count"]) for v in self.wistia.truth()}

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3's
        """boto3's client of a service, with the command line's settings."""
        settings = self.command.settings
        connect: Any = boto3.client
        return connect(
            service,
            endpoint_url=settings["AWS_ENDPOINT_URL"],
            region_name=settings["AWS_REGION"],
            aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
        )
