"""Recipes: functions that return common plans.

::

    two_phase, head_only, full      for any backbone
    gradual                         unfreezes one block after the other
    linear_probe                    a head solved exactly
    encoder                         for text encoders, and for ViTs
    segmenter                       for a class of each pixel

``defaults.py`` chooses the default plan of ``fit``.
"""

from tfft.augment.text_augmentation import token_dropout
from tfft.augment.views import Augmentation
from tfft.core.errors import PlanError
from tfft.plans.optimizers import LBFGS
from tfft.plans.phase import Phase, Plan
from tfft.plans.rates import Rates
from tfft.plans.schedule import slanted
from tfft.trainable.policy import all_but_first_blocks, everything, last_blocks, nothing

Augment = tuple[Augmentation, ...]

# Chosen on validation parts (never on test) with four MobileNets and two sets of photos, in five folds with two random splits.
# Among learning rates of the head from 1e-3 to 3e-2 with the cosine schedule, 5e-3 reaches the accuracy of logistic regression on
# the same features within five epochs. Without augmentation, learning rates above 1e-5 in the second phase were as likely to harm
# as to help.
HEAD_LEARNING_RATE = 5e-3
TUNE_LEARNING_RATE = 1e-5
# Chosen on the validation part of CamVid (240 x 180 pixels, 11 classes; never on test) with MobileNetV2 1.0, one seed and batches
# of 16. Mean IoU after ten epochs of the decoder: 0.60; then ten epochs of the last three blocks: 0.60; of all layers: 0.63. The
# last three blocks with 3e-4: 0.57. Fifteen epochs of the decoder alone, with 3e-3: 0.58. Balanced class weights do not help: 0.55.
SEGMENTER_LEARNING_RATE = 1e-3
# Chosen on validation parts (never on test) with MiniLM and eight seeds each, on an accelerator. Accuracy of
# three epochs without averaging -> five epochs with averaging over a twentieth of the steps: SST-2 0.876 -> 0.883 (loss 0.305 ->
# 0.300), TREC-6 0.950 -> 0.956 (0.166 -> 0.153), AG News 0.890 -> 0.894 (0.319 -> 0.317). Five epochs without averaging: 0.877,
# 0.955, 0.892. A learning rate of 1e-4 is as good; 3e-5 and a layer decay of 0.8 are worse. ``head`` of 5 or 100, trained
# embeddings, a weight decay of 0.1 and batches of 16 stay within 0.003. Without token dropout, the loss of SST-2 is worse (0.316);
# when a fifth of the tokens is dropped, it is the same (0.307).
ENCODER_LEARNING_RATE = 5e-5
ENCODER_HEAD = 20.0
ENCODER_AUGMENT = (token_dropout(0.1),)
ENCODER_AVERAGING = 0.05


def two_phase(
    head_epochs: int | None = 5,
    tune_epochs: int = 5,
    blocks: int = 1,
    learning_rate: float = HEAD_LEARNING_RATE,
    tune_learning_rate: float = TUNE_LEARNING_RATE,
    augment: Augment = (),
) -> Plan:
    """Train the head on a frozen backbone, then the last blocks with a small learning rate.

    The gradients of an untrained head are large and random, and would destroy pretrained features. After the first phase they no
    longer do. Images that differ much from photographs (drawings, scans, spectra) need a higher ``tune_learning_rate``.

    Args:
        head_epochs: The number of epochs in the first phase. None solves the head exactly instead, as ``linear_probe`` does; the
            default plan of ``fit`` does so where it can.
        tune_epochs: The number of epochs in the second phase.
        blocks: The number of last blocks that the second phase trains.
        learning_rate: The highest learning rate of the first phase; not used when the head is solved.
        tune_learning_rate: The highest learning rate of the second phase.
        augment: The augmentation of training images in both phases, from ``tfft.plans.augmentation``. A head that is solved reads
            the images without augmentation.

    Returns:
        A Plan of two phases, ``head`` and ``tune``.

    Raises:
        PlanError: When a number is out of range.

    Example:
        >>> print(two_phase(head_epochs=5, tune_epochs=3, blocks=2).describe())
        head: nothing(), 5 epochs, learning rate 0.005 (cosine)
        tune: last_blocks(2), 3 epochs, learning rate 1e-05 (cosine)

    Source:
        Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution" (LP-FT).
    """
    solved = Phase("head", nothing(), 1, learning_rate, optimizer=LBFGS)
    return Plan(
        solved if head_epochs is None else Phase("head", nothing(), head_epochs, learning_rate, augment=augment),
        Phase("tune", last_blocks(blocks), tune_epochs, tune_learning_rate, augment=augment),
    )


def gradual(
    blocks: int = 3,
    epochs: int = 1,
    learning_rate: float = HEAD_LEARNING_RATE,
    tune_learning_rate: float = TUNE_LEARNING_RATE,
    layer_decay: float = 1 / 2.6,
    augment: Augment = (),
) -> Plan:
    """Train the head, then also the last block, then the last two, and so on.

    Args:
        blocks: The number of blocks that the last phase trains, as ``trainable.last_blocks`` counts them. The paper unfreezes all,
            in a net with three recurrent layers.
        epochs: The number of epochs of each phase.
        learning_rate: The highest learning rate of the first phase.
        tune_learning_rate: The highest learning rate of the last block in all other phases. For text encoders, 5e-5 is common.
        layer_decay: The ratio of each block's learning rate to that of the next block, and of the last block's to the head's.
        augment: The augmentation of training images in all phases, from ``tfft.plans.augmentation``.

    Returns:
        A Plan of ``blocks + 1`` phases: ``head``, ``last_1``, ``last_2`` and so on.

    Raises:
        PlanError: When a number is out of range.

    Example:
        >>> print(gradual(blocks=2).describe())
        head: nothing(), 1 epoch, learning rate 0.005 (slanted)
        last_1: last_blocks(1), 1 epoch, learning rate 1e-05 (slanted, head x 2.6, layer decay 0.384615)
        last_2: last_blocks(2), 1 epoch, learning rate 1e-05 (slanted, head x 2.6, layer decay 0.384615)

    Source:
        Howard and Ruder 2018, "Universal Language Model Fine-tuning", sections 3.1 to 3.3. They train all layers to convergence in
        the last phase, with 0.01 for the head; here the learning rates are those of ``two_phase``.
    """
    if isinstance(blocks, bool) or not isinstance(blocks, int) or blocks < 1:
        raise PlanError(f"blocks={blocks!r} must be a whole number of at least 1.", fix="For 0, write head_only().")
    rates = Rates(layer_decay, 1 / layer_decay if layer_decay else 1)
    return Plan(
        Phase("head", nothing(), epochs, learning_rate, slanted(), augment=augment),
        *(
            Phase(f"last_{k}", last_blocks(k), epochs, tune_learning_rate, slanted(), augment=augment, rates=rates)
            for k in range(1, blocks + 1)
        ),
    )


def segmenter(
    head_epochs: int = 10,
    tune_epochs: int = 10,
    learning_rate: float = HEAD_LEARNING_RATE,
    tune_learning_rate: float = SEGMENTER_LEARNING_RATE,
    augment: Augment = (),
) -> Plan:
    """Train the decoder of a segmentation on a frozen backbone, then all layers. It is the default plan of segmentation.

    Args:
        head_epochs: The number of epochs in the first phase, which reads cached features.
        tune_epochs: The number of epochs in the second phase.
        learning_rate: The highest learning rate of the first phase.
        tune_learning_rate: The highest learning rate of the second phase.
        augment: The augmentation of training images in both phases; masks move with their images.

    Returns:
        A Plan of two phases, ``head`` and ``tune``.

    Raises:
        PlanError: When a number is out of range.

    Example:
        >>> print(segmenter(tune_epochs=3).describe())
        head: nothing(), 10 epochs, learning rate 0.005 (cosine)
        tune: everything(), 3 epochs, learning rate 0.001 (cosine)
    """
    return Plan(
        Phase("head", nothing(), head_epochs, learning_rate, augment=augment),
        Phase("tune", everything(), tune_epochs, tune_learning_rate, augment=augment),
    )


def head_only(epochs: int = 10, learning_rate: float = HEAD_LEARNING_RATE, augment: Augment = ()) -> Plan:
    """Train the head only. This is the fastest plan, and often the best one for few examples.

    Args:
        epochs: The number of epochs.
        learning_rate: The highest learning rate.
        augment: The augmentation of training images.

    Returns:
        A Plan of one phase, ``head``.

    Raises:
        PlanError: When a number is out of range.

    Example:
        >>> head_only(epochs=3).describe()
        'head: nothing(), 3 epochs, learning rate 0.005 (cosine)'
    """
    return Plan(Phase("head", nothing(), epochs, learning_rate, augment=augment))


def linear_probe() -> Plan:
    """Solve a linear head exactly on the features of the frozen backbone, in seconds.

    The head is a logistic regression, or a ridge regression for quantities, with a penalty chosen by cross-validation on training
    examples. It is the strongest simple baseline, and often hard to beat with few examples.

    Returns:
        A Plan of one phase, ``probe``.

    Example:
        >>> linear_probe().describe()
        'probe: nothing(), the head solved exactly'

    Source:
        Alain and Bengio 2017, "Understanding intermediate layers using linear classifier probes"; Kornblith et al. 2019, section 4.
    """
    return Plan(Phase("probe", nothing(), 1, HEAD_LEARNING_RATE, optimizer=LBFGS))


def full(
    epochs: int = 10,
    learning_rate: float = 1e-4,
    train_norms: bool = False,
    weight_decay: float = 0.0,
    augment: Augment = (),
) -> Plan:
    """Train head and backbone together from the first step.

    Args:
        epochs: The number of epochs.
        learning_rate: The highest learning rate.
        train_norms: Whether normalisation layers train too. Set it for a backbone with random weights, because its moving
            statistics are only initial values.
        weight_decay: Decoupled weight decay, on kernels only.
        augment: The augmentation of training images.

    Returns:
        A Plan of one phase, ``full``.

    Raises:
        PlanError: When a number is out of range.

    Example:
        >>> full(epochs=3, train_norms=True).describe()
        'full: everything(), 3 epochs, learning rate 0.0001 (cosine, norms train)'
    """
    return Plan(
        Phase(
            "full",
            everything(),
            epochs,
            learning_rate,
            weight_decay=weight_decay,
            train_norms=train_norms,
            augment=augment,
        )
    )


def encoder(
    epochs: int = 5,
    learning_rate: float = ENCODER_LEARNING_RATE,
    embeddings: bool = False,
    layer_decay: float = 1.0,
    head: float = ENCODER_HEAD,
    weight_decay: float = 0.01,
    augment: Augment = ENCODER_AUGMENT,
) -> Plan:
    """Train all layers of a text encoder for a few epochs, with a higher learning rate for the head. For ViTs, pass ``augment=()``.

    The weights are averaged over the last twentieth of the steps, and the average is validated and kept.

    Args:
        epochs: The number of epochs; 2 to 5 are common.
        learning_rate: The highest learning rate of the layers, after a warm-up over a tenth of the steps.
        embeddings: Whether the embeddings of tokens and positions train too. A few thousand texts contain only a small part of the
            vocabulary. If their embeddings were trained, they would no longer fit those of the other tokens.
        layer_decay: The ratio of each layer's learning rate to that of the next layer. 0.8 to 0.95 change the first layers less.
        head: The ratio of the head's learning rate to that of the layers.
        weight_decay: Decoupled weight decay, on kernels only.
        augment: The augmentation of training texts, from ``tfft.plans.augmentation``. By default a tenth of the tokens is masked.

    Returns:
        A Plan of one phase, ``encoder``.

    Raises:
        PlanError: When a number is out of range.

    Example:
        >>> encoder(epochs=2, learning_rate=2e-5, head=1, augment=()).describe()
        'encoder: all_but_first_blocks(1), 2 epochs, learning rate 2e-05 (cosine, norms train), weights averaged over 5 %...'

    Source:
        Devlin et al. 2019, appendix A.3: 2e-5 to 5e-5, 2 to 4 epochs, decay 0.01, warm-up. Averaging:
        Kingma and Ba 2015, "Adam", section 7.2.
    """
    return Plan(
        Phase(
            "encoder",
            everything() if embeddings else all_but_first_blocks(1),
            epochs,
            learning_rate,
            weight_decay=weight_decay,
            train_norms=True,
            augment=augment,
            rates=Rates(layer_decay, head),
            averaging=ENCODER_AVERAGING,
        )
    )
