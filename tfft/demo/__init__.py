"""Demonstrate fine-tuning: images without any download, texts with one Python package."""

from tfft.demo.images import run_demo
from tfft.demo.made import Demo
from tfft.demo.texts import run_text_demo

__all__ = ["Demo", "run_demo", "run_text_demo"]
