"""Start Python programs in processes that have imported TensorFlow and Keras already, which takes 5 seconds of a core.

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
from pathlib import Path
from typing import Any

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of Linux


def start(code: str, *words: str, **options: Any) -> "subprocess.Popen[str]":
    """Start ``python -c code words`` with options of ``subprocess.Popen``."""
    command = [sys.executable, "-c", code, *words]
    return (_Forked if sys.platform == "linux" else subprocess.Popen)(command, **options)


def run(
    code: str, *words: str, timeout: float, env: dict[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run ``python -c code words`` to its end, and return its output."""
    pipe = subprocess.PIPE
    with start(code, *words, stdout=pipe, stderr=pipe, text=True, env=env, cwd=cwd) as process:
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
                "folder": str(asked["cwd"] or Path.cwd()),
                "session": asked["start_new_session"],
            }
        ).encode()
        parent = _parent()
        adopt = ctypes.CDLL(None, use_errno=True).prctl
        adopt(_ADOPT_ORPHANS, 1)
        try:
            own = [number if stream == -1 else stream for number, stream in enumerate(streams)]
            socket.send_fds(parent, [len(message).to_bytes(8, "little")], own)
            parent.sendall(message)
            self.pid = int.from_bytes(_received(parent, 8), "little")
        finally:
            adopt(_ADOPT_ORPHANS, 0)
            self._close_pipe_fds(  # type: ignore[attr-defined]
                *(asked[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"))
            )
        self._child_created = True


@functools.cache
def _parent() -> socket.socket:
    """Start the process that is forked; it ends when this one does."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL)
    atexit.register(lambda: (ours.close(), process.wait()))
    return ours


def _received(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        found += connection.recv(count - len(found)) or _gone()
    return found


def _gone() -> bytes:
    raise EOFError("the other process has ended")


def _forked(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request. Only the forks return, each with its request."""
    while True:
        try:
            size, streams, *_ = socket.recv_fds(connection, 8, 3)
            asked = json.loads(_received(connection, int.from_bytes(size or _gone(), "little")))
        except EOFError:
            os._exit(0)
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
    sys.path[0:1] = ["", *filter(None, asked["environment"].get("PYTHONPATH", "").split(os.pathsep))]
    np.random.seed()
    return code


if __name__ == "__main__":
    import tensorflow  # noqa: F401

    program = compile(_become(_forked(socket.socket(fileno=int(sys.argv[1])))), "<string>", "exec")
    sys.modules["__main__"] = types.ModuleType("__main__")
    exec(program, vars(sys.modules["__main__"]))
