"""Reads pictures from files, safely, and writes them with their metadata."""
