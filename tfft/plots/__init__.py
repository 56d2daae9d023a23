"""Plots of a report and of a run, drawn from plain values with Matplotlib."""
