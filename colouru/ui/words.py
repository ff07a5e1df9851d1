"""Every sentence on the page, in one place for whoever translates it."""

TITLE = "ColourU"
INTRODUCTION = """# ColourU
Click where you know a colour and see the whole photo in colour. What you did not say is guessed."""

ONE_PHOTO = "One photo"
SEVERAL_PHOTOS = "Several photos"

PHOTO = "Your photo, grey or colour"
EXAMPLES = "Or try one of these"
CLICK = "Click"
PAINT = "Paint"
BOARD = "Dots on the photo"
SKETCH = "Paint dots, strokes or areas"
UNDO = "Undo"
REDO = "Redo"
CLEAR = "Clear"
ADVISE = "Mark where a dot would help most"
DOUBT = "Show where the colours are least sure"

BASELINE = "Baseline: autoencoder"
GAN = "GAN: ColourU's generator"
VERSUS = "Compare the two with each other instead of with grey"
SATURATION = "Saturation"

KEEP = "Keep it"
WHAT = "What to download"
DOWNLOAD = "Download"
DOWNLOADS = {
    "gan-png": "GAN, full size, PNG",
    "gan-jpg": "GAN, full size, JPEG",
    "baseline-png": "Baseline, full size, PNG",
    "baseline-jpg": "Baseline, full size, JPEG",
    "layer": "GAN's colours alone, a layer for an image editor, PNG",
    "pair": "Before and after, side by side, JPEG",
    "hints": "The hints, JSON",
}
OPEN_HINTS = "Open hints (JSON)"
REOPEN = (
    "A picture that ColourU saved opens with its hints when you choose it as the photo; hints saved as JSON open on "
    "the photo that is here. The colour layer goes above the photo in an image editor, in the blend mode LCh Color or "
    "Color."
)

SEVERAL = (
    "Colour many photos at once. Without hints everything is guessed; `NAME.json` beside `NAME.jpg` gives that photo's "
    "hints, and a picture that ColourU saved brings its own."
)
FILES = "Photos, and their hints if there are any"
COLOUR_ALL = "Colour all"
ARCHIVE = "The coloured photos, zipped"
COLOURING = "Colouring {name}"
PROBLEMS = "{count} of the files could not be used; problems.txt in the archive says why."
NO_FILES = "Choose some photos first."
NONE_COLOURED = "None of the files could be coloured. {problem}"
TOO_MANY_FILES = "These are {count} files; at most {most} are taken at once."

LOSS = "Normalized loss **{loss:.2f}**"
LOSS_ON_PREVIEW = LOSS + " on this preview"
LOSS_MEANING = "The normalized loss is 0 for the original itself and 1 for what is no better than grey."
NO_LOSS = "No normalized loss: {reason}"

ASK_BEFORE_DROPPING = "Open another photo? The hints on this one will be dropped."
NO_PHOTO = "Choose a photo first."
PHOTO_DROPPED = "This photo is no longer kept here: photos are dropped an hour after the last dot. Choose it again."
UNREADABLE_SKETCH = "The painted dots could not be read. Reload the page and choose the photo again."
HINTS_RESTORED = "This picture was coloured by ColourU: its {count} hints are restored."
HINTS_OPENED = "{count} hints opened. Undo brings the earlier ones back."

FOOTER = (
    "All colours are guesses except where you put one. Weights: {source}. Photos stay on this machine and are deleted "
    "about an hour after the last dot."
)

# What board.html and board.js say.
BOARD_WORDS = {
    "tools": "Zoom and dots",
    "zoom": "Zoom",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "fit": "Fit",
    "size": "Dot size",
    "delete": "Delete dot",
    "delete_title": "Delete the selected dot (Delete key, or right-click a dot)",
    "stage": (
        "Photo. Arrow keys move the cursor or the selected dot, Enter puts a dot there or lets go of it, Delete "
        "removes it, Page Up and Page Down go from dot to dot, plus and minus zoom."
    ),
    "picture": "The photo in grey",
    "marker": "a dot here helps most",
    "plane": "Colours that exist at the lightness of this spot; arrow keys choose",
    "colour": "Colour of the dots",
    "hex": "Colour as a hexadecimal code",
    "likely": "Likely here",
    "recent": "Used before",
    "named": "Often looked for",
    "pick": "Pick a colour from",
    "pick_original": "the original",
    "pick_other": "another picture…",
    "reference": "Picture to pick colours from: click it",
    "close": "Close",
    "no_photo": "Choose a photo above, or try an example",
    "invitation": "Click where you know a colour",
    "no_such_colour": "This colour does not exist at this spot's lightness. Nearest: {nearest}",
    "bad_hex": "A colour code looks like #c68642.",
    "no_picture": "That file is no picture this browser can show.",
    "picking": "Click the original where it has the colour. Escape stops.",
    "busy": "Colouring…",
    "dot": "Dot {number}: {colour} {note}",
    "count": "Dots: {count}",
    "selected": "Dot {number} of {count}, {x} % from the left, {y} % from the top, {colour}.",
    "cursor": "Cursor {x} % from the left, {y} % from the top",
    "likely_colour": "{colour}, likely to {percent} %",
}

# What hint_list.html and hint_list.js say.
LIST_WORDS = {
    "heading": "Hints",
    "none": "None yet: every colour is guessed.",
    "select": "Select dot {number}",
    "colour_of": "Colour of dot {number}",
    "place": "{x} %, {y} %",
    "note": "How do you know?",
    "note_of": "Note on dot {number}: how its colour is known",
    "remove": "Delete dot {number}",
    "clipped": "nearest shown",
    "clipped_title": "This colour does not exist at the photo's lightness there: the nearest is shown.",
}
