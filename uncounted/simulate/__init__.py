"""Worlds whose truth is known, and surveys, records and judged figures of them."""
