"""How long a browser keeps a file of the pages without asking."""

import re

_FOR_EVER = "public, max-age=31536000, immutable"
# Kept by the browser, but asked about: a page and its data change with every build.
_ASK_FIRST = "no-cache"
# SvelteKit's scripts carry a digest in their names, and a font its version; nothing else is
# believed to. Of a font that it has to ask about, a browser shows another one meanwhile.
_NEVER_CHANGES = re.compile(r"(^|/)(_app/immutable|fonts)/")


def cache_control(path: str) -> str:
    """The header of a file by its path below the site."""
    return _FOR_EVER if _NEVER_CHANGES.search(path) else _ASK_FIRST
