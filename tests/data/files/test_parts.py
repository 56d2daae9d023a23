"""The advice for a wrong part name suggests the right part."""

import pytest

from tfft.data.files.parts import meant


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        (["val"], "Write 'validation' in place of 'val'."),
        (["Training", "testing"], "Write 'train' in place of 'Training'. Write 'test' in place of 'testing'."),
        (["tset"], "Did you mean 'test'?"),
        ([3], "There are: 'test', 'train', 'validation'."),
        (["one", 2], "There are no parts 'one', 2: there are 'train', 'validation', 'test'."),
    ],
)
def test_advice_names_the_right_parts(names, advice):
    assert meant(names) == advice
