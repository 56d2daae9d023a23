"""Start Python programs in processes that have imported TensorFlow and KerasHub already, which takes 5 seconds of a core.

Each process is a fork of one that imported these packages and did nothing else. It has its own arguments, environment, folder,
session and standard streams, runs the program as ``__main__``, and is a child of the tests: signals, exit codes and time limits
are those of any other process. Tests of imports and of what TensorFlow says when it starts need ``subprocess`` itself.
"""

import atexit
import ctypes
import functools
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of Linux


def start(
    code: str,
    *words: str,
    stdout: int | None = None,
    stderr: int | None = None,
    env: Mapping[str, str] | None = None,
    start_new_session: bool = False,
) -> "subprocess.Popen[str]":
    """Start ``python -c code words`` with these options of ``subprocess.Popen``; pipes carry text."""
    kind = _Forked if sys.platform == "linux" else subprocess.Popen
    command = [sys.executable, "-c", code, *words]
    return kind(command, stdout=stdout, stderr=stderr, env=env, start_new_session=start_new_session, text=True)


def run(
    code: str, *words: str, timeout: float, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run ``python -c code words`` to its end, and return its output."""
    pipe = subprocess.PIPE
    with start(code, *words, stdout=pipe, stderr=pipe, env=env) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class _Forked(subprocess.Popen):  # type: ignore[type-arg]
    """A ``Popen`` whose process is a fork."""

    def _execute_child(self, *given: Any) -> None:
        asked = inspect.signature(subprocess.Popen._execute_child).bind(self, *given).arguments  # type: ignore[attr-defined]
        streams = [asked[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        environment = os.environ if asked["env"] is None else asked["env"]
        message = json.dumps(
            {
                "words": asked["args"][2:],
                "environment": dict(environment),
                "folder": str(Path.cwd()),
                "session": asked["start_new_session"],
            }
        ).encode()
        parent = _parent()
        try:
            # without it, the process is no child of the tests, and ``Popen`` takes every exit code for 0
            _adopt_orphans(True)
            own = [number if stream == -1 else stream for number, stream in enumerate(streams)]
            socket.send_fds(parent, [len(message).to_bytes(8, "little")], own)
            parent.sendall(message)
            self.pid = int.from_bytes(_received(parent, 8), "little")
        finally:
            _adopt_orphans(False)
            self._close_pipe_fds(  # type: ignore[attr-defined]
                *(asked[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"))
            )
        self._child_created = True


def _adopt_orphans(wanted: bool) -> None:
    """Become the parent of descendants whose parent ends, or no longer."""
    if ctypes.CDLL(None, use_errno=True).prctl(_ADOPT_ORPHANS, int(wanted), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER) failed")


@functools.cache
def _parent() -> socket.socket:
    """Start the process that is forked; it ends when this one does."""
    ours, theirs = socket.socketpair()
    with theirs:
        # -P: a module of the tests must not be imported in place of one of a package
        command = [sys.executable, "-P", __file__, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL)
    atexit.register(lambda: (ours.close(), process.wait()))
    return ours


def _received(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise EOFError("the process at the other end of the connection has ended")
        found += part
    return found


def _forked(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request. Only the forks return, each with its request."""
    while True:
        size, streams, *_ = socket.recv_fds(connection, 8, 3)
        if not size:  # the tests have ended
            os._exit(0)
        asked = json.loads(_received(connection, int.from_bytes(size, "little")))
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:
            own = os.fork()
            if own == 0:
                break
            os.write(writing, own.to_bytes(8, "little"))
            os._exit(0)
        found = os.read(reading, 8)
        os.waitpid(between, 0)  # now its child is a child of the tests
        for each in (reading, writing, *streams):
            os.close(each)
        connection.sendall(found)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 256)
    return asked


def _become(asked: dict[str, Any]) -> str:
    """Take over what a program of its own would have been started with, and return its code."""
    import numpy as np

    if asked["session"]:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    code, *words = asked["words"]
    sys.argv = ["-c", *words]
    sys.path[:0] = ["", *filter(None, asked["environment"].get("PYTHONPATH", "").split(os.pathsep))]
    np.random.seed()
    return code


if __name__ == "__main__":
    import keras_hub  # noqa: F401
    import tensorflow  # noqa: F401

    program = compile(_become(_forked(socket.socket(fileno=int(sys.argv[1])))), "<string>", "exec")
    sys.modules["__main__"] = types.ModuleType("__main__")
    exec(program, vars(sys.modules["__main__"]))
