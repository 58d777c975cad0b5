"""How a campaign ends: the figures, and whether each holds."""

from dataclasses import dataclass, field


@dataclass
class Verdict:
    """The figures of one campaign, each with what it must be."""

    campaign: str
    figures: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def note(self, figure: str) -> None:
        """Keep a figure that nothing is asked of."""
        self.figures.append(figure)

    def expect(self, figure: str, *, holds: bool) -> None:
        """Keep a figure and whether it is what it must be."""
        (self.figures if holds else self.broken).append(figure)

    @property
    def holds(self) -> bool:
        """Whether nothing is broken; a campaign that looked at nothing has not passed."""
        return not self.broken and bool(self.figures)

    def __str__(self) -> str:
        """Return the verdict as one line."""
        line = f"{'holds ' if self.holds else 'FAILED'} {self.campaign}: "
        return line + "; ".join([*(f"NOT {figure}" for figure in self.broken), *self.figures])
