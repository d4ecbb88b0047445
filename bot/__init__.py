"""Groundswell: from a month of support tickets to product themes, and one backlog item for each."""

__version__ = "0.1.0"
