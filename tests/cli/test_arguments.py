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


@pytest.mark.parametrize(("typed", "meant"), [("1", 1), ("64", 64), ("auto", "auto"), (str(2**31 - 1), 2**31 - 1)])
def test_a_batch_size_is_a_number_or_auto(typed, meant):
    assert arguments.batch_size_of(typed) == meant


@pytest.mark.parametrize("typed", ["0", "-1", "", "1.5", "Auto", "٣", "²", str(2**31), "9" * 10_000, "1_000", " 1"])
def test_other_batch_sizes_are_refused(typed):
    with pytest.raises(
        typer.BadParameter, match=r"--batch-size is a whole number from 1 to 2,147,483,647, or auto\. Got"
    ):
        arguments.batch_size_of(typed)
