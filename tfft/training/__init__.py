"""fit(): phases in a loop, each with a new optimizer, and a record of the variables that really changed."""
