"""What is typed becomes the backbone and the task that it names, and nothing else."""

import pytest
import typer

import tfft
from tfft.cli import arguments
from tfft.core.specs import LabelSpace


@pytest.mark.parametrize(("typed", "meant"), [("none", None), ("None", None), ("imagenet", "imagenet")])
def test_weights_can_be_none(typed, meant):
    described = arguments.describe_backbone("mobilenet", typed, size=None, alpha=0.5)
    assert dict(described.options) == {"weights": meant, "alpha": 0.5}


def test_the_task_is_that_of_the_labels_and_only_classes_can_be_balanced():
    single = LabelSpace(("a", "b"))
    for balanced, weights in ((True, "balanced"), (False, None)):
        task = arguments.describe_task(single, balanced)
        assert task.to_dict() == tfft.tasks.classification(single, class_weights=weights).to_dict()
    with pytest.raises(typer.BadParameter, match=r"needs one class for each input; these labels are of kind 'multi'"):
        arguments.describe_task(LabelSpace(("a", "b"), "multi"), balanced=True)
