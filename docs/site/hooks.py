"""Takes the repository's address for the site from setup.cfg, the only place that holds it."""

from configparser import ConfigParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def on_config(config: Any) -> Any:
    """Set the address of the repository; while setup.cfg has none, the site shows no link to it.

    Args:
        config: The configuration of MkDocs.

    Returns:
        The same configuration.
    """
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    config.repo_url = setup["metadata"].get("url", "").strip() or None
    if config.repo_url:
        config.repo_name = config.repo_url.rstrip("/").removeprefix("https://")
    return config
