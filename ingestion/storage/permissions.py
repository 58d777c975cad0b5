"""What a command writes is for its own account: names and addresses of people are in it."""

from __future__ import annotations

import os


def keep_private() -> None:
    """Let every file of this process and its children be 0600, every folder 0700.

    Each command begins with it. What is meant for others (the copied pages) says so itself.
    """
    os.umask(0o077)
