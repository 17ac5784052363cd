"""What the figures of a report say, in sentences: no more than they show."""

from lightly_ray.report.spread import Json
from lightly_ray.report.tables import number, words


def cover_words(cover: Json | None) -> list[str]:
    """Of how near the pool lies to the selection."""
    if cover is None:
        return []
    mean = cover["mean"]
    began = "" if mean["before"] is None else f" It was {number(mean['before'])} before this selection."
    texts = [
        f"A sample of the pool lies {number(mean['after'])} from the nearest selected one on average, and the farthest "
        f"{number(cover['radius']['after'])}.{began} Distances are between vectors of length 1, from 0 to 2."
    ]
    if "compared" in mean:
        random = mean["compared"]
        texts.append(
            f"As many samples drawn at random would have come to {number(random['mean'])} on average "
            f"({number(random['low'])} to {number(random['high'])}): that of the selection is {words(random)}."
            + (" No difference to RANDOM is shown." if random["verdict"] == "within" else "")
        )
    return texts


def duplicate_words(duplicates: Json | None) -> list[str]:
    """Of near duplicates."""
    if duplicates is None:
        return []
    looked = duplicates["looked_at"]
    of = "" if looked == duplicates["added"] else f", estimated of {looked:,} of them"
    text = (
        f"Of {duplicates['added']:,} chosen samples {number(duplicates['chosen'])} have another selected one within "
        f"{duplicates['within']:g}{of}."
    )
    random = duplicates.get("compared")
    if random is not None:
        fewer = random["mean"] - random["chosen"]
        text += f" A random draw has {number(random['mean'])} ({number(random['low'])} to {number(random['high'])})"
        text += (
            ": within the spread of random draws, so none can be said to have been avoided."
            if random["verdict"] == "within"
            else f": {number(abs(fewer))} near duplicates were {'avoided' if fewer > 0 else 'added'}."
        )
    return [text]


def class_words(balance: Json) -> list[str]:
    """Of a class balance."""
    texts = []
    if balance["unknown"]:
        texts.append(f"Of {balance['unknown']:,} of the {balance['chosen']:,} chosen samples the class is not known.")
    if "evenness" in balance:
        evenness = balance["evenness"]
        texts.append(
            f"Evenness, 1 where all classes of the pool are chosen alike, is {number(evenness['chosen'])}: "
            f"{words(evenness)} ({number(evenness['low'])} to {number(evenness['high'])}). Lines show where random "
            "draws of the same size lie, ticks their mean."
        )
    else:
        texts.append(
            f"Classes are known of {balance['pool_known']:,} of the {balance['pool']:,} samples that could be chosen: "
            "too few to say what a random draw would have given."
        )
    return texts


def score_words(figures: Json) -> list[str]:
    """Of scores."""
    random = figures["compared"]
    return [
        f"The chosen samples have a mean {figures['name']} of {number(random['chosen'])}, the pool of "
        f"{number(figures['pool_mean'])}: {words(random)} ({number(random['low'])} to {number(random['high'])})."
    ]


def round_words(over: Json) -> list[str]:
    """Of the rounds beside a random line."""
    against = over["against_random"]
    if against is None:
        return ["There is no line of random draws with an accuracy at as many labels: nothing is said against RANDOM."]
    points = f"{100 * against['difference']:+.1f} points"
    if against["verdict"] == "within":
        spread = "not known" if against["spread"] is None else f"±{200 * against['spread']:.1f} points"
        said = f"that lies within the spread of the two measurements ({spread}), so no difference is shown"
    else:
        said = f"more than twice the spread of the two measurements ({100 * against['spread']:.1f} points)"
    return [f"At {against['labels']:,} labels {points} against the random line ({against['random_tag']}): {said}."]


def cost_words(going_on: Json) -> list[str]:
    """Of what going on would cost."""
    left = f"{going_on['left']:,} samples can still be selected."
    if going_on["why_not"] is not None:
        return [f"{left} What another point of accuracy costs cannot be said: {going_on['why_not']}."]
    needed = going_on["labels_for_a_point"]
    more = " That is more than there are left." if going_on["more_than_left"] else ""
    return [
        f"{left} The last {going_on['last_labels']:,} labels have brought {100 * going_on['last_gain']:.1f} points. At "
        f"that rate another point takes {needed:,} labels; gains fall as a rule, so it takes at least that.{more}"
    ]
