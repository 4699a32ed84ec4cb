"""Worlds whose truth is known, and surveys of them."""
