"""Every sentence on the page, in one place for whoever translates it."""

TITLE = "ColourU"
INTRODUCTION = """# ColourU
Choose a photo, paint a dot wherever you know a colour, and see the whole photo in colour.
All colours are guesses; your dots tell the networks what you know."""

PHOTO = "1. Your photo, grey or colour"
SKETCH = "2. Paint dots"
EXAMPLES = "No photo at hand? Try one of these"
BASELINE = "Baseline: autoencoder"
GAN = "GAN: ColourU's generator"
DOWNLOAD = "Download full size"
HINTS = "The hints as JSON"

LOSS = "Normalized loss **{loss:.2f}** (0 would be the original, 1 is no better than grey)"
LOSS_ON_PREVIEW = LOSS + ", measured on this preview"
NO_LOSS = "No normalized loss: {reason}"

CLIPPED = (
    "That colour does not exist at the photo's lightness under dot {numbers}: the nearest that does is shown there."
)

NO_PHOTO = "Choose a photo first."
PHOTO_DROPPED = "This photo is no longer kept here: photos are dropped an hour after the last dot. Choose it again."
UNREADABLE_SKETCH = "The painted dots could not be read. Reload the page and choose the photo again."

FOOTER = "Weights: {source}. Photos stay on this machine and are deleted about an hour after the last dot."
