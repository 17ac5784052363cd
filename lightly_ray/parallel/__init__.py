"""What runs on Ray: Datasets and files in, Datasets and results out. One other module imports Ray, the agent's actor.

    cluster      attach to the Ray that is there, or start a local one
    quiet        Ray's own lines kept out of a program's output
    errors       errors of Ray tasks as what they were
    selection/   `lightly_ray.select`: this process or shard actors, and the driver that merges them
    scoring/     `lightly_ray.score`: predictions -> scores, streaming
    embedding/   `lightly_ray.embed`: images -> embeddings; training on them

A connection is made by the three public functions and by jobs; everything below them assumes one.
"""
