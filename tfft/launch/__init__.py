"""Start several worker processes of one command on this machine, and end them together."""
