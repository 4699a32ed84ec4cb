"""Worlds of known truth, with surveys, records and judged figures drawn from them."""
