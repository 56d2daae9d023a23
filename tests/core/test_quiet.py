"""TensorFlow starts without messages, but errors are not hidden."""

import subprocess
import sys


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_start_up_messages_are_hidden_and_stderr_works_afterwards():
    code = "import sys; from tfft.core.quiet import start_tensorflow as s; s(); s(); sys.stderr.write('mine'); import tensorflow"
    done = run(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "mine")


def test_a_failed_import_shows_its_output():
    code = (
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'tensorflow':\n"
        "            os.write(2, b'a note of the C library')\n"
        "            raise ModuleNotFoundError('no tensorflow')\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from tfft.core.quiet import start_tensorflow; start_tensorflow()"
    )
    done = run(code)
    assert done.returncode == 1
    assert "a note of the C library" in done.stderr
    assert "ModuleNotFoundError" in done.stderr
