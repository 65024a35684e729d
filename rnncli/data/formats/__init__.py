"""Formats of labelled files; :mod:`.registry` lists them."""
