"""Saved artefacts: one folder or zip with net, preprocessing, labels, manifest and report, and its reader."""
