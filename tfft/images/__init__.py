"""Open image files from elsewhere within limits, and turn them into upright RGB pixels."""
