"""Numbers of a configuration are what they must be, and a net that is too large is refused."""

import pytest

from tfft.backbones.keras_hub.config_values import check_sizes, check_stacks, number, sizes_of, truth, whole
from tfft.core.errors import BackboneError


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", True, None, [1]])
def test_what_is_no_whole_number_is_named(value):
    with pytest.raises(
        BackboneError, match=r"size in config\.json of 'x' must be a whole number of at least 1"
    ) as caught:
        whole("x", {"size": value}, "size", 3)
    assert caught.value.got == repr(value)


@pytest.mark.parametrize("value", [-0.1, 1, 1.5, float("nan"), float("inf"), "0.1", None, False])
def test_what_is_no_rate_is_named(value):
    with pytest.raises(BackboneError, match="at least 0 and less than 1"):
        number("x", {"rate": value}, "rate", 0.1)


def test_what_is_missing_has_its_default():
    assert whole("x", {}, "size", 3) == 3
    assert number("x", {}, "rate", 0.1) == 0.1
    assert truth("x", {}, "biased", True) is True


@pytest.mark.parametrize("value", [0, 1, None, "true"])
def test_what_is_neither_true_nor_false_is_named(value):
    with pytest.raises(BackboneError, match="must be true or false"):
        truth("x", {"biased": value}, "biased", True)


@pytest.mark.parametrize("inner", [None, [], "x", 3])
def test_a_preset_that_does_not_say_how_it_is_made_is_refused(inner):
    with pytest.raises(BackboneError, match="does not hold the arguments of its net"):
        sizes_of("x", {"config": inner})


def test_the_largest_presets_are_below_the_limit_and_the_limit_can_be_raised(monkeypatch):
    check_sizes("x", {"vocabulary_size": 50257, "num_layers": 48, "hidden_dim": 1600, "intermediate_dim": 6400})
    vast = {"vocabulary_size": 250880, "num_layers": 36, "hidden_dim": 4096, "intermediate_dim": 16384}
    with pytest.raises(BackboneError, match="TFFT_MAX_BACKBONE_VALUES"):
        check_sizes("x", vast)
    monkeypatch.setenv("TFFT_MAX_BACKBONE_VALUES", "9_000_000_000")
    check_sizes("x", vast)


def test_layers_that_share_weights_count_once():
    check_sizes("x", {"num_layers": 1000, "num_groups": 1, "hidden_dim": 4096, "intermediate_dim": 16384})


@pytest.mark.parametrize(
    "values",
    [
        {"stackwise_num_filters": [64, 128, 256, 2048], "stackwise_num_blocks": [3, 4, 36, 3], "input_conv_kernel_sizes": [7]},
        {
            "stackwise_num_repeats": [1, 2, 2, 3, 3, 4, 1],
            "width_coefficient": 2.0,
            "depth_coefficient": 3.1,
            "stackwise_output_filters": [16, 24, 40, 80, 112, 192, 320],
            "top_conv_filters": 1280,
        },
        {"layerwise_depths": [3, 6, 40, 3], "num_layers": 4, "hidden_dims": [64, 128, 320, 512], "layerwise_patch_sizes": [7, 3]},
        {"stackwise_num_repeats": [2, 2, 3, 3, 3], "stackwise_num_filters": [64, 512], "image_shape": [None, None, 3]},
        {"image_shape": [60_000, 60_000, 3], "num_layers": 2},
    ],
)  # fmt: skip
def test_image_nets_that_exist_are_within_the_limits(values):
    check_stacks("x", values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"growth_rate": 10**9}, "growth_rate .* is too large"),
        ({"depth_coefficient": 1e9}, "depth_coefficient .* is too large"),
        ({"depth_coefficient": 100.0, "stackwise_num_repeats": [20]}, "2,000 layers"),
        ({"width_coefficient": float("nan")}, "width_coefficient .* is too large"),
        ({"dilation_rates": [1] * 2001}, "dilation_rates .* is too large"),
        ({"input_conv_kernel_sizes": [4000], "stackwise_num_filters": [64]}, "values are more than the limit"),
        ({"stackwise_num_blocks": [2, "2"]}, "stackwise_num_blocks .* whole numbers"),
        ({"num_layers": None}, "num_layers .* whole numbers"),
    ],
)
def test_image_nets_beyond_the_limits_are_refused(values, message):
    with pytest.raises(BackboneError, match=message):
        check_stacks("x", values)
