"""Backbones of KerasHub: presets, and local or remote folders of Transformers, timm and KerasHub."""
