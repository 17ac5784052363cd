"""Images to embeddings, and training on embeddings, on Ray.

embed    `lightly_ray.embed`; some images -> a descriptor, images -> vectors, on actors
train    labelled embeddings -> classifiers, and their predictions
"""
