"""Measuring what was trained: protocols, figures, curves and sheets. Nothing here changes weights."""
