"""Predictions to scores, on Ray Data; and embeddings to one.

score      `lightly_ray.score`: the door, any order of rows
typicality `lightly_ray.typicality`: in the caller's process
execute    read tasks (`lightly_ray.scores.read_tasks`) -> scores, in the order of the samples where that is wanted
"""
