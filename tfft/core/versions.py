"""List the versions of packages that affect results. They are read from package metadata, so that nothing large is imported."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("tfft", "keras", "tensorflow", "keras-hub", "numpy", "pillow", "scikit-learn")


def installed(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of the packages that affect results.

    Args:
        packages: The names of packages, as pip knows them.

    Returns:
        Name -> version, ``"python"`` first. The version of a missing package is ``"not installed"``.

    Example:
        >>> list(installed(("numpy",)))
        ['python', 'numpy']
    """
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
