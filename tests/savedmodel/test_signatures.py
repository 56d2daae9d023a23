"""The way to call a SavedModel and its variables are read from its file."""

import pytest
import tensorflow as tf

from tests.modules import publish, reader, signed, tf1, tiny
from tfft.core.errors import BackboneError
from tfft.savedmodel.graph_bytes import check_operations
from tfft.savedmodel.proto import Tensor
from tfft.savedmodel.signatures import Variable, answers, contents


def test_the_reusable_interface_is_read_without_loading_anything(tmp_path):
    found = contents(publish(tiny(), tmp_path / "hub"))
    assert found.entry == "__call__"
    assert (found.takes[0].shape, found.takes[0].dtype) == ((16, 16, 3), "float32")
    assert [tensor.shape for tensor in found.gives] == [(8,)]
    assert found.training
    assert not found.named
    assert len(found.variables) == 18 + 1
    assert (found.variables[-1].dtype, found.variables[-1].trains) == (
        "int64",
        False,
    )  # the state of dropout's random numbers
    assert found.variables[0] == Variable(
        "block_0_conv/kernel", (3, 3, 3, 4), "float32", True, (found.gives[0].name,), 0
    )
    assert [v.path for v in found.variables if "moving" in v.path] == [
        f"block_{number}_BN/moving_{kind}" for number in range(3) for kind in ("mean", "variance")
    ]


def test_a_module_without_a_training_argument_is_recognised(tmp_path):
    assert not contents(publish(tiny(), tmp_path, training=False)).training


def test_an_export_of_keras_is_called_by_its_endpoint_and_lists_its_variables(tmp_path):
    tiny().export(tmp_path, verbose=False)
    found = contents(tmp_path)
    assert (found.entry, found.training, found.gives[0].shape) == ("serve", False, (8,))
    assert [variable.path for variable in found.variables][:2] == ["block_0_conv/kernel", "block_0_conv/bias"]


def test_a_plain_signature_has_names_and_no_variables(tmp_path):
    found = contents(signed(tiny(), tmp_path))
    assert (found.entry, found.named, found.variables) == ("serving_default", True, ())
    assert found.takes == (Tensor("images", (16, 16, 3), "float32"),)
    assert found.gives == (Tensor("features", (8,), "float32"),)


def test_a_module_of_tf1_only_has_its_signature(tmp_path):
    found = contents(tf1(tmp_path / "old"))
    assert (found.entry, found.variables, found.gives[0].shape) == ("serving_default", (), (4,))


def test_the_error_for_an_unknown_signature_lists_the_existing_ones(tmp_path):
    with pytest.raises(BackboneError, match=r"no signature 'features'.*'serving_default'"):
        contents(signed(tiny(), tmp_path), "features")


def test_the_error_for_a_folder_without_a_saved_model_lists_its_files(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(BackboneError, match=r"does not contain saved_model\.pb.*'notes\.txt'"):
        contents(tmp_path)


def test_a_damaged_file_is_refused(tmp_path):
    publish(tiny(), tmp_path)
    path = tmp_path / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BackboneError, match=r"cannot be read as a SavedModel.*1,000 bytes"):
        contents(tmp_path)


def test_outputs_that_are_not_floats_are_refused(tmp_path):
    module = tf.Module()
    module.__call__ = tf.function(
        lambda images: tf.cast(images, tf.int32), input_signature=[tf.TensorSpec((None, 4, 4, 3))]
    )
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(BackboneError, match=r"no output of floats.*int32"):
        contents(tmp_path)


def test_a_module_with_only_variables_cannot_be_called(tmp_path):
    module = tf.Module()
    module.kernel = tf.Variable([1.0])
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(BackboneError, match=r"Nothing in .* can be called.*neither __call__ nor a signature"):
        contents(tmp_path)


def test_a_graph_that_reads_files_is_refused_and_one_that_computes_is_not(tmp_path):
    check_operations(publish(tiny(), tmp_path / "fine"))
    module = tf.Module()
    module.__call__ = tf.function(
        lambda images: images + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32),
        input_signature=[tf.TensorSpec((None, 4, 4, 3))],
    )
    tf.saved_model.save(module, str(tmp_path / "spy"))
    with pytest.raises(BackboneError, match=r"contains operations that are not allowed.*'ReadFile'"):
        check_operations(tmp_path / "spy")


def test_the_outputs_of_a_preprocessing_model_are_read_without_loading_it(tmp_path):
    found = answers(reader(tmp_path / "reader", length=12))
    assert {name: (tensor.shape, tensor.dtype) for name, tensor in found.items()} == dict.fromkeys(
        ("input_mask", "input_type_ids", "input_word_ids"), ((12,), "int32")
    )
    assert answers(tf1(tmp_path / "old")) == {}
