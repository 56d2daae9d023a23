"""Optimizers of Keras are values of a plan, and no number of theirs is lost in silence."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tests.keras_optimizers import KERAS_NAMES
from tfft.core.errors import PlanError
from tfft.plans import Phase, Plan
from tfft.plans.code import to_code
from tfft.plans.optimizers import KerasOptimizer, class_of, options_of
from tfft.trainable import nothing
from tfft.training.optimizer import optimizer_for

optimizers = keras.optimizers


def phase(optimizer, rate=0.1, decay=0.02):
    return Phase("head", nothing(), 1, rate, weight_decay=decay, optimizer=optimizer)


@keras.saving.register_keras_serializable("optimizer_test")
class Signs(optimizers.Optimizer):
    """Steps of one length."""

    def __init__(self, learning_rate=0.01, least=0.0, **options):
        super().__init__(learning_rate, **options)
        self.least = least

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, keras.ops.sign(gradient) * learning_rate)

    def get_config(self):
        return super().get_config() | {"least": self.least}


@keras.saving.register_keras_serializable("optimizer_test")
class Forgetful(Signs):
    """Does not say what it was made with."""

    def get_config(self):
        return optimizers.Optimizer.get_config(self)


@keras.saving.register_keras_serializable("optimizer_test")
class Applies(Signs):
    """Does not leave the batch to others."""

    def apply(self, grads, trainable_variables=None):
        super().apply(grads, trainable_variables)


class Unknown(Signs):
    """Not registered."""


VALUES = [
    *KERAS_NAMES,
    optimizers.SGD(0.1, momentum=0.5),
    optimizers.SGD(),
    optimizers.Adam(beta_2=0.98, epsilon=1e-6),
    optimizers.Muon(exclude_layers=["logits"], weight_decay=0.02),
    optimizers.Adam(weight_decay=0.02),
    {"class_name": "Lion", "config": {"beta_1": 0.95}},
    optimizers.serialize(optimizers.RMSprop(rho=0.8)),
    Signs(least=0.5),
    "optimizer_test>Signs",
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_every_optimizer_is_a_hashable_json_value_and_code(value):
    plan = Plan(phase(value))
    again = Plan.from_dict(json.loads(json.dumps(plan.to_dict(), allow_nan=False)))
    assert again == plan
    assert hash(again) == hash(plan)
    assert eval(to_code(plan), {"tfft": tfft}) == plan
    assert replace(plan.phases[0], learning_rate=0.3).optimizer == plan.phases[0].optimizer


def test_values_that_are_equal_to_a_name_are_the_name():
    said = [
        phase(value).optimizer for value in ("SGD", optimizers.SGD(momentum=0.9, nesterov=True), optimizers.AdamW())
    ]
    assert said == ["sgd", "sgd", "adamw"]
    assert phase(optimizers.SGD()).optimizer != phase("sgd").optimizer
    assert options_of("sgd") == (optimizers.SGD, {"momentum": 0.9, "nesterov": True})
    assert options_of(phase(Signs(least=0.5)).optimizer) == (Signs, {"least": 0.5})


def test_a_phase_describes_its_optimizer():
    assert (
        phase("adam").describe() == phase("Adam").describe() == "head: nothing(), 1 epoch, learning rate 0.1 (cosine)"
    )
    assert phase("muon").describe().endswith("(cosine), optimizer muon")
    chosen = optimizers.Adam(beta_2=0.98)
    assert phase(chosen).describe().endswith(", optimizer Adam(beta_2=0.98)")
    assert phase(chosen).optimizer == KerasOptimizer(
        "Adam", '{"amsgrad": false, "beta_1": 0.9, "beta_2": 0.98, "epsilon": 1e-07}'
    )


def schedule():
    return optimizers.schedules.CosineDecay(0.1, 10)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("sdg", "'sdg' does not exist. Did you mean 'sgd'"),
        ("mine>Sharp", "Import the module that registers it first"),
        ("ftrl", "moves pretrained weights to near zero"),
        (lambda: optimizers.Ftrl(), "moves pretrained weights to near zero"),
        ("MultiOptimizer", "a phase has one optimizer"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD()), "scales the loss itself"),
        ("optimizer", "the base class"),
        (None, "optimizer=None cannot be used. Write a name such as"),
        (3, "optimizer=3 cannot be used"),
        (optimizers.SGD, "cannot be used. Write a name such as"),
        ({"class_name": "os>system"}, "does not exist"),
        ({"class_name": "SGD", "config": {"momentun": 0.3}}, "momentun.*Pass options of SGD alone"),
        ({"class_name": "SGD", "config": [0.3]}, "Write schedule= of the phase"),
        (
            {"class_name": "SGD", "config": {"learning_rate": {"module": "os", "class_name": "system"}}},
            "must be a number",
        ),
        (
            lambda: optimizers.SGD(0.05),
            r"different values of learning_rate. Got: 0.05 in the opt.*0.1 in the phase. Write learn",
        ),
        (lambda: optimizers.SGD(schedule()), "schedule, which the phase decides. Got: CosineDecay"),
        (
            lambda: optimizers.AdamW(weight_decay=0.1),
            r"values of weight_decay. Got: 0.1 in the optimizer, 0.02 in the phase",
        ),
        (lambda: optimizers.Muon(adam_weight_decay=0.1), "different values of weight_decay"),
        (lambda: optimizers.SGD(clipnorm=1.0), "clipnorm=1.0 of SGD .*clip_norm= of the phase"),
        (lambda: optimizers.SGD(global_clipnorm=1.0), "clip_norm= of the phase"),
        (lambda: optimizers.SGD(clipvalue=1.0), "clip_norm= of the phase"),
        (lambda: optimizers.SGD(use_ema=True), "averaging= of the phase"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=2), "accumulate= of fit"),
        (lambda: optimizers.SGD(loss_scale_factor=2.0), "tfft scales the loss itself"),
        (lambda: Unknown(), "'Unknown' is not registered with Keras.*register_keras_serializable"),
        (lambda: Forgetful(least=0.5), r"get_config\(\) of Forgetful differs. Got: least=0.5"),
        (lambda: Applies(), r"has a method apply\(\) of its own"),
        (lambda: Signs(least=np.inf), "are not JSON values"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_way_out(value, said):
    with pytest.raises(PlanError, match=said):
        phase(value() if callable(value) and not isinstance(value, type) else value)


def test_an_optimizer_that_was_used_is_refused():
    built, stepped = optimizers.SGD(), optimizers.SGD()
    weight = keras.Variable([1.0])
    built.build([weight])
    stepped.iterations.assign(3)
    for used in (built, stepped):
        with pytest.raises(
            PlanError, match=r"was already used.*optimizer=keras.optimizers.SGD\(...\), made for this phase"
        ):
            phase(used)


@pytest.mark.parametrize("value", ["adamw", "AdamW", optimizers.AdamW(), optimizers.AdamW(beta_2=0.9)], ids=range(4))
def test_adamw_without_weight_decay_is_refused(value):
    with pytest.raises(
        PlanError, match=r"weight_decay=0.0 .* AdamW is Adam with weight decay: write 0.01, or optimizer='adam'"
    ):
        phase(value, decay=0.0)


def test_the_reason_to_refuse_ftrl_is_true():
    weight, ftrl = keras.Variable([3.0]), optimizers.Ftrl(0.01)
    ftrl.apply([keras.ops.zeros(1)], [weight])
    assert weight.numpy().tolist() == [0.0]


def test_names_are_found_in_any_case():
    assert class_of("rmsPROP") is optimizers.RMSprop
    assert {"sgd", "lion", "muon", "lamb", "nadam"} < set(KERAS_NAMES)


def test_an_optimizer_without_a_default_rate_takes_that_of_the_phase():
    @keras.saving.register_keras_serializable("tests")
    class Rateless(keras.optimizers.SGD):
        def __init__(self, learning_rate, **options):
            super().__init__(learning_rate, **options)

    own = phase(Rateless(0.1))
    assert Phase.from_dict(json.loads(json.dumps(own.to_dict()))) == own
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    steady = replace(own, learning_rate=0.25, schedule=tfft.plans.constant(warmup=0))
    made = optimizer_for(steady, model.apply(own.trainable), steps=4)
    assert float(made.learning_rate) == 0.25
