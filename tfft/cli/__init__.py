"""The command line: verbs, what is typed for them, and how answers are spoken."""
