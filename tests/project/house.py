"""The house drawn from its imports: a room stands above every room that it uses.

`make reference` writes the figure into CONTRIBUTING.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.machine.servers import ROOT

PACKAGES = ("flows", "reports", "ingestion", "sandbox")
START, END = "<!-- the house, by make reference -->\n\n", "\n<!-- end of the house -->"


def room_of(module: str) -> str:
    """`ingestion/load` of `ingestion.load.loader`; a file beside the rooms is of its package."""
    parts = module.split(".")
    inner = ROOT.joinpath(*parts[:2])
    return "/".join(parts[:2]) if len(parts) > 1 and inner.is_dir() else f"{parts[0]}/*.py"


def imports(tree: ast.AST) -> Iterator[str]:
    """Modules that run when it runs; what only the types are made of is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{one.name}" for one in node.names)
        yield from imports(node)


def rooms() -> dict[str, set[str]]:
    """Each room with those that it uses."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "node_modules" in parts or parts[:2] == ("reports", "site"):
                continue
            room = room_of(".".join(parts))
            used = found.setdefault(room, set())
            tree = ast.parse(path.read_text(encoding="utf-8"))
            used |= {room_of(one) for one in imports(tree) if one.split(".")[0] in PACKAGES}
            used.discard(room)
    return found


def floors(used: dict[str, set[str]]) -> list[list[str]]:
    """From the ground up; rooms that use each other stand on one floor."""

    def reach(room: str) -> set[str]:
        seen, waiting = set(), [room]
        while waiting:
            for one in used.get(waiting.pop(), ()):
                if one not in seen:
                    seen.add(one)
                    waiting.append(one)
        return seen

    below = {room: reach(room) for room in used}
    left, done, found = set(used), set[str](), list[list[str]]()
    while left:
        floor = {
            room for room in left if {one for one in below[room] if room not in below[one]} <= done
        }
        found.append(sorted(floor))
        done |= floor
        left -= floor
    return found


def figure() -> str:
    """A floor a line, the highest first, a column a package."""
    grid = [
        [
            " ".join(r.split("/")[1] for r in floor if r.startswith(f"{package}/"))
            for package in PACKAGES
        ]
        for floor in reversed(floors(rooms()))
    ]
    heads = [f"{package}/" for package in PACKAGES]
    widths = [max(map(len, column)) for column in zip(heads, *grid, strict=True)]
    lines = [heads, ["─" * width for width in widths], *grid]
    return "".join(f"    {'   '.join(map(str.ljust, line, widths)).rstrip()}\n" for line in lines)


def drawn(text: str) -> str:
    """CONTRIBUTING with the figure of this code."""
    head, _, rest = text.partition(START)
    return f"{head}{START}{figure()}{END}{rest.partition(END)[2]}"


def write(path: Path = ROOT / "CONTRIBUTING.md") -> None:
    """Draw it again."""
    path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")
