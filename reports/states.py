"""Which states of a path are bad and which are fine, and how a bad one is said."""

from collections.abc import Mapping
from types import MappingProxyType

from probe import model

BAD: Mapping[model.State, str] = MappingProxyType(
    {
        model.State.DEGRADED: "DEGRADED",
        model.State.RECOVERING: "RECOVERING, still degraded",
        model.State.REFUSING: "REFUSING every prompt",
        model.State.NO_ACCESS: "NO ACCESS",
        model.State.MODEL_GONE: "MODEL GONE",
    }
)
"""States in which a path should not be used."""

FINE = frozenset({model.State.HEALTHY, model.State.SUSPECT})
"""States in which it may. Unknown is neither: no data is not the same as fine."""
