"""Which versions a result was made with, read from package metadata so that nothing heavy is imported."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("tfft", "keras", "tensorflow", "keras-hub", "numpy", "pillow", "scikit-learn")


def installed(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Versions of Python and of the packages that shape a result.

    Args:
        packages: Distribution names.

    Returns:
        Name to version, ``"python"`` first; a package that is missing says ``"not installed"``.

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
