"""Benchmarks of tfft; each module prints its table."""
