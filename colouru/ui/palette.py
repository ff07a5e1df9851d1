"""Colours that people look for in old photographs, by name."""

SWATCHES = {
    "skin, light": "#f1c9a5",
    "skin, medium": "#c68642",
    "skin, dark": "#7a4a2b",
    "hair, brown": "#5a3a22",
    "hair, blond": "#d9b36c",
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
}
