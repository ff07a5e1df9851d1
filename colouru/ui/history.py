"""What was hinted before: undo and redo over both tabs. Pure values, nothing of the page."""

import dataclasses
from collections.abc import Iterable

from colouru.hints import Hint

MAX_STEPS = 200

# Of all steps together, so that nobody fills the server's memory.
MAX_HINTS_BEFORE = 50_000


@dataclasses.dataclass(frozen=True)
class History:
    """The hints as they are, as they were before, the latest last, and what was undone, the next last."""

    now: tuple[Hint, ...] = ()
    past: tuple[tuple[Hint, ...], ...] = ()
    future: tuple[tuple[Hint, ...], ...] = ()

    def then(self, hints: Iterable[Hint]) -> "History":
        """With other hints; what was undone is forgotten. Unchanged for the same hints."""
        hints = tuple(hints)
        if hints == self.now:
            return self
        past = [*self.past, self.now][-MAX_STEPS:]
        while sum(map(len, past)) > MAX_HINTS_BEFORE:
            past.pop(0)
        return History(hints, tuple(past))

    def undone(self) -> "History":
        """One step back; unchanged at the beginning."""
        return History(self.past[-1], self.past[:-1], (*self.future, self.now)) if self.past else self

    def redone(self) -> "History":
        """One step forward again; unchanged at the end."""
        return History(self.future[-1], (*self.past, self.now), self.future[:-1]) if self.future else self
