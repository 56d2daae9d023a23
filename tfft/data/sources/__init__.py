"""Where a dataset comes from: one file for each origin, all return ``Splits``."""
