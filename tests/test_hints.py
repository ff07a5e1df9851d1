import json

import numpy as np
import pytest

from colouru.hints import MAX_HINTS, Hint, as_hints, hints_from_json, hints_to_json

RED = Hint(x=0.25, y=0.5, colour="#ff0000", size=0.1)


def test_hints_survive_json():
    hints = [RED, Hint(x=0, y=1, colour="#C68642", note="jacket: khaki, from the pay book", area="jacket")]
    assert hints_from_json(hints_to_json(hints)) == hints
    # Versions without areas read hints without notes and areas, which have these keys only.
    assert json.loads(hints_to_json(hints))[0].keys() == {"x", "y", "colour", "size"}


def test_hints_are_taken_in_every_form(tmp_path):
    file = tmp_path / "hints.json"
    file.write_text(hints_to_json([RED]))
    for form in ([RED], [RED.to_dict()], file, str(file), hints_to_json([RED])):
        assert as_hints(form) == [RED]
    assert as_hints(None) == []


@pytest.mark.parametrize(
    "form, message",
    [
        ("{not json", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"x": 1}', "must be a JSON list"),
        ('[{"x": 0.5, "y": 0.5}]', "hint 1: a hint needs x, y and colour; colour is missing"),
        ('[{"x": 0.5, "y": 0.5, "colour": "#ffffff", "z": 1}]', "unknown key 'z'"),
        ('[{"x": NaN, "y": 0.5, "colour": "#ffffff"}]', "x must be a number, got nan"),
        (f'[{{"x": {"9" * 400}, "y": 0, "colour": "#ffffff"}}]', "x must lie inside the picture, from 0 to 1, got 9"),
        ('[{"x": -Infinity, "y": 0.5, "colour": "#ffffff"}]', "x must lie inside the picture, from 0 to 1, got -inf"),
        ('[{"x": "left", "y": 0.5, "colour": "#ffffff"}]', "x must be a number, got 'left'"),
        ('[{"x": true, "y": 0.5, "colour": "#ffffff"}]', "x must be a number, got True"),
        ('[{"x": 0.5, "y": 1.5, "colour": "#ffffff"}]', "y must lie inside the picture, from 0 to 1, got 1.5"),
        ('[{"x": 0.5, "y": 0.5, "colour": "red"}]', "colour must look like #c68642, got 'red'"),
        ('[{"x": 0.5, "y": 0.5, "colour": "#ffffff", "size": 0}]', "size must lie above 0 and at most 1"),
        ('[{"x": 0.5, "y": 0.5, "colour": "#ffffff", "area": 7}]', "area must be text of at most 40 characters, got 7"),
        ("[3]", "hint 1: a hint must be an object"),
        ([RED] * (MAX_HINTS + 1), "more than 10,000 hints"),
        ("no-such-file.json", "no hints could be read from 'no-such-file.json'"),
        (7, "expected a list of hints or a JSON file, got 7"),
    ],
)
def test_invalid_hints_give_one_clear_sentence(form, message):
    with pytest.raises(ValueError, match=message) as caught:
        as_hints(form)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_numbers_of_numpy_are_numbers():
    hint = Hint(x=np.float32(0.5), y=np.float64(0.25), colour="#ffffff", size=np.float32(0.125))
    assert hint == Hint(x=0.5, y=0.25, colour="#ffffff", size=0.125) and type(hint.x) is float
