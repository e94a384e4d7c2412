"""Sections 3.1 and 3.4: fit a steep transition from uniform points."""
