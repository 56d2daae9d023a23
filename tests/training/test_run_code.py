"""The code of a run repeats it."""

import tfft
from tfft.training.run import Run
from tfft.training.run_code import to_code


def test_a_refit_is_repeated_with_the_whole_plan(model, data):
    plan = tfft.plans.head_only(5)
    first = Run(model, plan, 3, 16, {"source": "data = ..."})
    cut = Run(model, plan.with_phases(last_epoch=2), 3, 16, {"source": "data = ..."}, selection=first)
    assert to_code(cut) == to_code(first).replace("batch_size=16)", "batch_size=16, refit=True)")
    assert "last_epoch" not in to_code(cut)
