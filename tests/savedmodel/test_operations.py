"""A SavedModel from other people is accepted only if it only computes."""

from contextlib import suppress

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.modules import encoder, publish, reader, signed, tf1, tiny
from tfft.savedmodel.operations import refused


def graphs(folder):
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / "saved_model.pb").read_bytes())
    return model.meta_graphs


@pytest.mark.parametrize("make", [lambda f: publish(tiny(), f), lambda f: signed(tiny(), f), tf1, encoder, reader])
def test_published_modules_are_accepted(make, tmp_path):
    assert [refused(graph) for graph in graphs(make(tmp_path / "module"))] == [[]]


def test_exports_of_keras_are_accepted(tmp_path):
    tiny().export(tmp_path, verbose=False)
    assert refused(graphs(tmp_path)[0]) == []


WAYS = {
    "SaveV2": lambda x: tf.raw_ops.SaveV2(prefix="f", tensor_names=["x"], shape_and_slices=[""], tensors=[x]),
    "RestoreV2": lambda x: tf.raw_ops.RestoreV2(
        prefix="f", tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
    ),
    "ReadFile": lambda x: tf.io.read_file("f"),
    "WriteFile": lambda x: tf.io.write_file("f", "x"),
    "MatchingFiles": lambda x: tf.io.matching_files("*"),
    "EagerPyFunc": lambda x: tf.py_function(lambda: 1.0, [], tf.float32),
    "TextLineDataset": lambda x: next(iter(tf.data.TextLineDataset("f"))),
    "TFRecordDatasetV2": lambda x: next(iter(tf.data.TFRecordDataset("f"))),
    "CacheDatasetV2": lambda x: next(iter(tf.data.Dataset.range(2).cache("f"))),
    "SummaryWriter": lambda x: tf.summary.create_file_writer("f").init(),
    "DebugIdentityV2": lambda x: tf.raw_ops.DebugIdentityV2(input=x, debug_urls=["file://f"]),
    "DebugIdentity": lambda x: tf.raw_ops.DebugIdentity(input=x, debug_urls=["file://f"]),
    "PrintV2": lambda x: tf.print(x),
}


@pytest.mark.parametrize("name", WAYS)
def test_every_group_of_operations_that_does_more_is_refused(name):
    graph = tf.Graph()
    with (
        graph.as_default(),
        suppress(RuntimeError),
    ):  # iterating over a dataset in a graph: its operations are already in the graph
        WAYS[name](tf.constant([1.0]))
    held = saved_model_pb2.SavedModel().meta_graphs.add()
    held.graph_def.CopyFrom(graph.as_graph_def())
    if not refused(held):  # datasets are created inside functions
        function = tf.function(lambda: WAYS[name](tf.constant([1.0])) and None)
        held.graph_def.CopyFrom(function.get_concrete_function().graph.as_graph_def())
    assert refused(held)


def test_functions_that_save_are_allowed_unless_others_call_them(tmp_path):
    held = graphs(publish(tiny(), tmp_path))[0]
    saver = next(f.signature.name for f in held.graph_def.library.function if "traced_save" in f.signature.name)
    assert refused(held) == []
    other = next(f for f in held.graph_def.library.function if "traced" not in f.signature.name)
    node = other.node_def.add()
    node.name, node.op = "sly", "PartitionedCall"
    node.attr["f"].func.name = saver
    assert refused(held) == ["a call of __inference__traced_save"]


def test_assets_must_be_files_of_the_module(tmp_path):
    held = graphs(publish(tiny(), tmp_path))[0]
    held.asset_file_def.add().filename = "vocabulary.txt"
    assert refused(held) == []
    held.asset_file_def.add().filename = "../../secret.txt"
    assert refused(held) == ["the file '../../secret.txt'"]
