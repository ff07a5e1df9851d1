"""Every sentence on the page, in one place for whoever translates it."""

TITLE = "ColourU"

# What the server says.

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

# What the page in the browser says; {names} are filled in there.
PAGE = {
    # The bar.
    "open": "Open",
    "open_title": "Open a photo, a picture that ColourU saved, or hints",
    "examples": "Examples",
    "undo": "Undo",
    "redo": "Redo",
    "clear": "Clear",
    "tools": "Tools",
    "dots": "Dots",
    "paint": "Paint",
    "area": "Area",
    "area_title": "One colour for an object, or for what you draw around",
    "erase": "Erase",
    "views": "What is shown",
    "colour": "Colour",
    "grey": "Grey",
    "split": "Split",
    "original": "Original",
    "several": "Several photos",
    "several_kept": "Several photos ({count})",
    "back": "Back to the photo",
    "download": "Download",
    "download_as": "Other things to download",
    "gan-png": "Picture, PNG",
    "gan-jpg": "Picture, JPEG",
    "baseline-png": "Baseline's picture, PNG",
    "baseline-jpg": "Baseline's picture, JPEG",
    "pair": "Before and after, JPEG",
    "layer": "Colours alone, a layer for an image editor",
    "hints": "Hints, JSON",
    # The first screen.
    "invitation": "Drop a black-and-white photo here",
    "invitation_more": "or paste one, or",
    "choose": "Choose a photo",
    "promise": "Click where you know a colour, and the whole photo takes colour from it. What you did not say is "
    "guessed.",
    "try_example": "Or try one of these",
    "example": "Example: {name}",
    "continue": "Continue with {name}",
    "one_dot": "1 dot",
    "many_dots": "{count} dots",
    "forget": "Forget it",
    "kept_here": "Kept in this browser alone.",
    # The colours.
    "colours": "Colours",
    "next_dot": "Next dot",
    "brush": "Brush",
    "this_area": "This area",
    "dot_of": "Dot {number} of {count}",
    "for_next": "Choose for the next dot",
    "likely": "Likely here",
    "likeliest": "Likeliest there",
    "true_colour": "True colour there",
    "plane": "Colours that exist at the lightness of this spot; arrow keys choose",
    "well": "Colour",
    "hex": "Colour as a hexadecimal code",
    "named": "By name",
    "recent": "Used before",
    "pick": "Pick a colour from",
    "pick_original": "the original",
    "pick_other": "another picture…",
    "reference": "Picture to pick colours from: click it",
    "close": "Close",
    "size": "Size",
    "delete": "Delete dot",
    "no_such_colour": "This spot cannot have that colour. Nearest: {nearest}",
    "bad_hex": "A colour code looks like #c68642.",
    "likely_colour": "{colour}, likely to {percent} %",
    # The canvas.
    "stage": "Photo. Arrow keys move the cursor or the selected dot, Enter puts a dot there or lets go of it, Delete "
    "removes it, Page Up and Page Down go from dot to dot, plus and minus zoom, G shows it grey while it is held.",
    "click_here": "Click where you know a colour",
    "click_area": "Click an object, or draw around it",
    "area_shown": "Enter colours the area, Escape lets it go, Shift adds to it.",
    "reach": "Reach",
    "note_of_area": "Note on this area: how its colour is known",
    "take_area": "Colour it",
    "keep_grey": "Keep it grey",
    "let_go": "Let go",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "fit": "Fit",
    "hold_grey": "Hold for grey",
    "where_next": "Where next?",
    "where_next_title": "Mark where a dot would help most",
    "unsure": "Least sure",
    "unsure_title": "Tint the fifth of the photo whose colours are least sure",
    "marker": "a dot here helps most",
    "legend": "Tinted: the fifth that is least sure",
    "divider": "Where grey ends and colour begins",
    "busy": "Colouring…",
    "opening": "Opening {name}…",
    "line": "Before you in the queue: {before}. {wait}",
    "line_wait": "About {seconds} s.",
    "line_full": "The queue is full, {before} are waiting. {wait} {name} is sent as soon as there is room.",
    "line_again": "The queue is full, {before} are waiting. {wait} Nothing is lost: this is sent again by itself.",
    "trying_again": "No answer yet; trying again…",
    "dot": "Dot {number}: {colour} {note}",
    "count": "Dots: {count}",
    "selected": "Dot {number} of {count}, {x} % from the left, {y} % from the top, {colour}.",
    "cursor": "Cursor {x} % from the left, {y} % from the top",
    "picking": "Click the original where it has the colour. Escape stops.",
    # The results.
    "results": "Results",
    "gan": "GAN",
    "gan_line": "keeps your dots exactly and carries them far",
    "baseline": "Baseline",
    "baseline_line": "a plain autoencoder, to compare with",
    "loss": "Normalized loss",
    "worse": "grey would have been nearer",
    "saturation": "Saturation",
    "reset": "Back to 1",
    "hint_list": "Dots",
    "no_hints": "None yet: every colour is guessed.",
    "select": "Select dot {number}",
    "colour_of": "Colour of dot {number}",
    "place": "{x} %, {y} %",
    "note": "How do you know?",
    "note_of": "Note on dot {number}: how its colour is known",
    "remove": "Delete dot {number}",
    "clipped": "nearest shown",
    "clipped_title": "This colour does not exist at the photo's lightness there: the nearest is shown.",
    "details": "Details",
    "meaning": "The normalized loss is 0 for the original itself and 1 for what is no better than grey; it is measured "
    "on a small copy.",
    "how_many": "How many random dots",
    "random_dots": "Add random true dots",
    "curve": "Loss over dots so far",
    "curve_file": "As CSV",
    "reopen": "A picture that ColourU saved opens with its dots. The colour layer goes above the photo in an image "
    "editor, in the blend mode LCh Color or Color.",
    "footer": "All colours are guesses except where you put one. Weights: {source}. Photos stay on this machine and "
    "are deleted about an hour after the last dot; your browser keeps what you work on until you forget it.",
    # Several photos.
    "add_photos": "Add photos",
    "several_help": "Choose or drop many photos at once: each is coloured in turn, opens in the editor, and comes back "
    "with its dots. A file of hints, NAME.json, belongs to the photo NAME; a picture saved by ColourU brings its own.",
    "strays": "Hints without a photo of their name: {names}",
    "waiting": "waiting",
    "colouring": "colouring…",
    "ready_of": "Coloured: {ready} of {of}",
    "colouring_of": "Colouring {number} of {of} at full size…",
    "losses_of": "loss {gan}, baseline {baseline}",
    "remove_photo": "Remove {name}",
    "with_baseline": "Baseline's pictures too",
    "with_losses": "Losses as a table",
    "download_all": "Download all",
    "forget_all": "Forget all",
    # Questions and problems.
    "ask_before_dropping": "Open another photo? The dots on this one will be dropped.",
    "ask_before_forgetting": "Forget these photos and their dots?",
    "no_picture": "That file is no picture this browser can show.",
    "not_uploaded": "{name} could not be sent: it is too large, or the page's server is gone.",
    "not_hints": "{name} holds no hints.",
    "nothing_answered": "Something went wrong here. Your dots are as they were; try again.",
    "no_palette": "The sketch cannot be used in this browser. Dots work.",
}
