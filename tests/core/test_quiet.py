"""TensorFlow starts without messages, but errors are not hidden."""

import logging
import os
import subprocess
import sys

import pytest

import tfft
from tfft.core.quiet import without_false_alarms

# a TensorFlow that writes one of its notes and a line of another thread, and then imports, fails, or is stopped
_FAKE = (
    "import os, sys\n"
    "class Finder:\n"
    "    def find_spec(self, name, *_):\n"
    "        if name == 'tensorflow':\n"
    "            os.write(2, b'I0000 00:00:1795871758.394510 2513 cudart_stub.cc:31] Could not find cuda drivers.\\n')\n"
    "            os.write(2, b'written by another thread\\n')\n"
    "            raise {error}\n"
    "sys.meta_path.insert(0, Finder())\n"
    "from tfft.core.quiet import start_tensorflow\n"
    "try:\n"
    "    start_tensorflow()\n"
    "except BaseException as error:\n"
    "    sys.stderr.write(type(error).__name__)\n"
)


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=os.environ | environment
    )


@pytest.mark.slow
def test_start_up_messages_are_hidden_and_stderr_works_afterwards():
    code = "import sys; from tfft.core.quiet import start_tensorflow as s; s(); s(); sys.stderr.write('mine'); import tensorflow"
    done = run(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "mine")


def test_a_failed_import_shows_what_was_written():
    done = run(_FAKE.format(error="ModuleNotFoundError('no tensorflow')"))
    assert "cudart_stub" in done.stderr
    assert "written by another thread" in done.stderr
    assert done.stderr.endswith("ModuleNotFoundError")


def test_an_early_ctrl_c_shows_no_notes_and_loses_no_other_line():
    done = run(_FAKE.format(error="KeyboardInterrupt"))
    assert done.stderr == "written by another thread\nKeyboardInterrupt"


def test_level_0_hides_nothing():
    done = run(_FAKE.format(error="KeyboardInterrupt"), TF_CPP_MIN_LOG_LEVEL="0")
    assert done.stderr.startswith("I0000 00:00:1795871758.394510 2513 cudart_stub.cc:31]")


def test_a_process_without_an_error_stream_starts_as_well():
    done = run("import os, sys; os.close(2); sys.stderr = None\n" + _FAKE.format(error="KeyboardInterrupt").replace(
        "    sys.stderr.write(type(error).__name__)", "    print(type(error).__name__)"
    ).replace("os.write(2, ", "bytes("))  # fmt: skip
    assert done.stdout == "KeyboardInterrupt\n"


def test_nothing_happens_when_tensorflow_was_imported_before():
    code = (
        "import os, sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
        "from tfft.core.quiet import start_tensorflow as s; s(); print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300,
        env={key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"},
    )  # fmt: skip
    assert done.stdout == "None\n"


@pytest.mark.slow
def test_a_fit_in_python_is_as_quiet_as_the_shell():
    code = (
        "import numpy as np, tfft\n"
        "images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)\n"
        "data = tfft.data.from_arrays(images, [0, 1] * 10)\n"
        "model = tfft.build('tfft_mini', tfft.tasks.classification(data.labels))\n"
        "tfft.fit(model, data, tfft.plans.head_only(1), progress=False)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_false_alarm_about_retracing_is_hidden_only_inside_and_other_warnings_are_shown(caplog):
    logger = logging.getLogger("tensorflow")
    alarm = "5 out of the last 6 calls to <function f> triggered tf.function retracing. Tracing is expensive."
    with caplog.at_level("WARNING", "tensorflow"):
        with without_false_alarms():
            logger.warning(alarm)
            logger.warning("something else")
        logger.warning(alarm)
    assert [record.getMessage() for record in caplog.records] == ["something else", alarm]


def test_a_false_alarm_stays_hidden_after_an_inner_context(caplog):
    with caplog.at_level("WARNING", "tensorflow"), without_false_alarms():
        with without_false_alarms():
            pass
        logging.getLogger("tensorflow").warning("5 out of the last 5 calls triggered tf.function retracing.")
    assert caplog.records == []


@pytest.mark.slow
def test_many_phases_in_one_process_raise_no_alarm(toy_arrays, caplog):
    data = tfft.data.from_arrays(*toy_arrays)
    phases = [tfft.Phase(f"phase {number}", tfft.trainable.everything(), 1, 1e-3) for number in range(4)]
    with caplog.at_level("WARNING", "tensorflow"):
        for _ in range(2):
            model = tfft.build("toy", tfft.tasks.classification(data.labels))
            tfft.evaluate(tfft.fit(model, data, tfft.Plan(*phases), progress=False).model, data.test)
    assert not [record for record in caplog.records if "retracing" in record.getMessage()]
