"""A graph may fill tables only from the module's own assets."""

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from tfft.core.errors import BackboneError
from tfft.savedmodel.graph_bytes import check_operations, harmless
from tfft.savedmodel.graph_calls import callees
from tfft.savedmodel.graph_files import assets, foreign_files, foreign_names


@pytest.fixture
def graph(tmp_path):
    """A module with a table that is filled from a vocabulary; or a second module that was saved from the loaded first one."""
    (tmp_path / "words.txt").write_text("a\nb\n", encoding="utf-8")
    module = tf.Module()
    module.table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            str(tmp_path / "words.txt"),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        -1,
    )
    module.__call__ = tf.function(
        lambda texts: module.table.lookup(texts), input_signature=[tf.TensorSpec((None,), tf.string)]
    )
    tf.saved_model.save(module, str(tmp_path / "module"))
    again = tf.Module()
    again.inner = tf.saved_model.load(str(tmp_path / "module"))
    again.__call__ = tf.function(lambda texts: again.inner(texts), input_signature=[tf.TensorSpec((None,), tf.string)])
    tf.saved_model.save(again, str(tmp_path / "again"))
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((tmp_path / "again" / "saved_model.pb").read_bytes())
    return model.meta_graphs[0]


def functions(graph):
    return {function.signature.name: function for function in graph.graph_def.library.function}


def test_the_asset_of_a_table_is_found_through_calls(graph):
    filled = [name for name, f in functions(graph).items() if any("FromTextFile" in node.op for node in f.node_def)]
    assert any(set(filled) & names for names in callees(functions(graph)).values())
    assert list(foreign_files(graph, functions(graph))) == []
    assert [asset.filename for asset in assets(graph)] == ["words.txt"]


def test_a_variable_instead_of_the_asset_is_refused(graph):
    for node in graph.object_graph_def.nodes:
        if node.WhichOneof("kind") == "asset":
            node.variable.dtype = 7
    assert all("not an asset" in problem for problem in foreign_files(graph, functions(graph)))
    assert list(foreign_files(graph, functions(graph)))


def test_a_constant_instead_of_the_asset_is_refused(graph):
    for function in graph.graph_def.library.function:
        for node in function.node_def:
            if "FromTextFile" in node.op:
                function.node_def.add(name="sly", op="Const")
                node.input[1] = "sly:output:0"
                break
    assert "InitializeTableFromTextFileV2 of a file that is not an asset" in list(
        foreign_files(graph, functions(graph))
    )


def test_assets_in_the_old_format_are_read():
    graph = meta_graph_pb2.MetaGraphDef()
    graph.collection_def["saved_model_assets"].any_list.value.add().Pack(meta_graph_pb2.AssetFileDef(filename="../x"))
    assert [asset.filename for asset in assets(graph)] == ["../x"]
    assert list(foreign_names(graph)) == ["the file '../x'"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "c:x", "a\0b", "a\nb"])
def test_names_of_assets_must_be_plain(name):
    graph = meta_graph_pb2.MetaGraphDef()
    graph.asset_file_def.add().filename = name
    assert list(foreign_names(graph)) == [f"the file {name!r}"]


@pytest.fixture
def old(tmp_path):
    """A module of TF1 with a table that is filled from a vocabulary."""
    v1 = tf.compat.v1
    (tmp_path / "words.txt").write_text("a\nb\n", encoding="utf-8")
    with tf.Graph().as_default(), v1.Session() as session:
        texts = v1.placeholder(tf.string, (None,), name="texts")
        words = tf.lookup.TextFileInitializer(str(tmp_path / "words.txt"), tf.string, -2, tf.int64, -1)
        rows = v1.get_variable("rows", (3, 2), initializer=v1.ones_initializer())
        features = tf.gather(rows, v1.lookup.StaticHashTable(words, 2).lookup(texts))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        builder = v1.saved_model.Builder(str(tmp_path / "old"))
        signature = v1.saved_model.predict_signature_def({"texts": texts}, {"features": features})
        paths = v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS)
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, assets_collection=paths, main_op=v1.tables_initializer()
        )
        builder.save()
    (tmp_path / "words.txt").unlink()
    return tmp_path / "old"


def test_a_table_of_tf1_may_be_filled_from_its_asset(old):
    with harmless(old) as place:
        found = tf.saved_model.load(str(place)).signatures["serving_default"](texts=tf.constant(["a", "z"]))
    assert found["features"].numpy().tolist() == [[1, 1], [1, 1]]


def test_the_path_in_an_asset_of_tf1_is_removed(old):
    model = saved_model_pb2.SavedModel.FromString(check_operations(old))
    name = assets(model.meta_graphs[0])[0].tensor_info.name.partition(":")[0]
    node = next(node for node in model.meta_graphs[0].graph_def.node if node.name == name)
    assert tf.make_ndarray(node.attr["value"].tensor) == b""


def test_a_table_of_tf1_that_is_filled_from_another_file_is_refused(old):
    model = saved_model_pb2.SavedModel.FromString((old / "saved_model.pb").read_bytes())
    del model.meta_graphs[0].collection_def["saved_model_assets"]
    (old / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match="InitializeTableFromTextFileV2 of a file that is not an asset"):
        check_operations(old)
