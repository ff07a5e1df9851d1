"""Named colours that often occur in old photographs, each at a typical lightness."""

# Skin is paler than people remember: its CIELAB chroma is between 15 and 25 at any lightness.
SWATCHES = {
    "skin, light": "#e3bfa6",
    "skin, medium": "#bd9175",
    "skin, dark": "#74523f",
    "hair, brown": "#5a3a22",
    "hair, blond": "#cfae78",
    "sky": "#7db7e8",
    "water": "#3f6f8f",
    "foliage": "#4f7f34",
    "dry grass": "#b59f4c",
    "wood": "#8a5a33",
    "brick": "#a44a32",
    "khaki": "#9a8b5f",
    "navy": "#27365f",
    "red": "#c0272d",
    "yellow": "#f2c230",
    "neutral grey": "#808080",
}
