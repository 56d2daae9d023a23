"""Backbones from KerasHub: its presets, and local or remote folders of Transformers, timm and KerasHub."""
