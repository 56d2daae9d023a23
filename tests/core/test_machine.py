"""Facts about the machine are read from the system, without creating files."""

import json
import os
from pathlib import Path

import pytest

from tfft.core import machine


def test_cores_are_the_cores_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert machine.cores() == 3


@pytest.mark.parametrize(("counted", "expected"), [(8, 8), (None, 1)])
def test_without_an_affinity_call_all_cores_count(monkeypatch, counted, expected):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert machine.cores() == expected


def test_the_cache_folder_is_set_by_the_environment_and_is_not_created(monkeypatch, tmp_path):
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path / "cache"))
    assert machine.cache_folder() == tmp_path / "cache"
    assert machine.trials_file() == tmp_path / "cache" / "precision.json"
    assert not machine.cache_folder().exists()


def test_an_empty_variable_means_the_default_folder_of_the_platform(monkeypatch):
    monkeypatch.setenv("TFFT_CACHE_DIR", "")
    assert machine.cache_folder().name == "tfft"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor : 0\nflags\t\t: sse amx_bf16 avx2\n", ("avx2", "amx_bf16")),
        ("Features : asimd asimdhp bf16", ("asimd", "bf16", "asimdhp")),
        ("Features : fp asimd", ("asimd",)),
        ("", ()),
    ],
)
def test_instruction_sets_are_read_from_the_kernel(monkeypatch, text, expected):
    monkeypatch.setattr(Path, "read_text", lambda self: text)
    assert machine.instruction_sets() == expected


def test_an_unknown_platform_has_no_instruction_sets(monkeypatch):
    def fail(self):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", fail)
    assert machine.instruction_sets() == ()


def test_memory_is_the_memory_of_the_machine_or_unknown(monkeypatch):
    assert machine.memory_bytes() > 2**20
    monkeypatch.delattr(os, "sysconf")
    assert machine.memory_bytes() is None


def test_memory_is_the_limit_of_the_container_if_it_is_smaller(monkeypatch, tmp_path):
    whole = machine.memory_bytes()
    for name, text in (("less", "1048576\n"), ("more", f"{2**62}\n"), ("none", "max\n")):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(machine, "_MEMORY_LIMITS", (tmp_path / name, tmp_path / "gone"))
        assert machine.memory_bytes() == (2**20 if name == "less" else whole)


def test_hardware_contains_accelerators_and_is_json(monkeypatch):
    import tensorflow as tf

    assert machine.hardware()["accelerators"] == []
    gpu = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda: [gpu])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: {"device_name": "Some GPU"})
    assert "Some GPU" in json.dumps(machine.hardware())


@pytest.mark.parametrize(
    ("flags", "accelerators", "may"),
    [
        (["avx2", "fma"], [], False),
        (["avx2", "avx512f", "avx512_vnni"], [], False),
        (["avx2", "avx512f", "avx512_bf16"], [], True),
        (["asimd"], [], False),
        (["asimd", "bf16"], [], True),
        (["avx2"], ["Some GPU"], True),
        ([], [], True),
    ],
)
def test_half_precision_needs_instructions_or_an_accelerator(monkeypatch, flags, accelerators, may):
    monkeypatch.setattr(machine, "hardware", lambda: {"instruction_sets": flags, "accelerators": accelerators})
    assert machine.may_gain_from_half_precision() is may


def test_releasing_memory_works_on_every_platform():
    machine.release_memory()


def test_the_speed_is_that_of_a_product_of_matrices_and_is_measured_once(monkeypatch):
    import tensorflow as tf

    machine.multiplications_a_second.cache_clear()
    clock = iter([0.0, 1.0, 1.0, 1.5, 2.0, 4.0])  # three products of 1, 0.5 and 2 seconds
    monkeypatch.setattr("tfft.core.machine.time.perf_counter", lambda: next(clock))
    shapes = []
    product = tf.matmul
    monkeypatch.setattr(tf, "matmul", lambda one, other: shapes.append((one.shape, other.shape)) or product(one, other))
    try:
        assert [machine.multiplications_a_second() for _ in range(2)] == [1024**3 / 0.5] * 2
        assert shapes == [((1024, 1024), (1024, 1024))] * 4
    finally:
        machine.multiplications_a_second.cache_clear()
