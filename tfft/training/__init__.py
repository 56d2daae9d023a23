"""fit(): phases in a loop, each with a fresh optimizer, and a record of what really moved."""
