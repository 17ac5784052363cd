"""A selection from the data to the result, on one process or many.

    select            `lightly_ray.select`: the door
    opened            data as people have it -> vectors and ids
    score_inputs      scores likewise; score_powers: products of them
    prediction_inputs class probabilities and labels likewise
    cover_pool        COVERAGE, in the caller's process
    cluster_pool      CLUSTER, likewise; typicality_pool: the score that needs no model
    pick_progress     how far it is, for all of them
    engine            CORESET and CORAL: loads the shards here or on actors, chooses, keeps the checkpoint
    resources         how it may run, and the memory that takes
    on_actors         connects, deals out the rows, lets the workers read them
    partitions        which shard holds which rows, and where its worker reads them
    shard_spec        what one shard holds, and how it is built from that; needs no Ray
    shard_actor       one shard in a worker
    actor_shards      all of them: asked at once, replaced where one is lost
    dataset_source    embeddings in a Ray Dataset
    checkpoint        the picks so far, on disk; needs no Ray
    result            what comes back

What is asked for becomes numbers in `lightly_ray.selection.request`; picks are made by `lightly_ray.selection.choose`.
"""
