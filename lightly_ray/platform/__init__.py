"""The platform: what was a hosted service, as a server that anyone can run.

    settings         what a server or worker is told
    server           one process that serves HTTP and looks after its workers
    embedded         the same inside a job, as a context manager
    child, lifeline  child processes that end with their parent

    app, routes/     the protocol, one file per family of routes; each calls one function and shows the result
    batch, tagging, scoring, images, embedding_file      what routes call, where it is more than a store function
    limits           how much of anything is taken

    jobs/            selections and projections: queued, claimed, computed, stored
    store/           functions on one database connection; they never commit
    parts            database + blobs + signer, opened once
    database, schema, migrate, migrations/               SQLite or PostgreSQL
    blobs            files on a pyarrow filesystem: a folder or s3://
    tokens, signing  who may come in

A request: `routes` -> `store` in one transaction -> `routes/show`. A file: a temporary file -> `blobs`, under a new
key -> the row that names it. A selection: `jobs/enqueue` pins its inputs and reserves the tag's name -> `jobs/worker`
claims it -> `jobs/runner` calls `lightly_ray.select` -> `jobs/outcome` stores tag and end in one transaction.
"""
