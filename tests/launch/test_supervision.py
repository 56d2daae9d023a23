"""Workers start together and end together, whatever happens to one of them or to the launcher. Nothing of them remains."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfft.core.errors import ClusterError
from tfft.launch.supervision import Graces, run_workers

ROOT = Path(__file__).parents[2]
SHORT = Graces(failed_seconds=0.3, ended_seconds=0.3, stopped_seconds=20)
# INDEX is the number of the worker
NUMBERED = 'INDEX=$(echo "$TF_CONFIG" | sed \'s/.*"index": //; s/}.*//\'); '
LAUNCHER = """
import os, sys
from tfft.launch.supervision import Graces, run_workers
say = lambda text, wrong=False, color=None: print(text, file=sys.stderr, flush=True)
sys.exit(run_workers(sys.argv[2:], 2, os.environ, say, graces=Graces(*map(float, sys.argv[1].split(",")))))
"""
SAVING = """
import os, pathlib, signal, sys, time
def save(number, frame):
    time.sleep(0.3)
    pathlib.Path(f"saved-{os.getpid()}").write_text(str(number))
    sys.exit(number)
signal.signal(signal.SIGTERM, save)
signal.signal(signal.SIGINT, save)
pathlib.Path(f"ready-{os.getpid()}").touch()
time.sleep(60)
"""
STUBBORN = """
import os, pathlib, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
pathlib.Path(f"ready-{os.getpid()}").touch()
time.sleep(60)
"""


def run(script, count=2, graces=SHORT, verbose=False):
    """Run a shell script in workers; return the exit code and the lines that the launcher showed."""
    said = []
    code = run_workers(
        ["sh", "-c", NUMBERED + script], count, os.environ, lambda text, **_: said.append(str(text)), verbose, graces
    )
    return code, said


def marks(folder, kind):
    """The ids of the processes that left a file ``<kind>-<id>``."""
    return sorted(int(path.name.partition("-")[2]) for path in folder.glob(f"{kind}-*"))


def is_running(number):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(done, seconds=20):
    """Wait until a function returns something true."""
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


@pytest.fixture
def launched(tmp_path):
    """Start a launcher as a process of its own, and wait until its workers are ready."""
    running = []

    def begin(*command, graces="0.3,0.3,20", workers=2):
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, graces, *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            # a handler that this process ignores would stay ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        running.append(process)
        until(lambda: len(marks(tmp_path, "ready")) == workers)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate(timeout=20)
    until(lambda: not any(map(is_running, marks(tmp_path, "ready"))))


def test_every_worker_gets_its_tf_config_and_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MINE", "kept")
    code, said = run(f'echo "$MINE$TF_CONFIG" > {tmp_path}/$INDEX', count=3)
    assert (code, said) == (0, [])
    found = [json.loads((tmp_path / str(index)).read_text().removeprefix("kept")) for index in range(3)]
    assert [config["task"] for config in found] == [{"type": "worker", "index": index} for index in range(3)]
    assert found[0]["cluster"] == found[1]["cluster"] == found[2]["cluster"]
    assert len(set(found[0]["cluster"]["worker"])) == 3


def test_the_chief_is_shown_as_it_is_and_the_others_are_not_shown_twice(capfd):
    assert run("echo epoch 1; echo note >&2") == (0, [])
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("epoch 1\n", "note\n")


def test_all_lines_are_shown_when_asked_for_with_the_number_of_the_worker(capfd):
    assert run("echo epoch 1; printf 'no end' >&2", verbose=True) == (0, ["[worker 1] epoch 1", "[worker 1] no end"])
    assert capfd.readouterr().out == "epoch 1\n"


def test_the_last_lines_and_the_exit_code_of_a_failed_worker_are_shown(capfd):
    code, said = run("[ $INDEX = 0 ] && exec sleep 60; seq 100; echo broken >&2; exit 3")
    assert code == 3
    assert said[:40] == [f"[worker 1] {line}" for line in [*range(62, 101), "broken"]]
    assert said[40:] == [
        "Worker 1 failed with exit code 3. The other workers get 0.3 seconds to end.",
        "Sending SIGTERM to the workers that still run: worker 0.",
    ]
    assert capfd.readouterr().out == ""


def test_a_worker_that_fails_as_a_consequence_is_shown_but_does_not_set_the_exit_code():
    graces = Graces(failed_seconds=20)
    code, said = run("[ $INDEX = 0 ] && exit 5; sleep 0.3; echo lost the chief; exit 6", graces=graces)
    assert code == 5
    assert said == [
        "Worker 0 failed with exit code 5. The other workers get 20 seconds to end.",
        "[worker 1] lost the chief",
        "Worker 1 failed with exit code 6.",
    ]


@pytest.mark.parametrize(
    ("number", "words"), [(9, "SIGKILL, often because memory ran out"), (11, "SIGSEGV"), (40, "40")]
)
def test_a_failure_by_a_signal_is_named_and_becomes_128_plus_its_number(number, words):
    code, said = run(f"ulimit -c 0; sleep 0.3; kill -{number} $$", count=1)
    assert (code, said) == (128 + number, [f"Worker 0 failed with signal {words}."])


def test_others_may_save_in_the_time_after_a_failure(tmp_path):
    script = f"[ $INDEX = 1 ] && exit 3; sleep 0.4; touch {tmp_path}/saved"
    code, said = run(script, graces=Graces(failed_seconds=20))
    assert (code, len(said), (tmp_path / "saved").exists()) == (3, 1, True)


def test_a_worker_that_ignores_sigterm_is_killed():
    begin = time.monotonic()
    code, said = run("[ $INDEX = 1 ] && exit 3; trap '' TERM; sleep 60; sleep 60")
    assert code == 3
    assert said[1:] == [
        "Sending SIGTERM to the workers that still run: worker 0.",
        "Killing the workers that still run: worker 0.",
    ]
    assert 0.6 < time.monotonic() - begin < 20


def test_children_that_a_worker_leaves_behind_are_killed(tmp_path):
    assert run(f"sleep 60 & echo $! > {tmp_path}/$INDEX") == (0, [])
    children = [int((tmp_path / str(index)).read_text()) for index in range(2)]
    until(lambda: not any(map(is_running, children)))


@pytest.mark.parametrize(("number", "arrives"), [("SIGTERM", "15"), ("SIGINT", "2"), ("SIGHUP", "15")])
def test_a_signal_to_the_launcher_reaches_all_workers_which_may_save(launched, tmp_path, number, arrives):
    process = launched(sys.executable, "-c", SAVING)
    process.send_signal(signal.Signals[number])
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.Signals[number]
    assert said == "Stopping: the workers get 20 seconds to save. Ctrl-C once more kills them at once.\n"
    assert marks(tmp_path, "saved") == marks(tmp_path, "ready")
    assert {path.read_text() for path in tmp_path.glob("saved-*")} == {arrives}


def test_a_worker_behind_a_shell_may_save_as_well(launched, tmp_path):
    process = launched("sh", "-c", f"'{sys.executable}' -c '{SAVING}'; exit 3")  # the shell ends at once
    process.terminate()
    process.communicate(timeout=20)
    assert marks(tmp_path, "saved") == marks(tmp_path, "ready")


def test_workers_that_do_not_stop_are_killed_after_the_grace_time(launched, tmp_path):
    process = launched(sys.executable, "-c", STUBBORN, graces="0.3,0.3,0.5")
    process.terminate()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 143
    assert said.splitlines()[1:] == ["Killing the workers that still run: worker 0 and worker 1."]
    assert not any(map(is_running, marks(tmp_path, "ready")))


def test_a_second_ctrl_c_kills_at_once_and_one_that_is_repeated_by_a_program_does_not(launched, tmp_path):
    process = launched(sys.executable, "-c", STUBBORN)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    time.sleep(1.2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert not any(map(is_running, marks(tmp_path, "ready")))


@pytest.mark.parametrize("program", ["python", "shell", "timeout"])
def test_no_orphan_remains_of_a_launcher_that_was_killed(launched, tmp_path, program):
    around = {"python": [], "shell": ["sh", "-c", '"$@"; exit 3', "sh"], "timeout": ["timeout", "60"]}[program]
    process = launched(*around, sys.executable, "-c", STUBBORN)
    ready = marks(tmp_path, "ready")
    assert all(map(is_running, ready))
    process.kill()
    until(lambda: not any(map(is_running, ready)), seconds=10)


def test_workers_save_when_the_launcher_is_killed(launched, tmp_path):
    process = launched(sys.executable, "-c", SAVING, graces="1,20,20")
    process.kill()
    until(lambda: marks(tmp_path, "saved") == marks(tmp_path, "ready"))


def test_no_orphan_remains_of_a_launcher_that_was_killed_together_with_its_process_group(tmp_path):
    script = [sys.executable, "-c", LAUNCHER, "0.3,0.3,20", sys.executable, "-c", STUBBORN]
    process = subprocess.Popen(script, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True)
    until(lambda: len(marks(tmp_path, "ready")) == 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    until(lambda: not any(map(is_running, marks(tmp_path, "ready"))), seconds=10)


def test_output_that_nobody_reads_does_not_keep_workers_running(launched, tmp_path):
    process = launched(sys.executable, "-c", SAVING)
    process.stderr.close()
    process.stderr = None
    process.terminate()
    assert process.wait(20) == 143
    assert marks(tmp_path, "saved") == marks(tmp_path, "ready")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ([], r"command of the workers is missing\. Write it after --"),
        (["no-such-program"], r"'no-such-program' does not exist\. Write a program"),
        (["./train.py"], r"'./train.py' is not executable\. Write `-- python ./train.py`"),
        (["./broken"], r"cannot start the command\. Got: Exec format error"),
    ],
)
def test_a_command_that_cannot_run_is_refused(tmp_path, monkeypatch, command, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    (tmp_path / "broken").write_bytes(b"\0\0")
    (tmp_path / "broken").chmod(0o755)
    with pytest.raises(ClusterError, match=message):
        run_workers(command, 2, os.environ, lambda *_, **__: None)
