"""The builder as a subprocess: what it hides, how it ends, what stays when it fails.

The builder here is a script in its place on PATH: real processes, real folders, and the
faults of the real one on order. The real one is at work in `tests/reports/site`.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.errors import NodeError, PagesError
from reports.evidence import build, leave_out, take_place
from reports.node import _PARTS, find_node, install_packages, run_node
from tests.support.machine.servers import ROOT

MANIFEST = ".evidence/template/static/data/manifest.json"
WELL = f"""
case "$3" in
  sources) mkdir -p $(dirname {MANIFEST})
    echo '{{"renderedFiles": {{"pages": ["a/b/kpis.parquet"]}}}}' > {MANIFEST};;
  *) mkdir -p build; echo '<h1>60,491</h1>' > build/index.html;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def place(tools: Path, name: str, script: str) -> None:
    (tools / name).write_text(f"#!/bin/sh\n{script}\n")
    (tools / name).chmod(0o755)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "sources" / "pages").mkdir(parents=True)
    (folder / "sources" / "pages" / "kpis.sql").write_text("select 1")
    return folder


def quiet(_said: str) -> None:
    return


def test_a_build_that_ends_well_gives_its_pages(tools: Path, work: Path) -> None:
    place(tools, "npx", WELL)
    said: list[str] = []
    built = build(work, said.append)
    assert (built / "index.html").read_text() == "<h1>60,491</h1>\n"
    assert said == ["reading the tables of the pages", "building the pages (a minute or two)"]


def test_the_cause_is_named_and_not_the_last_word(tools: Path, work: Path) -> None:
    lines = ["npm warn config", "[INFO]: strict", "Error: no route was found", "Build failed"]
    said = " ".join(f"'{line}'" for line in lines)
    place(tools, "npx", f"{WELL}\nprintf '%s\\n' {said}\nexit 1")
    with pytest.raises(PagesError, match=r"cannot be built: Error: no route was found$"):
        build(work, quiet)


def test_a_page_for_each_row_of_nothing_is_left_out(work: Path) -> None:
    pages = work / "pages" / "media"
    pages.mkdir(parents=True)
    for name in ("[media].md", "[embed].md", "index.md"):
        (pages / name).touch()
    leave_out(work, {"media": 0, "embed": 2})
    assert sorted(path.name for path in pages.iterdir()) == ["[embed].md", "index.md"]


@pytest.mark.parametrize(
    "line",
    [
        "Error in Query! Binder Error: Referenced column nonsense not found",
        "[ERROR]: Internal Error | /media { status: 500 }",
        "Failed to load sql file overview/days.sql",
    ],
)
def test_a_query_error_fails_though_the_builder_ends_with_0(
    tools: Path, work: Path, line: str
) -> None:
    place(tools, "npx", f"{WELL}\necho '{line}'\nexit 0")
    with pytest.raises(PagesError, match="the pages cannot be built") as raised:
        build(work, quiet)
    assert line.split("{", maxsplit=1)[0].strip() in str(raised.value)
    assert "the last good pages stay" in raised.value.remedy


def test_an_error_that_only_the_page_shows_fails_too(tools: Path, work: Path) -> None:
    place(tools, "npx", WELL.replace("60,491", "Error in Query!"))
    with pytest.raises(PagesError, match=r"index\.html shows an error"):
        build(work, quiet)


def test_a_table_that_was_not_exported_is_named(tools: Path, work: Path) -> None:
    place(tools, "npx", WELL)
    (work / "sources" / "pages" / "media.sql").write_text("select 1")
    with pytest.raises(PagesError, match="no table media was exported"):
        build(work, quiet)


def test_a_full_disk_is_said_with_what_mends_it(tools: Path, work: Path) -> None:
    place(tools, "npx", "echo 'Error: ENOSPC: no space left on device, write'; exit 1")
    with pytest.raises(PagesError) as raised:
        build(work, quiet)
    assert raised.value.remedy.startswith("free at least 1 GB")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until_gone(pid: int) -> bool:
    for _ in range(200):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_what_takes_too_long_ends_with_its_whole_family(tools: Path, tmp_path: Path) -> None:
    place(tools, "npx", f"sleep 300 & echo $! > {tmp_path}/grandchild; wait")
    ended = run_node(["npx"], tmp_path, seconds=1)
    assert ended.code is None
    assert until_gone(int((tmp_path / "grandchild").read_text()))


@pytest.mark.parametrize("signalled", [os.kill, os.killpg], ids=["alone", "with its group"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_ended_run_leaves_no_builder_behind(
    tools: Path, tmp_path: Path, number: signal.Signals, signalled: Callable[[int, int], None]
) -> None:
    place(tools, "npx", f"sleep 300 & echo $! > {tmp_path}/grandchild; wait")
    code = (
        "from pathlib import Path; from reports.node import run_node; "
        f"run_node(['npx'], Path({str(tmp_path)!r}), 300)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, process_group=0) as run:
        for _ in range(400):
            if (tmp_path / "grandchild").exists() and (tmp_path / "grandchild").read_text():
                break
            time.sleep(0.05)
        signalled(run.pid, number)
    assert until_gone(int((tmp_path / "grandchild").read_text()))


def test_neither_token_nor_key_reaches_the_builder(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tools, "npx", "env")
    monkeypatch.setenv("WISTIA_API_TOKEN", "planted-token")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-key")  # pragma: allowlist secret
    said = "\n".join(run_node(["npx"], tmp_path, 60).lines)
    assert "PATH=" in said
    assert "planted" not in said


def test_a_missing_node_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NodeError, match="Node is not on PATH") as raised:
        find_node()
    assert raised.value.remedy.startswith("install Node 18 or newer")


def test_an_old_node_is_a_sentence(tools: Path) -> None:
    place(tools, "node", "echo v16.20.2")
    place(tools, "npm", "true")
    with pytest.raises(NodeError, match=r"is v16\.20\.2, and they need 18 or newer"):
        find_node()


def test_no_network_at_install_is_a_sentence(tools: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "install").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (site / name).write_text("{}")
    place(
        tools,
        "npm",
        "echo 'npm error code ENOTFOUND'; "
        "echo 'npm error network request to https://example.org/x failed'; exit 1",
    )
    with pytest.raises(PagesError, match="cannot be installed: ENOTFOUND") as raised:
        install_packages(quiet, site)
    assert raised.value.remedy.startswith("check the network")


def test_packages_are_installed_once_for_a_lock(tools: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "install").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (site / name).write_text("{}")
    made = " ".join(f"node_modules/{name}" for name in _PARTS)
    place(tools, "npm", f'mkdir -p {made}; echo "$@" >> {tmp_path}/calls')
    install_packages(quiet, site)
    install_packages(quiet, site)
    (site / "package-lock.json").write_text('{"new": 1}')
    install_packages(quiet, site)
    # Of one that somebody has cleaned up inside not all is there.
    (site / "node_modules" / _PARTS[0]).rmdir()
    install_packages(quiet, site)
    install_packages(quiet, site)
    (asked, *others) = (tmp_path / "calls").read_text().splitlines()
    assert others == [asked, asked]
    # Whatever an .npmrc says for other projects.
    assert {"--no-ignore-scripts", "--include=optional"} <= set(asked.split())


def test_new_pages_take_the_place_of_the_old_whole(tmp_path: Path) -> None:
    old, new = tmp_path / "site", tmp_path / "build"
    old.mkdir()
    (old / "gone.html").write_text("old")
    new.mkdir()
    (new / "index.html").write_text("new")
    take_place(new, old)
    assert [path.name for path in old.iterdir()] == ["index.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]
