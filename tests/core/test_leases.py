"""A folder is in use as long as the object that reads it and its process exist."""

import os
import socket
import subprocess
import sys
import time

import numpy as np

from tfft.cache.store import Store
from tfft.core.leases import is_leased, lease


class Holder:
    """An object that uses a folder."""


def test_a_folder_is_leased_until_the_last_holder_is_deleted(tmp_path):
    one, two = Holder(), Holder()
    lease(tmp_path, one)
    lease(tmp_path, two)
    del one
    assert is_leased(tmp_path)
    del two
    assert not is_leased(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_a_lease_does_not_change_the_time_of_the_folder(tmp_path):
    holder = Holder()
    end = lease(tmp_path, holder)
    os.utime(tmp_path, (1000, 1000))
    end()
    end()
    assert tmp_path.stat().st_mtime == 1000
    assert not is_leased(tmp_path)


def test_the_lease_of_a_dead_process_is_ignored_and_deleted(tmp_path):
    code = (
        "import os; from pathlib import Path; from tfft.core.leases import lease\n"
        f"lease(Path({str(tmp_path)!r}), lease); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(list(tmp_path.iterdir())) == 1
    assert not is_leased(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_a_child_process_does_not_end_the_lease_of_its_parent(tmp_path):
    code = (
        f"import os; from pathlib import Path; from tfft.core.leases import is_leased, lease; holder = type('H', (), {{}})()\n"
        f"lease(Path({str(tmp_path)!r}), holder)\n"
        "if os.fork() == 0: raise SystemExit\n"
        f"os.wait(); assert is_leased(Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_lease_of_another_machine_counts_for_a_day(tmp_path):
    path = tmp_path / f".lease-{socket.gethostname()}x-1-0"
    path.touch()
    assert is_leased(tmp_path)
    os.utime(path, (time.time() - 90_000,) * 2)
    assert not is_leased(tmp_path)


def test_other_hidden_files_and_missing_folders_are_not_leases(tmp_path):
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
