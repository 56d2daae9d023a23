"""The command line: the verbs, their arguments, and how answers and errors are printed."""
