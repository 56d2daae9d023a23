"""Plans: which phases a training has. Recipes return one; ``Phase`` and ``Plan`` make your own.

Synopsis: ``two_phase(head_epochs=5, tune_epochs=5)``, ``head_only(epochs=10)``, ``full(epochs=3, learning_rate=1e-4)``,
``two_phase(augment=(augmentation.crops(), augmentation.flips()))``.
"""

from tfft.augment import augmentation
from tfft.plans.phase import Phase, Plan
from tfft.plans.rates import Rates
from tfft.plans.recipes import encoder, full, gradual, head_only, linear_probe, segmenter, two_phase
from tfft.plans.schedule import Schedule, constant, cosine, slanted
from tfft.plans.teacher import Teacher

__all__ = [
    "Phase",
    "Plan",
    "Rates",
    "Schedule",
    "Teacher",
    "augmentation",
    "constant",
    "cosine",
    "encoder",
    "full",
    "gradual",
    "head_only",
    "linear_probe",
    "segmenter",
    "slanted",
    "two_phase",
]
