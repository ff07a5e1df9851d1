"""Undo and redo."""

from colouru.hints import Hint
from colouru.ui.history import MAX_HINTS_BEFORE, MAX_STEPS, History

RED, BLUE = Hint(x=0.1, y=0.1, colour="#aa2020"), Hint(x=0.9, y=0.9, colour="#2020aa")


def test_undo_and_redo_go_through_every_step():
    history = History().then([RED]).then([RED, BLUE]).then([BLUE])
    steps = [history := history.undone() for _ in range(3)]
    assert [step.now for step in steps] == [(RED, BLUE), (RED,), ()]
    assert history.redone().redone().redone().now == (BLUE,)


def test_at_either_end_nothing_happens():
    assert History().undone() == History() == History().redone()


def test_the_same_hints_are_no_step():
    history = History().then([RED])
    assert history.then([RED]) is history


def test_what_was_undone_is_forgotten_with_the_next_step():
    history = History().then([RED]).undone().then([BLUE])
    assert history.future == () and history.undone().now == ()


def test_a_long_day_s_work_stays_bounded():
    history = History()
    for step in range(MAX_STEPS + 50):
        history = history.then([RED] * (step + 1))
    assert len(history.past) == MAX_STEPS
    for step in range(20):
        history = history.then([RED] * (10_000 - step))
    assert sum(map(len, history.past)) <= MAX_HINTS_BEFORE
