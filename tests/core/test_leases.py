"""A folder is in use as long as the object that reads it lives, and its process."""

import os
import socket
import subprocess
import sys
import time

import numpy as np

from tfft.cache.store import Store
from tfft.core.leases import is_leased, lease


class Holder:
    """Something that reads."""


def test_a_lease_ends_with_its_last_holder(tmp_path):
    one, two = Holder(), Holder()
    lease(tmp_path, one)
    lease(tmp_path, two)
    del one
    assert is_leased(tmp_path)
    del two
    assert not is_leased(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_a_lease_is_no_use_of_the_folder(tmp_path):
    holder = Holder()
    end = lease(tmp_path, holder)
    os.utime(tmp_path, (1000, 1000))
    end()
    end()
    assert tmp_path.stat().st_mtime == 1000
    assert not is_leased(tmp_path)


def test_what_a_dead_process_left_counts_for_nothing_and_is_removed(tmp_path):
    code = (
        "import os; from pathlib import Path; from tfft.core.leases import lease\n"
        f"lease(Path({str(tmp_path)!r}), lease); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(list(tmp_path.iterdir())) == 1
    assert not is_leased(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_ends_does_not_end_its_parents_lease(tmp_path):
    code = (
        f"import os; from pathlib import Path; from tfft.core.leases import is_leased, lease; holder = type('H', (), {{}})()\n"
        f"lease(Path({str(tmp_path)!r}), holder)\n"
        "if os.fork() == 0: raise SystemExit\n"
        f"os.wait(); assert is_leased(Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_machine_is_believed_for_a_day(tmp_path):
    path = tmp_path / f".lease-{socket.gethostname()}x-1-0"
    path.touch()
    assert is_leased(tmp_path)
    os.utime(path, (time.time() - 90_000,) * 2)
    assert not is_leased(tmp_path)


def test_other_hidden_files_and_folders_that_are_not_there_are_no_leases(tmp_path):
    (tmp_path / ".lease-").touch()
    assert not is_leased(tmp_path)
    assert not is_leased(tmp_path / "nowhere")
    lease(tmp_path / "nowhere", Holder())
    assert not (tmp_path / "nowhere").exists()


def test_a_store_deletes_the_leases_of_dead_processes_when_it_opens_a_table(tmp_path):
    store = Store(tmp_path, 10**6)
    table = store.table({"net": "toy"}, 3, np.dtype("<f4"))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    stale = table.folder / f".lease-{socket.gethostname()}-{dead.pid}-0"
    stale.touch()
    again = store.table({"net": "toy"}, 3, np.dtype("<f4"))
    assert not stale.exists()
    assert len(list(again.folder.glob(".lease-*"))) == 2
