"""Sentences for people: those of the server, in English, and those of the page in every language.

The page's are in page/LANGUAGE.json; {names} in them are filled in by the page. Every file has the same keys.
"""

import json
from importlib import resources

TITLE = "ColourU"

# Languages of the page; the browser's preference decides, English if it has none of them.
LANGUAGES = ("en", "de", "es", "fr")

NO_PHOTO = "Choose a photo first."
PHOTO_DROPPED = "This photo is no longer kept here: photos are dropped an hour after the last dot. Choose it again."
UNKNOWN_DOWNLOAD = "There is no such download. Reload the page and try again."
UNREADABLE_SKETCH = "What was painted could not be read. Reload the page, continue with the photo, and paint it again."
HINTS_RESTORED = "This picture was coloured by ColourU: its {count} hints are restored."

PROBLEMS = "{count} of the photos could not be used; problems.txt in the archive says why."
NO_PHOTOS = "Choose some photos first."
NONE_COLOURED = "None of the photos could be coloured. {problem}"
TOO_MANY_PHOTOS = "These are {count} photos; at most {most} are taken at once."

SKETCH = "Paint dots, strokes or areas"


def page_words() -> dict[str, dict[str, str]]:
    """The words of the page by language and key."""
    folder = resources.files("colouru.ui") / "page"
    return {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES}
