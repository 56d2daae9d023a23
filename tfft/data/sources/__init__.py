"""The sources of data: one file for each source; every source returns ``Splits``."""
