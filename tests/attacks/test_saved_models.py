"""SavedModels that try to do more than compute when they are loaded, called or trained."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

import tfft
from tests.modules import publish, tf1, tiny
from tfft.core.errors import BackboneError
from tfft.savedmodel.graph_bytes import extracted, packed

PIXELS = tf.TensorSpec((None, 16, 16, 3), tf.float32, name="images")


def made(folder: Path, effect: Callable[[Any], Any]) -> Path:
    """A module of TF2 whose call has an effect, in a separate function."""
    module = tf.__internal__.tracking.AutoTrackable()
    module.kernel = tf.Variable(tf.ones((3, 4)), name="kernel")
    module.variables = module.trainable_variables = [module.kernel]
    inner = tf.function(effect, input_signature=[PIXELS], autograph=False)

    def call(images: Any) -> Any:
        found = inner(images)
        with tf.control_dependencies([tf.identity(found)]):
            return tf.matmul(tf.reduce_mean(images, axis=[1, 2]), module.kernel)

    module.__call__ = tf.function(call, input_signature=[PIXELS])
    tf.saved_model.save(module, str(folder))
    return folder


def edited(folder: Path, change: Callable[[Any], None]) -> Path:
    """The same module with another ``saved_model.pb``."""
    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    change(model.meta_graphs[0])
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


def writes(outside: Path) -> Any:
    with tf.control_dependencies([tf.raw_ops.WriteFile(filename=str(outside / "new.txt"), contents="evil")]):
        return tf.constant(1.0)


def saves(outside: Path) -> Any:
    prefix = str(outside / "new")
    operation = tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.constant(1.0)])
    with tf.control_dependencies([operation]):
        return tf.constant(1.0)


def read_of(outside: Path) -> str:
    return str(outside / "secret.txt")


EFFECTS = {
    "WriteFile": lambda images, outside: writes(outside),
    "SaveV2": lambda images, outside: saves(outside),
    "RestoreV2": lambda images, outside: tf.raw_ops.RestoreV2(
        prefix=str(outside), tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
    )[0],
    "ReadFile": lambda images, outside: tf.strings.length(tf.io.read_file(read_of(outside))),
    "MatchingFiles": lambda images, outside: tf.size(tf.io.matching_files(f"{outside}/*")),
    "ImmutableConst": lambda images, outside: tf.raw_ops.ImmutableConst(
        dtype=tf.float32, shape=[1], memory_region_name=read_of(outside)
    ),
    "Abort": lambda images, outside: [tf.raw_ops.Abort(error_msg="", exit_without_error=True), images][1],
    "GenerateVocabRemapping": lambda images, outside: (
        tf.raw_ops.GenerateVocabRemapping(
            new_vocab_file=read_of(outside), old_vocab_file=read_of(outside), new_vocab_offset=0, num_new_vocab=1
        ).num_present
    ),
    "LoadAndRemapMatrix": lambda images, outside: tf.raw_ops.LoadAndRemapMatrix(
        ckpt_path=str(outside),
        old_tensor_name="x",
        row_remapping=[0],
        col_remapping=[0],
        initializing_values=[],
        num_rows=1,
        num_cols=1,
    ),
    "PrintV2": lambda images, outside: [tf.print("evil", output_stream=f"file://{outside}/new.txt"), images][1],
    "EagerPyFunc": lambda images, outside: tf.py_function(
        lambda: (outside / "new.txt").write_text("evil") and 1.0, [], tf.float32
    ),
    "FixedUnigramCandidateSampler": lambda images, outside: (
        tf.random.fixed_unigram_candidate_sampler([[0]], 1, 1, True, 3, vocab_file=read_of(outside)).sampled_candidates
    ),
    "DebugIdentityV3": lambda images, outside: tf.raw_ops.DebugIdentityV3(
        input=images, device_name="", tensor_name="x", io_index=0, debug_urls=[f"file://{outside}"]
    ),
    "WholeFileReaderV2": lambda images, outside: [tf.raw_ops.WholeFileReaderV2(), images][1],
    "DecodeProtoV2": lambda images, outside: (
        tf.raw_ops.DecodeProtoV2(
            bytes=[""], message_type="x", field_names=[], output_types=[], descriptor_source=read_of(outside)
        ).sizes
    ),
    "SaveV2 in a Case": lambda images, outside: tf.switch_case(
        tf.cast(tf.reduce_sum(images) * 0, tf.int32), [lambda: saves(outside), lambda: writes(outside)]
    ),
    "WriteFile in an If": lambda images, outside: tf.cond(
        tf.size(images) > 0, lambda: writes(outside), lambda: tf.constant(1.0)
    ),
    "WriteFile in a While": lambda images, outside: tf.while_loop(
        lambda count: count < 2, lambda count: count + writes(outside), [tf.reduce_sum(images) * 0]
    )[0],
    "TextLineDataset": lambda images, outside: tf.data.TextLineDataset(read_of(outside)).reduce(
        0.0, lambda count, line: count + 1
    ),
    "InitializeTableFromTextFileV2 of a file that is not an asset": lambda images, outside: fill(read_of(outside)),
}


def fill(path: Any) -> Any:
    table = tf.raw_ops.AnonymousHashTable(key_dtype=tf.string, value_dtype=tf.int64)
    operation = tf.raw_ops.InitializeTableFromTextFileV2(
        table_handle=table, filename=path, key_index=-2, value_index=-1
    )
    with tf.control_dependencies([operation]):
        return tf.raw_ops.LookupTableSizeV2(table_handle=table)


def used(folder: Path) -> Any:
    """Load and call a module as a user does."""
    model = tfft.build(str(folder), tfft.tasks.classification(["a", "b"]))
    return model.net.predict(tf.zeros((1, 16, 16, 3)), verbose=0)


def opened(folder: Path) -> Any:
    """Load a module as a bundle does."""
    with tempfile.TemporaryDirectory() as place:
        return tf.saved_model.load(str(extracted(packed(folder), place)))


def refusal(attack: Any, folder: Path) -> str:
    errors = [attack(lambda way=way: way(folder)) for way in (used, opened)]
    assert all(isinstance(error, BackboneError) for error in errors)
    # the first error may be an earlier one, about missing parts
    assert "contains operations that are not allowed" in str(errors[1])
    return str(errors[1])


@pytest.mark.parametrize("name", EFFECTS)
def test_calls_that_do_more_than_compute_are_refused(name: str, attack: Any, outside: Path, tmp_path: Path) -> None:
    folder = made(tmp_path / "module", lambda images: EFFECTS[name](images, outside))
    assert name.partition(" in ")[0] in refusal(attack, folder)


@pytest.mark.parametrize("name", ["WriteFile", "SaveV2 in a Case", "WriteFile in a While"])
def test_these_attacks_work_without_checks(name: str, outside: Path, tmp_path: Path) -> None:
    folder = made(tmp_path / "module", lambda images: EFFECTS[name](images, outside))
    tf.saved_model.load(str(folder))(tf.zeros((1, 16, 16, 3)))
    assert len(list(outside.iterdir())) > 1


def body(graph: Any, operation: str) -> Any:
    return next(f for f in graph.graph_def.library.function if any(node.op == operation for node in f.node_def))


def rename(graph: Any, old: str, new: str) -> None:
    """Rename a function in its definition and all calls."""
    for function in graph.graph_def.library.function:
        if function.signature.name == old:
            function.signature.name = new
        for node in function.node_def:
            for value in node.attr.values():
                if value.func.name == old:
                    value.func.name = new


def named_as_the_saver(graph: Any) -> None:
    rename(graph, body(graph, "WriteFile").signature.name, "__inference__traced_save_evil")


def saving_as_the_saver(graph: Any) -> None:
    rename(graph, body(graph, "SaveV2").signature.name, "__inference__traced_save_evil")


def calling_the_saver(graph: Any) -> None:
    saver = next(f.signature.name for f in graph.graph_def.library.function if "traced_save" in f.signature.name)
    node = body(graph, "MatMul").node_def.add(name="sly", op="NoOp")
    node.attr["_sly"].list.func.add().attr["deeper"].func.name = saver


def in_a_custom_gradient(graph: Any) -> None:
    saver = next(f.signature.name for f in graph.graph_def.library.function if "traced_save" in f.signature.name)
    graph.graph_def.library.registered_gradients.add(gradient_func=saver, registered_op_type="CustomGradient-1")


def as_an_operation(graph: Any) -> None:
    saver = next(f.signature.name for f in graph.graph_def.library.function if "traced_save" in f.signature.name)
    body(graph, "MatMul").node_def.add(name="sly", op=saver)


def as_a_concrete_function(graph: Any) -> None:
    saver = next(f.signature.name for f in graph.graph_def.library.function if "traced_save" in f.signature.name)
    next(
        node for node in graph.object_graph_def.nodes if node.function.concrete_functions
    ).function.concrete_functions.append(saver)


def of_another_process(graph: Any) -> None:
    node = body(graph, "MatMul").node_def.add(name="sly", op="PartitionedCall")
    node.attr["f"].func.name = "__inference_somebody_elses_function_1"


def unknown(graph: Any) -> None:
    body(graph, "MatMul").node_def.add(name="sly", op="EvilOp")


def two_of_one_name(graph: Any) -> None:
    graph.graph_def.library.function.add().CopyFrom(body(graph, "MatMul"))


def endless(graph: Any) -> None:
    for number in range(60):
        function = graph.graph_def.library.function.add()
        function.signature.name = f"f{number}"
        for place in range(2 if number < 59 else 0):
            function.node_def.add(name=f"n{place}", op="PartitionedCall").attr["f"].func.name = f"f{number + 1}"


def of_a_class(graph: Any) -> None:
    graph.object_graph_def.nodes[0].registered_name = "Custom>Evil"


def of_a_file_above(graph: Any) -> None:
    graph.asset_file_def.add().filename = "../../outside/secret.txt"


CHANGES = {
    named_as_the_saver: "WriteFile",
    saving_as_the_saver: "a call of __inference__traced_save",
    calling_the_saver: "a call of __inference__traced_save",
    in_a_custom_gradient: "a call of __inference__traced_save",
    as_an_operation: "a call of __inference__traced_save",
    as_a_concrete_function: "a call of __inference__traced_save",
    of_another_process: "a call of __inference_somebody_elses_function_1",
    unknown: "EvilOp",
    two_of_one_name: "two of the name",
    endless: "unfold to more than",
    of_a_class: "the class Custom>Evil",
    of_a_file_above: "the file '../../outside/secret.txt'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_attacks_with_trusted_names_and_places_are_refused(
    change: Any, attack: Any, outside: Path, tmp_path: Path
) -> None:
    effect = {named_as_the_saver: writes, saving_as_the_saver: saves}.get(change, lambda outside: tf.constant(1.0))
    folder = edited(made(tmp_path / "module", lambda images: effect(outside)), change)
    assert CHANGES[change] in refusal(attack, folder)


def evil_node(graph: Any, outside: Path, name: str) -> str:
    """A node that writes outside, with its inputs."""
    for part, text in (("path", str(outside / "new.txt")), ("content", "evil")):
        node = graph.graph_def.node.add(name=f"{name}_{part}", op="Const")
        node.attr["dtype"].type = tf.string.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))
    graph.graph_def.node.add(name=name, op="WriteFile").input.extend([f"{name}_path", f"{name}_content"])
    return name


def saving_node(graph: Any, outside: Path) -> str:
    node = next(node for node in graph.graph_def.node if node.op == "SaveV2")
    other = graph.graph_def.node.add(name="save/evil_path", op="Const")
    other.attr["dtype"].type = tf.string.as_datatype_enum
    other.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(str(outside / "new")))
    node.input[0] = "save/evil_path"
    return str(node.name)


def by_a_collection(graph: Any, outside: Path) -> None:
    graph.collection_def["saved_model_main_op"].node_list.value[:] = [evil_node(graph, outside, "save/evil")]


def by_an_old_collection(graph: Any, outside: Path) -> None:
    graph.collection_def["legacy_init_op"].node_list.value[:] = [saving_node(graph, outside)]


def by_a_signature(graph: Any, outside: Path) -> None:
    signature = graph.signature_def["__saved_model_init_op"]
    signature.outputs["__saved_model_init_op"].name = saving_node(graph, outside)


def by_a_table(graph: Any, outside: Path) -> None:
    graph.collection_def["table_initializer"].node_list.value.append(saving_node(graph, outside))


def by_the_restoring(graph: Any, outside: Path) -> None:
    restore = next(node for node in graph.graph_def.node if node.name == graph.saver_def.restore_op_name)
    restore.input.append(f"^{saving_node(graph, outside)}")


def by_another_restoring(graph: Any, outside: Path) -> None:
    graph.saver_def.restore_op_name = saving_node(graph, outside)


def by_a_variable(graph: Any, outside: Path) -> None:
    name, held = saving_node(graph, outside), graph.collection_def["variables"].bytes_list.value
    variable = variable_pb2.VariableDef.FromString(held[0])
    variable.initializer_name = name
    held[0] = variable.SerializeToString()


def by_the_answer(graph: Any, outside: Path) -> None:
    output = graph.signature_def["serving_default"].outputs["default"].name.partition(":")[0]
    next(node for node in graph.graph_def.node if node.name == output).input.append(f"^{saving_node(graph, outside)}")


def by_an_asset_of_old(graph: Any, outside: Path) -> None:
    asset = meta_graph_pb2.AssetFileDef(filename=f"../../{outside.name}/secret.txt")
    graph.collection_def["saved_model_assets"].any_list.value.add().Pack(asset)


RUN = {
    by_a_collection: "WriteFile",
    by_an_old_collection: "that needs an operation that saves or restores",
    by_a_signature: "that needs an operation that saves or restores",
    by_a_table: "that needs an operation that saves or restores",
    by_the_restoring: "a saver that restores from another file",
    by_another_restoring: "a saver that restores from another file",
    by_a_variable: "that needs an operation that saves or restores",
    by_the_answer: "that needs an operation that saves or restores",
    by_an_asset_of_old: "the file '../../outside/secret.txt'",
}


@pytest.mark.parametrize("change", RUN)
def test_operations_that_tf1_runs_when_loading_must_only_compute(
    change: Any, attack: Any, outside: Path, tmp_path: Path
) -> None:
    folder = edited(tf1(tmp_path / "module"), lambda graph: change(graph, outside))
    assert RUN[change] in refusal(attack, folder)


@pytest.mark.parametrize("change", [by_a_collection, by_an_old_collection, by_the_restoring])
def test_these_attacks_on_tf1_work_without_checks(change: Any, outside: Path, tmp_path: Path) -> None:
    tf.saved_model.load(str(edited(tf1(tmp_path / "module"), lambda graph: change(graph, outside))))
    assert len(list(outside.iterdir())) > 1


def test_operations_that_tf2_runs_when_loading_must_only_compute(attack: Any, outside: Path, tmp_path: Path) -> None:
    module = tf.Module()
    module.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), -1)
    module.table._initialize = lambda: writes(outside)
    module.__call__ = tf.function(
        lambda x: tf.cast(module.table.lookup(x), tf.float32), input_signature=[tf.TensorSpec((None,), tf.string)]
    )
    tf.saved_model.save(module, str(tmp_path / "module"))
    error = attack(lambda: opened(tmp_path / "module"))
    assert "'WriteFile'" in str(error)


def test_a_path_in_the_input_is_refused(attack: Any, outside: Path, tmp_path: Path) -> None:
    module = tf.Module()
    module.__call__ = tf.function(lambda texts: fill(texts[0]), input_signature=[tf.TensorSpec((None,), tf.string)])
    tf.saved_model.save(module, str(tmp_path / "module"))
    assert "of a file that is not an asset" in str(attack(lambda: opened(tmp_path / "module")))


def test_a_missing_asset_raises_an_error(attack: Any, tmp_path: Path) -> None:
    folder = edited(tf1(tmp_path / "module"), lambda graph: graph.asset_file_def.add(filename="words.txt") and None)
    assert "Assets of the SavedModel are missing. Got: 'words.txt'" in str(attack(lambda: opened(folder)))


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_variables_that_are_not_files_are_refused(kind: str, attack: Any, tmp_path: Path) -> None:
    """TensorFlow would wait forever for a pipe."""
    folder = publish(tiny(), tmp_path / "model")
    path = folder / "variables" / "variables.index"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    for way in (used, opened):
        error = attack(lambda way=way: way(folder))
        assert isinstance(error, BackboneError)
        assert "something that is not a file" in str(error)


def test_a_saved_model_pb_of_16_gigabytes_is_not_read(attack: Any, tmp_path: Path) -> None:
    folder = publish(tiny(), tmp_path / "model")
    os.truncate(folder / "saved_model.pb", 2**34)
    assert "TFFT_MAX_GRAPH_BYTES" in str(attack(lambda: tfft.load_backbone(str(folder))))


@pytest.mark.parametrize(("size", "said"), [(2**34, "TFFT_MAX_PACKED_BYTES"), (2**30, "is not an archive")])
def test_a_sparse_archive_is_refused_at_once(size: int, said: str, attack: Any, tmp_path: Path) -> None:
    path = tmp_path / "module.tar.gz"
    path.write_bytes(b"")
    os.truncate(path, size)
    assert said in str(attack(lambda: tfft.load_backbone(str(path))))
