"""Unpack tar and zip archives from other people into a folder, within limits and never outside that folder."""
