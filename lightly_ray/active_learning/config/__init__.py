"""Placeholder: written with the package."""
