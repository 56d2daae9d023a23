"""Operations that save are removed; operations that the loader runs to restore are kept."""

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.modules import publish, tf1, tiny
from tfft.savedmodel.operations import cleaned
from tfft.savedmodel.saver import SAVING


def read(folder):
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / "saved_model.pb").read_bytes())
    return model


@pytest.fixture
def old(tmp_path):
    return tf1(tmp_path / "old")


def operations(graph):
    found = {node.op for node in graph.graph_def.node}
    return found | {node.op for function in graph.graph_def.library.function for node in function.node_def}


def test_a_tf2_module_loads_without_any_operation_that_saves(tmp_path):
    model = read(publish(tiny(), tmp_path))
    before = tf.saved_model.load(str(tmp_path))(tf.ones((1, 16, 16, 3)))
    assert operations(model.meta_graphs[0]) & SAVING == {"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"}
    assert cleaned(model.meta_graphs[0]) == []
    assert operations(model.meta_graphs[0]) & SAVING == set()
    (tmp_path / "saved_model.pb").write_bytes(model.SerializeToString())
    assert tf.reduce_all(tf.saved_model.load(str(tmp_path))(tf.ones((1, 16, 16, 3))) == before)


def test_a_tf1_module_keeps_the_operations_that_the_loader_runs_and_loads(old):
    model = read(old)
    before = tf.saved_model.load(str(old)).signatures["serving_default"](images=tf.ones((1, 16, 16, 3)))
    assert cleaned(model.meta_graphs[0]) == []
    assert operations(model.meta_graphs[0]) & SAVING == {"RestoreV2"}
    (old / "saved_model.pb").write_bytes(model.SerializeToString())
    after = tf.saved_model.load(str(old)).signatures["serving_default"](images=tf.ones((1, 16, 16, 3)))
    assert tf.reduce_all(after["default"] == before["default"])


def test_restoring_from_another_file_is_refused(old):
    graph = read(old).meta_graphs[0]
    graph.graph_def.node.add(name="save/elsewhere", op="Const")
    restore = next(node for node in graph.graph_def.node if node.op == "RestoreV2")
    restore.input[0] = "save/elsewhere"
    assert cleaned(graph) == ["a saver that restores from another file"]


@pytest.mark.parametrize("operation", ["RestoreV2", "SaveV2"])
def test_a_signature_that_needs_the_saver_is_refused(operation, old):
    graph = read(old).meta_graphs[0]
    saver = next(node for node in graph.graph_def.node if node.op == operation)
    output = graph.signature_def["serving_default"].outputs["default"].name.partition(":")[0]
    next(node for node in graph.graph_def.node if node.name == output).input.append(f"^{saver.name}")
    assert cleaned(graph) == [f"{output} that needs an operation that saves or restores"]


@pytest.mark.parametrize("key", ["saved_model_main_op", "legacy_init_op", "saved_model_train_op"])
def test_operations_that_run_when_a_module_is_loaded_cannot_be_savers(key, old):
    graph = read(old).meta_graphs[0]
    saver = next(node.name for node in graph.graph_def.node if node.op == "SaveV2")
    graph.collection_def[key].node_list.value.append(saver)
    assert cleaned(graph) == [f"{saver} that needs an operation that saves or restores"]
