"""How a tag was made, of its provenance: one sentence for people, and the figures behind it.

"100 by CORAL with uncertainty_margin from round-1, embedding EfficientNet-Lite1, radius 0.81, certified within 1.5"
"""

from dataclasses import dataclass
from typing import Any

from lightly_ray.methods import INITIAL_TAG, needs_embeddings
from lightly_ray.platform.storage.store.records import Json

_MASKS = ("mask", "random_mask")
_WORDS = {"UNION": "the union of {} and {}", "INTERSECTION": "what {} and {} share", "DIFFERENCE": "{} without {}"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a tag beside its provenance.

    Attributes:
        count: its samples.
        parent: the name of the tag that it goes on from, None for the initial tag.
        first: the name of the initial tag.
    """

    count: int
    parent: str | None
    first: str = INITIAL_TAG


def story(facts: Facts, provenance: Json) -> Json:
    """What the web app shows of how a tag was made.

    Returns:
        sentence; n, how many samples it added; method, score, embedding, seed, radius, factor, minDistance,
        stopReason, why: None where the tag has none; provenance: all that is known, without masks.
    """
    sampled = provenance.get("kind") == "sampling"
    return {
        "sentence": _of_selection(facts, provenance) if sampled else _of_others(facts, provenance),
        "n": _added(facts, provenance),
        "method": provenance.get("method"),
        "score": _name_of(provenance, "score", "score_type"),
        "embedding": _embedding(provenance),
        "seed": _parameter(provenance, "seed"),
        "radius": _certificate(provenance, "radius"),
        "factor": _certificate(provenance, "factor"),
        "minDistance": _parameter(provenance, "min_distance"),
        "stopReason": provenance.get("stop_reason"),
        "why": provenance.get("why"),
        "provenance": without_masks(provenance),
    }


def without_masks(value: Any) -> Any:
    """The same without its masks, which may be as long as the dataset."""
    if isinstance(value, dict):
        return {key: without_masks(item) for key, item in value.items() if key not in _MASKS}
    return [without_masks(item) for item in value] if isinstance(value, list) else value


def _of_selection(facts: Facts, provenance: Json) -> str:
    score, before = _name_of(provenance, "score", "score_type"), _name_of(provenance, "preselected_tag", "name")
    query, embedding = _name_of(provenance, "query_tag", "name"), _embedding(provenance)
    radius, factor = _certificate(provenance, "radius"), _certificate(provenance, "factor")
    share, distance = _parameter(provenance, "random_share"), _parameter(provenance, "min_distance")
    made = [f"{_added(facts, provenance):,} by {provenance.get('method')}"]
    made += [f"with {score}"] if score else []
    made += [f"from {before}"] if before else []
    made += [f"out of {query}"] if query not in (None, facts.first) else []
    details = [f"embedding {embedding}"] if embedding else []
    details += [f"{share:.0%} of them drawn at random"] if share else []
    details += [f"at least {distance:g} apart"] if distance else []
    details += [f"radius {radius:.3g}"] if radius is not None else []
    details += [f"certified within {factor:.3g}"] if factor is not None else []
    return ", ".join([" ".join(made), *details])


def _of_others(facts: Facts, provenance: Json) -> str:
    count = f"{facts.count:,}"
    match provenance.get("kind"):
        case "initial":
            text = f"all {count} samples"
        case "upsize":
            text = f"{count} added to the {provenance.get('samples_before', 0):,} before them"
        case "marked":
            text = f"{count} marked as such that cannot be labelled"
        case "validation":
            text = _of_held_out(count, provenance)
        case "arithmetics":
            names = [tag.get("name") for tag in provenance.get("tags", ())]
            text = f"{count}: {_WORDS.get(str(provenance.get('operation')), 'of {} and {}').format(*names)}"
        case "manual":
            text = f"{count} put together by hand, going on from {facts.parent}"
        case _:
            text = f"{count} samples"
    return text


def _of_held_out(count: str, provenance: Json) -> str:
    drawn, before = provenance.get("drawn_from", 0), provenance.get("selected_before", 0)
    rest = f" that were left when {before:,} had been selected" if before else ""
    return f"{count} held out for validation, drawn at random out of {drawn:,}{rest}"


def _added(facts: Facts, provenance: Json) -> int:
    return facts.count - int(provenance.get("preselected") or 0)


def _embedding(provenance: Json) -> str | None:
    # A client may name one for a method that does not look at it.
    return _name_of(provenance, "embedding", "name") if needs_embeddings(str(provenance.get("method"))) else None


def _name_of(provenance: Json, part: str, key: str) -> str | None:
    return (provenance.get(part) or {}).get(key)


def _parameter(provenance: Json, name: str) -> Any:
    return (provenance.get("parameters") or {}).get(name)


def _certificate(provenance: Json, name: str) -> Any:
    return (provenance.get("certificate") or {}).get(name)
