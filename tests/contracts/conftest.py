"""Laws for lists of backbones, tasks, plans and formats: many cases, of which continuous integration runs a share."""

from pathlib import Path

import pytest

# it needs PyTorch
collect_ignore = ["record_hidden_states.py"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the laws, before tests/conftest.py chooses a share of them."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("costly")
