"""The packages that a service needs, checked together before anything is loaded."""

from importlib.util import find_spec

from tfft.core.errors import TfftError

# the module of each package -> the name that pip knows
_PACKAGES = {
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "prometheus_client": "prometheus-client",
    "python_multipart": "python-multipart",
}


def check_packages() -> None:
    """Check that all packages of a service are installed. Nothing is imported.

    Raises:
        TfftError: When some are missing; the message names all of them.

    Example:
        >>> check_packages()
    """
    if missing := [name for module, name in _PACKAGES.items() if find_spec(module) is None]:
        raise TfftError(
            "A service needs packages that are not installed.", ", ".join(missing), 'Run: pip install "tfft[serve]"'
        )
