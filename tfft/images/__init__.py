"""Open image files from other people within limits, and convert them to upright RGB pixels."""
