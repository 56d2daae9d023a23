"""Unpack archives from elsewhere (tar, zip) into a folder, with limits, and never outside of it."""
