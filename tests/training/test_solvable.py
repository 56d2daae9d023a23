"""A phase that solves the head needs a linear head with a plain loss, and nothing else that trains."""

import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.training.solvable import check_solved

PHASE = tfft.plans.linear_probe().phases[0]
NAMES = ["ants", "bees"]


@pytest.mark.parametrize(
    ("task", "phase", "has_teacher", "match"),
    [
        (tfft.tasks.classification(NAMES, hidden=(8,)), PHASE, False, "a single Dense layer and a plain loss"),
        (tfft.tasks.classification(NAMES, dropout=0.1), PHASE, False, "a single Dense layer and a plain loss"),
        (tfft.tasks.classification(NAMES, label_smoothing=0.1), PHASE, False, "a single Dense layer and a plain loss"),
        (tfft.tasks.segmentation(NAMES), PHASE, False, "a single Dense layer and a plain loss"),
        (
            tfft.tasks.classification(NAMES),
            tfft.Phase("all", tfft.trainable.last_blocks(1), 1, 1e-3, optimizer="lbfgs"),
            False,
            "nothing else can train",
        ),
        (tfft.tasks.classification(NAMES), PHASE, True, "for the labels alone"),
    ],
)
def test_a_head_that_cannot_be_solved_is_refused(task, phase, has_teacher, match):
    with pytest.raises(PlanError, match=match):
        check_solved(tfft.build("toy", task), phase, has_teacher)


def test_a_linear_head_is_solved():
    check_solved(tfft.build("toy", tfft.tasks.classification(NAMES)), PHASE)
    check_solved(tfft.build("toy", tfft.tasks.multi_label(NAMES)), PHASE)
