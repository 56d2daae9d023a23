"""What is typed for `tfft predict` becomes paths or texts; ``test_sources.py`` reads files with it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

import tfft
from tfft.cli.typed_inputs import given_inputs
from tfft.core.errors import DataError


@pytest.fixture(scope="module")
def reader():
    model = tfft.build("toy_text", tfft.tasks.classification(["a", "b"]))
    return SimpleNamespace(preprocessor=model.preprocessor, seen=None)


@pytest.mark.parametrize("empty", ["", "  ", "\t"])
def test_an_empty_text_is_named_by_its_position(reader, empty):
    with pytest.raises(DataError, match=r"^Text 2 is empty\. Pass at least one word"):
        given_inputs(reader, ["a film", empty])


def test_for_images_everything_is_a_path():
    assert given_inputs(SimpleNamespace(preprocessor=SimpleNamespace(noun="image")), ["a.png", ""]) == [
        Path("a.png"),
        Path(),
    ]
