"""What runs on Ray: Datasets and files in, Datasets and results out. One other module imports Ray, the agent's actor.

    cluster      attach to the Ray that is there, or start a local one
    quiet        Ray's own lines kept out of a program's output
    errors       errors of Ray tasks as what they were
    interrupts   Ctrl-C while Ray Train runs
    remote_args  where tasks and actors run, as the caller says it
    waiting      Datasets where there is no room: CPUs lent, and a line that says what is waited for
    selection/   `lightly_ray.select`: this process or shard actors, and the driver that merges them
    scoring/     `lightly_ray.score`: predictions -> scores, streaming
    embedding/   `lightly_ray.embed`: images -> embeddings; training on them
    training/    a run of Ray Train that selects between its rounds

A connection is made by the three public functions and by jobs; everything below them assumes one.
"""
