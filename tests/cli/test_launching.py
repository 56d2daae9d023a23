"""``tfft launch`` as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tfft(*words, **environment):
    code = (
        "import sys; from tfft.cli.verbs import main\n"
        "try: main()\n"
        "finally: sys.stderr.write('tensorflow was imported' * ('tensorflow' in sys.modules))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )


@pytest.mark.parametrize("separator", [["--"], []])
def test_options_of_the_command_belong_to_the_command(separator):
    code = "import os, sys; print(os.environ['TF_CONFIG'], sys.argv[1:])"
    done = tfft("launch", "--workers", "2", *separator, sys.executable, "-c", code, "--workers", "7", "--data", "x")
    config, _, words = done.stdout.rpartition(" [")
    assert json.loads(config)["task"] == {"type": "worker", "index": 0}
    assert words == "'--workers', '7', '--data', 'x']\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_verbose_shows_the_other_workers():
    done = tfft("launch", "--workers", "3", "--verbose", "--", "echo", "epoch 1")
    assert done.stdout == "epoch 1\n"
    assert sorted(done.stderr.splitlines()) == ["[worker 1] epoch 1", "[worker 2] epoch 1"]


def test_the_exit_code_is_that_of_the_failed_worker():
    done = tfft("launch", "--workers", "2", "--", "sh", "-c", "exit 9")
    assert done.returncode == 9
    assert "failed with exit code 9" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "0", "--", "true"], "'--workers': 0 is too small. Write 1 or more."),
        (["--workers", "-2", "--", "true"], "'--workers': -2 is too small. Write 1 or more."),
        (["--workers", "2"], "Missing argument"),
        (["--", "true"], "Missing option '--workers'"),
        (["--workers", "2", "--", "no-such-program"], "ClusterError: The command 'no-such-program' does not exist."),
    ],
)
def test_wrong_use_is_refused_with_status_2(words, message):
    done = tfft("launch", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "tensorflow was imported" not in done.stderr


def test_a_launch_inside_a_cluster_is_refused():
    done = tfft("launch", "--workers", "2", "--", "true", TF_CONFIG='{"cluster": {}}')
    assert done.returncode == 2
    assert "TF_CONFIG is already set" in done.stderr


def test_the_help_says_what_happens_to_cores_and_output():
    done = tfft("launch", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("TF_CONFIG", "OMP_NUM_THREADS", "15 seconds", "--verbose"):
        assert word in done.stdout
