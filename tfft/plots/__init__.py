"""Plots of a report and of a run, made from plain values with Matplotlib."""
