"""Mark the contract tests as costly: they have many cases, and continuous integration runs a share of them."""

from pathlib import Path

import pytest

# it needs PyTorch
collect_ignore = ["record_hidden_states.py"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them before ``tests/conftest.py`` chooses a share."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("costly")
