"""Every campaign is promised in its page, and runs every night."""

import re

import yaml

from tests.soak.__main__ import CAMPAIGNS
from tests.support.machine.servers import ROOT


def test_the_page_says_what_each_campaign_promises() -> None:
    page = (ROOT / "docs/soak.md").read_text(encoding="utf-8")
    table = re.search(r"\| campaign \|.*?\n\n", page, re.DOTALL)
    assert table
    promises = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", table[0], re.MULTILINE))
    assert list(promises) == list(CAMPAIGNS)


def test_a_workflow_runs_each_campaign_every_night() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/soak.yml").read_text())
    (schedule,) = workflow[True]["schedule"]  # `on` is true in YAML
    assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule["cron"])
    job = workflow["jobs"]["campaign"]
    assert job["strategy"]["matrix"]["campaign"] == list(CAMPAIGNS)
    assert job["strategy"]["fail-fast"] is False
    last = job["steps"][-1]["run"]
    assert last == ".venv/bin/python -m tests.soak ${{ matrix.campaign }}"
    assert workflow["permissions"] == {"contents": "read"}
