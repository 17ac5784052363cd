"""What is said of the rounds: no more than the figures show."""

import math

from lightly_ray.report.rounds import Round, over_the_rounds
from lightly_ray.report.words import cost_words, round_words


def line(*points: tuple[int, float | None], on: int | None = 1000, name: str = "round") -> list[Round]:
    return [Round(f"{name} {number}", "CORAL", *point, on) for number, point in enumerate(points)]


def test_going_on__at_the_last_rate() -> None:
    told = over_the_rounds(line((100, 0.5), (200, 0.6), (300, 0.7)), [], left=60)["going_on"]
    assert told["labels_for_a_point"] == 10  # 100 labels have brought ten points
    assert not told["more_than_left"]
    assert "another point takes 10 labels" in cost_words(told)[0]
    assert over_the_rounds(line((100, 0.5), (300, 0.6)), [], left=9)["going_on"]["more_than_left"]


def test_going_on__says_nothing_of_a_gain_within_the_spread() -> None:
    told = over_the_rounds(line((100, 0.70), (200, 0.71)), [], left=50)["going_on"]
    assert told["labels_for_a_point"] is None
    assert "within the spread" in told["why_not"]
    assert "cannot be said" in cost_words(told)[0]
    assert math.isclose(told["spread"], math.sqrt(0.70 * 0.30 / 1000 + 0.71 * 0.29 / 1000), rel_tol=1e-4)


def test_going_on__needs_two_measured_rounds_that_grow() -> None:
    assert "two rounds" in over_the_rounds(line((100, 0.5), (200, None)), [], left=5)["going_on"]["why_not"]
    assert "no labels" in over_the_rounds(line((100, 0.5), (100, 0.9)), [], left=5)["going_on"]["why_not"]
    # What is no share of samples has no spread that is known.
    assert over_the_rounds(line((100, 0.5), (200, 0.9), on=None), [], left=5)["going_on"]["labels_for_a_point"] is None


def test_against_random__at_as_many_labels() -> None:
    random = line((100, 0.5), (200, 0.55), (260, 0.9), name="random")
    told = over_the_rounds(line((100, 0.5), (200, 0.7), (300, 0.8)), random, left=5)
    against = told["against_random"]
    assert (against["tag"], against["random_tag"], against["verdict"]) == ("round 1", "random 1", "above")
    assert "+15.0 points" in round_words(told)[0]
    near = over_the_rounds(line((200, 0.56)), random, left=5)
    assert near["against_random"]["verdict"] == "within"
    assert "no difference is shown" in round_words(near)[0]
    below = over_the_rounds(line((200, 0.3)), random, left=5)
    assert below["against_random"]["verdict"] == "below"
    assert over_the_rounds(line((201, 0.9)), random, left=5)["against_random"] is None
