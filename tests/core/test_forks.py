"""A process that was forked after TensorFlow started raises an error at once; one that was forked earlier works."""

import os

import pytest

from tests import forked
from tfft.core import forks

PREPARED = """
import os, signal, sys, tempfile
import numpy as np
import tfft
signal.alarm(240)

def model():
    return tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))

def forked(call):
    child = os.fork()
    if child == 0:
        try:
            call()
        except tfft.core.errors.TfftError as error:
            print(error.what, error.fix, flush=True)
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""
CASES = {
    # case: (code, exit status of the child)
    "build after build": ("model(); status = forked(model)", 3),
    "predict after load": (
        "bundle = tfft.export(model(), tempfile.mkdtemp() + '/a.tfft'); predictor = tfft.load(bundle); "
        "status = forked(lambda: predictor.predict(np.zeros((2, 24, 24, 3), np.uint8)))",
        3,
    ),
    "a fork of a fork": ("model(); status = forked(lambda: os._exit(forked(model)))", 3),
    "build after TensorFlow alone": ("import tensorflow as tf; tf.constant(1) + 1; status = forked(model)", 3),
    "build before TensorFlow started": ("status = forked(model)", 0),
}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
@pytest.mark.parametrize("case", CASES)
def test_a_fork_works_or_the_error_says_what_to_do_instead(case):
    code, status = CASES[case]
    done = forked.run(f"{PREPARED}\n{code}\nprint('status', status)", timeout=300)
    assert done.stdout.splitlines()[-1:] == [f"status {status}"], done.stderr
    assert ('get_context("spawn")' in done.stdout) == (status == 3)


def test_a_process_that_was_not_forked_passes():
    forks.check()
    forks.check()
