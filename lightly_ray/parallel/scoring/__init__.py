"""Predictions to scores, on Ray Data.

score      `lightly_ray.score`: the door, any order of rows
execute    read tasks (`lightly_ray.scores.read_tasks`) -> scores, in the order of the samples where that is wanted
"""
