"""What is trained by without being told suits the features, and hides nothing of images."""

import pytest

from tfft.core.specs import FeatureSpec
from tfft.plans.defaults import default_plan, hidden
from tfft.plans.recipes import ENCODER_AUGMENT, encoder, head_only, linear_probe, segmenter, two_phase


@pytest.mark.parametrize("kind", ["map", "vector"])
@pytest.mark.parametrize("examples", [1, 49_999, 50_000, 10**7])
def test_features_of_images_are_trained_in_two_phases_by_default_however_many_there_are(
    kind: str, examples: int
) -> None:
    assert default_plan(FeatureSpec(kind), examples) == two_phase()  # type: ignore[arg-type]
    assert default_plan(FeatureSpec(kind), examples, solved=True) == two_phase(head_epochs=None)  # type: ignore[arg-type]


def test_sequences_are_trained_as_encoders_by_default_and_embeddings_from_50_000_examples_on() -> None:
    spec = FeatureSpec("sequence", masked=True)
    assert default_plan(spec, 1) == default_plan(spec, 49_999) == encoder().with_phases(patience=1)
    assert default_plan(spec, 50_000) == default_plan(spec, 10**7) == encoder(embeddings=True).with_phases(patience=1)
    assert default_plan(spec, 1) != default_plan(spec, 50_000)


def test_tokens_of_texts_are_masked_and_nothing_of_images() -> None:
    assert hidden(FeatureSpec("sequence", masked=True)) == ENCODER_AUGMENT
    assert hidden(FeatureSpec("sequence")) == ()
    assert default_plan(FeatureSpec("sequence", masked=True), 1).phases[0].augment == ENCODER_AUGMENT
    assert default_plan(FeatureSpec("sequence"), 1) == encoder(augment=()).with_phases(patience=1)


def test_answers_of_each_pixel_have_a_plan_of_their_own():
    assert default_plan(FeatureSpec("map"), 100, task="segmentation") == segmenter()
    assert default_plan(FeatureSpec("map"), 100, can_finetune=False, task="segmentation") == head_only()


def test_entities_and_answers_are_trained_as_encoders_with_a_higher_learning_rate() -> None:
    spec = FeatureSpec("sequence", masked=True)
    tags, answers = (default_plan(spec, 100, task=name) for name in ("token_classification", "question_answering"))
    assert tags == encoder(learning_rate=1e-4, embeddings=True).with_phases(patience=1)
    assert answers == encoder(6, 2e-4, augment=()).with_phases(patience=1)
    assert default_plan(spec, 50_000, task="token_classification") == tags, "embeddings train for entities in any case"
    assert default_plan(spec, 50_000, task="question_answering") != answers


def test_what_cannot_be_trained_gets_a_head_alone():
    assert default_plan(FeatureSpec("map"), 100, can_finetune=False) == head_only()
    assert default_plan(FeatureSpec("sequence", masked=True), 100, can_finetune=False) == head_only()
    assert default_plan(FeatureSpec("map"), 100, can_finetune=False, solved=True) == linear_probe()


def test_a_head_that_can_be_solved_does_not_change_the_plan_of_sequences():
    spec = FeatureSpec("sequence", masked=True)
    assert default_plan(spec, 100, solved=True) == default_plan(spec, 100)
