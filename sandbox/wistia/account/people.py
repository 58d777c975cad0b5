"""Invented people: how visitors are named, identified and labelled."""

from itertools import accumulate
from random import Random
from typing import NamedTuple

from sandbox.wistia.chance import digest, fraction


class Agent(NamedTuple):
    """One user-agent label as the API mixes them, old and new spellings side by side."""

    weight: int
    browser: str
    version: str
    platform: str
    mobile: bool

    def body(self) -> dict[str, object]:
        """Return the label as `user_agent_details`."""
        return {
            "browser": self.browser,
            "browser_version": self.version,
            "platform": self.platform,
            "mobile": self.mobile,
        }


# The spellings are the API's own; their weights are invented.
AGENTS = (
    Agent(210, "Chrome", "131", "Windows", mobile=False),
    Agent(160, "Chrome", "130", "macOS", mobile=False),
    Agent(60, "Chrome", "120", "Mac OS", mobile=False),
    Agent(150, "Mobile Safari", "18", "iOS (iPhone)", mobile=True),
    Agent(70, "Mobile Safari", "17", "iOS", mobile=True),
    Agent(90, "Chrome", "131", "Android", mobile=True),
    Agent(60, "Chrome Webview", "131", "Android", mobile=True),
    Agent(40, "Instagram", "", "iOS (iPhone)", mobile=True),
    Agent(15, "UWebView", "", "iOS", mobile=True),
    Agent(60, "Safari", "18", "macOS", mobile=False),
    Agent(30, "Edge", "131", "Windows", mobile=False),
    Agent(25, "Firefox", "133", "Linux", mobile=False),
    Agent(8, "", "", "", mobile=False),
)
_CUMULATIVE = list(accumulate(agent.weight for agent in AGENTS))

_GIVEN = ("Ada", "Zoë", "Łukasz", "Ngọc", "Amara", "Søren", "Inés", "Tariq", "美咲", "Noor")
_FAMILY = ("Example", "O'Sample", "Testmann", "Møller-Demo", "Invented", "Nowhere")
_ORGS = ("Example Orchards", "Sample & Sons", "Nowhere Ltd", "Ünïcode Works")
_TITLES = ("Gardener", "Head of Samples", "", "Librarian")


def choose_agent(chance: Random) -> Agent:
    """Pick a label by its weight."""
    return chance.choices(AGENTS, cum_weights=_CUMULATIVE)[0]


class Identity(NamedTuple):
    """Who a visitor said to be; every field blank for nearly all of them."""

    name: str
    email: str
    org: str
    title: str
    by_email_gate: bool

    def body(self) -> dict[str, object]:
        """Return the identity as `visitor_identity`, blanks as empty text like the API."""
        return {
            "name": self.name,
            "email": self.email,
            "org": {"name": self.org, "title": self.title},
        }


NOBODY = Identity("", "", "", "", by_email_gate=False)


class Registry:
    """Who is who: keys to numbers and back, and the few visitors that are identified."""

    def __init__(self, seed: int, identified: float) -> None:
        """Identify about `identified` (0 to 1) of all visitors, evenly spread."""
        self.seed = seed
        self.period = round(1 / identified) if identified > 0 else 0

    def key(self, number: int) -> str:
        """Return the 72 characters that stand for a visitor."""
        head = digest(28, self.seed, number)
        return f"{head}{number ^ _mask(head):016x}"

    def is_identified(self, number: int) -> bool:
        """Return whether the visitor left a name or an address."""
        return self.period > 0 and number % self.period == self.period // 2

    def identity(self, number: int) -> Identity:
        """Return the identity of a visitor: of every two identified, one left a name."""
        if not self.is_identified(number):
            return NOBODY
        serial = number // self.period
        given = _GIVEN[int(fraction(self.seed, number, 11) * len(_GIVEN))]
        family = _FAMILY[int(fraction(self.seed, number, 12) * len(_FAMILY))]
        named = serial % 2 == 0
        return Identity(
            name=f"{given} {family}" if named else "",
            email=f"visitor.{number}@example.{'com' if serial % 3 else 'org'}",
            org=_ORGS[serial % len(_ORGS)] if named else "",
            title=_TITLES[serial % len(_TITLES)] if named else "",
            by_email_gate=serial % 3 == 0,
        )


def _mask(head: str) -> int:
    """Return what hides a number in the last 16 digits of its key."""
    return int(head[:16], 16) * 0x9E3779B97F4A7C15 % (1 << 64)
