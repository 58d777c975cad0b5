"""The account's media and what their statistics say."""

from dataclasses import dataclass

from sandbox.wistia.account.history import PUBLISHED, PUBLISHED_DURATION, Curve, Figures
from sandbox.wistia.chance import digest, stream
from sandbox.wistia.clock import DAY, with_offset

FOLDER_ID = 4_210_001
FOLDER_HASHED_ID = "x1sandbox7"
FOLDER_NAME = "Sandbox videos"
# A curve has a cell a second, and a thousand cells from a thousand seconds on.
LONGEST_CURVE = 1000

_NAMES = ("Product tour", "Customer story")
# Among the invented ones: from right to left, and as long as Wistia lets a name be.
_ODD_NAMES = {
    2: "جولة في المنتج: البداية السريعة",
    3: ("A webinar with a very long name " * 7)[:200],
}


@dataclass
class Medium:
    """One video; its counts grow when the account is told of plays."""

    hashed_id: str
    number: int
    name: str
    duration: float  # seconds
    created_at: int
    load_count: int
    play_count: int
    visitors: int
    unique_plays: int
    engagement: float  # 0 to 1
    engagement_data: list[int]
    rewatch_data: list[int]

    @property
    def hours_watched(self) -> float:
        """Return the hours watched: an identity of every real answer, at full precision."""
        return self.engagement * self.play_count * self.duration / 3600

    def play(self, plays: int) -> None:
        """Add plays, each by somebody new who loaded the video once."""
        before = self.play_count
        self.load_count += plays
        self.play_count += plays
        self.visitors += plays
        self.unique_plays += plays
        if before:
            grown = (before + plays) / before
            self.engagement_data = [round(cell * grown) for cell in self.engagement_data]
            self.rewatch_data = [round(cell * grown) for cell in self.rewatch_data]

    def load(self, loads: int) -> None:
        """Add loads, each by somebody new who played nothing."""
        self.load_count += loads
        self.visitors += loads

    def stats_body(self) -> dict[str, object]:
        """Return `/stats/medias/{id}`."""
        return {
            "load_count": self.load_count,
            "play_count": self.play_count,
            "play_rate": self.unique_plays / self.visitors if self.visitors else 0.0,
            "hours_watched": self.hours_watched,
            "engagement": self.engagement,
            "visitors": self.visitors,
        }

    def engagement_body(self) -> dict[str, object]:
        """Return `/stats/medias/{id}/engagement`."""
        return {
            "engagement": self.engagement,
            "engagement_data": self.engagement_data,
            "rewatch_data": self.rewatch_data,
        }

    def thumbnail(self) -> dict[str, object]:
        """Return the still image's address and size."""
        url = f"https://embed.example.com/deliveries/{digest(20, 'still', self.hashed_id)}.jpg"
        return {"url": url, "width": 1280, "height": 720}

    def body(self, *, modern: bool) -> dict[str, object]:
        """Return the item of `/medias`: v1 says `project`, the maintained line `folder`."""
        home = {"id": FOLDER_ID, "name": FOLDER_NAME, "hashed_id": FOLDER_HASHED_ID}
        item: dict[str, object] = {
            "id": self.number,
            "hashed_id": self.hashed_id,
            "name": self.name,
            "type": "Video",
            "archived": False,
            "created": with_offset(self.created_at),
            "updated": with_offset(self.created_at + 30 * DAY),
            "duration": self.duration,
            "description": "",
            "progress": 1.0,
            "status": "ready",
            "thumbnail": self.thumbnail(),
        }
        if not modern:
            return item | {"project": home}
        return item | {"folder": home, "tags": [], "assets": []}


def open_library(seed: int, count: int, start: int) -> list[Medium]:
    """Return `count` media: the predecessor's two with their published figures, then invented."""
    published = [
        _medium(hashed_id, place, _NAMES[place], PUBLISHED_DURATION, figures, start)
        for place, (hashed_id, figures) in enumerate(PUBLISHED.items())
    ]
    return (published + [invent(seed, place, start) for place in range(2, count)])[:count]


def invent(seed: int, place: int, start: int) -> Medium:
    """Return an invented video; every fifth lasts longer than a thousand seconds."""
    chance = stream(seed, "medium", place)
    duration = round(chance.uniform(30, 900) + LONGEST_CURVE * (place % 5 // 4), 3)
    loads = int(200 * 1.12 ** (place % 40)) + chance.randrange(50)
    visitors = int(loads * 0.9)
    unique = int(visitors * chance.uniform(0.05, 0.6))
    plays = unique + unique // 10
    engagement = round(chance.uniform(0.1, 0.8), 6)
    points = min(int(duration) + 1, LONGEST_CURVE)
    curve = Curve((plays,), (plays // 10,), points, int(plays * points * 0.4) + plays)
    again = Curve((plays // 8,), (0,), points, plays // 8 + int(plays / 8 * points * 0.1))
    figures = Figures(loads, plays, visitors, unique, engagement, curve, again)
    hashed_id = digest(5, seed, "medium", place)
    name = _ODD_NAMES.get(place, f"Sandbox video {place + 1}")
    return _medium(hashed_id, place, name, duration, figures, start)


def _medium(  # noqa: PLR0913, PLR0917 - the parts of a video
    hashed_id: str, place: int, name: str, duration: float, figures: Figures, start: int
) -> Medium:
    return Medium(
        hashed_id=hashed_id,
        number=130_000_001 + place,
        name=name,
        duration=duration,
        created_at=start - (760 + place) * DAY,
        load_count=figures.load_count,
        play_count=figures.play_count,
        visitors=figures.visitors,
        unique_plays=figures.unique_plays,
        engagement=figures.engagement,
        engagement_data=figures.engagement_curve.cells(),
        rewatch_data=figures.rewatch_curve.cells(),
    )
