"""Where a test's lake lives, and how the test looks into it: past the code it tests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

# boto3 makes its classes as it runs.
Client = Any
BUCKET = "lake"
# pragma: allowlist nextline secret
AWS_SECRET = "planted-aws-secret-9e4"  # noqa: S105 - a stand-in's


class Home(Protocol):
    """A place for one lake; keys are the lake's own."""

    @property
    def uri(self) -> str: ...

    def keys(self) -> list[str]:
        """Whatever lies there but locks, sorted; what was left half-written too."""

    def read(self, key: str) -> bytes: ...

    def write(self, key: str, body: bytes) -> None: ...

    def remove(self, key: str) -> None: ...


@dataclass(frozen=True)
class Folder:
    """A lake in a folder."""

    root: Path

    @property
    def uri(self) -> str:
        return str(self.root)

    def keys(self) -> list[str]:
        files = (p for p in self.root.rglob("*") if p.is_file() and ".locks" not in p.parts)
        return sorted(path.relative_to(self.root).as_posix() for path in files)

    def read(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def write(self, key: str, body: bytes) -> None:
        (self.root / key).write_bytes(body)

    def remove(self, key: str) -> None:
        (self.root / key).unlink()


@dataclass(frozen=True)
class Bucket:
    """A lake below a prefix of the tests' bucket."""

    prefix: str
    s3: Client

    @property
    def uri(self) -> str:
        return f"s3://{BUCKET}/{self.prefix}"

    def keys(self) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=f"{self.prefix}/"
        )
        found = [item["Key"] for page in pages for item in page.get("Contents", [])]
        keys = (key.removeprefix(f"{self.prefix}/") for key in found)
        return sorted(key for key in keys if not key.startswith("state/locks/"))

    def read(self, key: str) -> bytes:
        answer = self.s3.get_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}")
        body: bytes = answer["Body"].read()
        return body

    def write(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}", Body=body)

    def remove(self, key: str) -> None:
        self.s3.delete_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}")
