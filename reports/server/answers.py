"""What the server says when it cannot give what was asked: as JSON, or as a page."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse, JSONResponse, Response

WEB = Path(__file__).parent / "web"
FRESH = {"cache-control": "no-cache"}


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of ours
    """A request that is answered with why not, what to do, and after how many seconds again."""

    def __init__(
        self, status: int, message: str, remedy: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.remedy = remedy
        self.retry_after = retry_after

    def as_json(self) -> Response:
        """`{"error", "remedy"}`."""
        said = {"error": str(self), "remedy": self.remedy}
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return JSONResponse(said, self.status, headers)


def message_page(status: int, title: str, lines: list[str], command: str = "") -> Response:
    """A page with one message, in the dress of the Operations page: a paragraph a line."""
    paragraphs = [f"<p>{escape(line)}</p>" for line in lines]
    if command:
        paragraphs.append(f"<pre><code>{escape(command)}</code></pre>")
    page = Template((WEB / "message.html").read_text(encoding="utf-8")).substitute(
        title=escape(title), body="\n".join(paragraphs)
    )
    headers = {"cache-control": "no-store"}
    if status == 503:  # noqa: PLR2004 - the one that is worth a try later
        headers["retry-after"] = "60"
    return HTMLResponse(page, status, headers=headers)
