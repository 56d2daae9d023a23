"""The variables that an output depends on are found."""

import pytest
from tensorflow.core.protobuf import saved_model_pb2

from tests.modules import encoder, publish, tiny
from tfft.savedmodel.dependencies import by_name, used
from tfft.savedmodel.signatures import contents


@pytest.mark.slow
def test_a_pooler_affects_only_its_own_output_and_the_layers_affect_both(tmp_path):
    found = {variable.path: set(variable.outputs) for variable in contents(encoder(tmp_path)).variables}
    assert found["pooled_dense/kernel"] == {"pooled_output"}
    both = {"pooled_output", "sequence_output"}
    assert found["token_embedding/embeddings"] == both
    assert all(outputs == both for path, outputs in found.items() if path.startswith("transformer_layer_"))


def test_every_float_variable_of_a_net_with_one_output_affects_it(tmp_path):
    found = contents(publish(tiny(), tmp_path))
    name = found.gives[0].name
    statistics = [variable for variable in found.variables if "moving" in variable.path]
    weights = [variable for variable in found.variables if variable.trains]
    assert all(variable.outputs == (name,) for variable in weights)
    assert len(weights) == 12
    assert len(statistics) == 6


def test_nested_functions_are_followed_for_the_output_that_is_used():
    model = saved_model_pb2.SavedModel()
    library = model.meta_graphs.add().graph_def.library
    inner, outer = library.function.add(), library.function.add()
    inner.signature.name, outer.signature.name = "inner", "outer"
    for name in ("a", "b"):
        inner.signature.input_arg.add().name = name
        outer.signature.input_arg.add().name = name
        inner.signature.output_arg.add().name = f"of_{name}"
        inner.ret[f"of_{name}"] = f"double_{name}:z:0"
        node = inner.node_def.add()
        node.name, node.op = f"double_{name}", "Identity"
        node.input.append(name)
    outer.signature.output_arg.add().name = "out"
    outer.ret["out"] = "call:output:1"
    call = outer.node_def.add()
    call.name, call.op = "call", "StatefulPartitionedCall"
    call.attr["f"].func.name = "inner"
    call.input.extend(["a", "b", "^other"])
    functions = by_name(library.function)
    assert used(functions, "inner", 0) == {0}
    assert used(functions, "outer", 0) == {1}
