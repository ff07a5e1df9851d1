"""What is measured by the clock, one command each: page, rendering, networks, refusals, clients, scans.

Figures, not bars.
"""
