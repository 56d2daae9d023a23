"""The file of a SavedModel is read."""

import pytest
import tensorflow as tf

from tests.modules import encoder, publish, tiny
from tfft.core.errors import BackboneError
from tfft.savedmodel.proto import DEEPER, FILE, field_of, graphs, leaves, tensor_of


def concrete(folder):
    objects = graphs(folder)[0].object_graph_def
    child = next(child for child in objects.nodes[0].children if child.local_name == "__call__")
    function = objects.nodes[child.node_id].function
    return function, objects.concrete_functions[function.concrete_functions[0]]


def test_arguments_are_read_from_a_named_tuple(tmp_path):
    function, _ = concrete(publish(tiny(), tmp_path))
    names = field_of(function.function_spec.fullargspec, "args").list_value.values
    assert [name.string_value for name in names] == ["inputs", "training"]


@pytest.mark.slow
def test_tensors_of_a_dict_are_sorted_by_name(tmp_path):
    _, found = concrete(encoder(tmp_path))
    assert [tensor.name for tensor in leaves(found.output_signature)] == ["pooled_output", "sequence_output"]


def test_nested_tensors_are_listed_with_a_mark_in_their_names(tmp_path):
    module = tf.Module()
    module.__call__ = tf.function(
        lambda x: {"all": [x, x + 1], "last": x}, input_signature=[tf.TensorSpec((None, 3), name="x")]
    )
    tf.saved_model.save(module, str(tmp_path))
    names = [tensor.name for tensor in leaves(concrete(tmp_path)[1].output_signature)]
    assert names == [f"all{DEEPER}0", f"all{DEEPER}1", "last"]


def test_shapes_are_without_the_batch_axis():
    shape = tf.TensorShape((None, None, 3)).as_proto()
    assert tensor_of("x", shape, tf.float32.as_datatype_enum).shape == (None, 3)


def test_a_folder_without_the_file_raises_an_error(tmp_path):
    with pytest.raises(BackboneError, match=f"it does not contain {FILE}"):
        graphs(tmp_path)
