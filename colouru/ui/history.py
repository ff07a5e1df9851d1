"""What was hinted before: undo and redo over both tabs. Pure values, nothing of the page."""

import dataclasses
from collections.abc import Iterable

from colouru.hints import Hint

MAX_STEPS = 200


@dataclasses.dataclass(frozen=True)
class History:
    """The hints as they are, as they were before, the latest last, and what was undone, the next last."""

    now: tuple[Hint, ...] = ()
    past: tuple[tuple[Hint, ...], ...] = ()
    future: tuple[tuple[Hint, ...], ...] = ()

    def then(self, hints: Iterable[Hint]) -> "History":
        """With other hints; what was undone is forgotten. Unchanged for the same hints."""
        hints = tuple(hints)
        return self if hints == self.now else History(hints, (*self.past, self.now)[-MAX_STEPS:])

    def undone(self) -> "History":
        """One step back; unchanged at the beginning."""
        return History(self.past[-1], self.past[:-1], (*self.future, self.now)) if self.past else self

    def redone(self) -> "History":
        """One step forward again; unchanged at the end."""
        return History(self.future[-1], (*self.past, self.now), self.future[:-1]) if self.future else self
