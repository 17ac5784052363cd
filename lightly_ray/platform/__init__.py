"""The platform: what was a hosted service, as a server that anyone can run.

    settings         of server, worker and token command
    server           one process that serves HTTP and looks after its workers
    embedded         the same inside a job, as a context manager
    child, lifeline  child processes that end with their parent
    limits           how much of anything is taken
    context          database + blobs + signer, opened once
    signing, log     signed URLs; the log
    memory           large requests give it back

    grouping/        near duplicates among vectors
    http/            the protocol: routes, and what surrounds them
    services/        what routes call where it is more than a store function
    jobs/            selections and projections: queued, claimed, computed, stored
    storage/         the database and the files
    upkeep/          backup, restore, check

A request: `http/routes` -> `storage/store` in one transaction -> `http/views`. A file: a temporary file ->
`storage/blobs`, under a new key -> the row that names it. A selection: `jobs/enqueue` pins its inputs and reserves the
tag's name -> `jobs/worker` claims it -> `jobs/runner` calls `lightly_ray.select` -> `jobs/outcome` stores tag and end
in one transaction.
"""
