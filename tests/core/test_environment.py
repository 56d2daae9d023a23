"""The description of the environment lists everything that results depend on."""

import json
import os
import subprocess
import sys
import time

import keras
import pytest
import tensorflow as tf

from tfft.core import environment
from tfft.core.errors import TfftError
from tfft.core.fingerprint import fingerprint


@pytest.fixture
def package(tmp_path):
    """A package of two files."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.py").write_text("one = 1\n")
    (tmp_path / "inner" / "b.py").write_text("two = 2\n")
    return tmp_path


def found(package):
    environment.sources.cache_clear()
    for path in package.rglob("*.py"):
        if path.stat().st_mtime < time.time():
            os.utime(path, (0, 0))
    return environment.sources(package)


@pytest.fixture(autouse=True)
def _fresh():
    yield
    environment.sources.cache_clear()


def test_a_changed_renamed_or_added_file_of_the_package_changes_the_hash(package):
    hashes = [found(package), found(package)]
    assert hashes.pop() == hashes[0]
    (package / "a.py").write_text("one = 2\n")
    hashes.append(found(package))
    (package / "a.py").rename(package / "c.py")
    hashes.append(found(package))
    (package / "d.py").write_text("")
    hashes.append(found(package))
    (package / "notes.txt").write_text("x")
    assert found(package) == hashes[-1]
    assert len(set(hashes)) == 4


def test_code_that_was_edited_after_the_import_raises_an_error(package):
    later = time.time() + 60
    os.utime(package / "a.py", (later, later))
    with pytest.raises(TfftError, match="edited after this process started"):
        found(package)


def test_a_package_without_sources_raises_an_error(tmp_path):
    with pytest.raises(TfftError, match="source code of tfft is missing"):
        found(tmp_path)


def test_the_description_is_json_and_does_not_change_between_calls():
    assert fingerprint(environment.computing()) == fingerprint(environment.computing())
    assert {"versions", "codecs", "sources"} == set(environment.decoding())
    assert json.loads(json.dumps(environment.computing()))["threads"] >= 1


@pytest.mark.parametrize(
    ("name", "value", "counts"),
    [
        ("TF_ENABLE_ONEDNN_OPTS", "1", True),
        ("XLA_FLAGS", "--xla_cpu_enable_fast_math=true", True),
        ("NVIDIA_TF32_OVERRIDE", "0", True),
        ("TF_DETERMINISTIC_OPS", "1", True),
        ("ONEDNN_MAX_CPU_ISA", "AVX2", True),
        ("TF_CPP_MIN_LOG_LEVEL", "3", False),
        ("TF_TOKEN_app_terraform_io", "secret of another program", False),
        ("HOME", "/elsewhere", False),
    ],
)
def test_only_environment_variables_that_are_switches_are_included(monkeypatch, name, value, counts):
    monkeypatch.delenv(name, raising=False)
    before = environment.computing()
    monkeypatch.setenv(name, value)
    after = environment.computing()
    assert (before != after) == counts
    assert "secret" not in json.dumps(after)


def test_switches_of_tensorflow_and_keras_are_included():
    before = environment.computing()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        assert environment.computing() != before
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(True)
    keras.config.set_epsilon(1e-5)
    try:
        assert environment.computing() != before
    finally:
        keras.config.set_epsilon(1e-7)
    assert environment.computing() == before


@pytest.mark.slow
def test_the_onednn_entry_is_the_setting_in_effect_and_not_a_later_variable():
    code = (
        "import os, tensorflow as tf; tf.constant(1) + 1; from tfft.core.environment import computing;"
        "first = computing()['onednn']; os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'; print(first, computing()['onednn'])"
    )
    for switch, expected in (("0", "False False"), ("1", "True True")):
        environ = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": switch}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
        assert done.stdout.strip() == expected
