"""Everything that runs on Ray; no other package imports it.

cluster                       attach to the Ray that is there, or start a local one

select                        `lightly_ray.select`: the door
  plan, job                     settings and ids -> rows, picks, scores: all checks are done
  engine                        in this process, or on shard actors
  on_actors, parts, shard_order which rows each shard holds, and where it reads them
  shard_actor, shards           one partition in a worker; all of them, lost ones made anew
  dataset_source                embeddings in a Ray Dataset
  checkpoint, selection_result  the picks so far on disk; what comes back

score                         `lightly_ray.score`: predictions -> scores, streaming
  score_columns, score_sources  what is read, and the pieces that it is read in
  score_pieces                  pieces -> scores, in the order of the samples where that is wanted
embed                         images -> embeddings
train                         labelled embeddings -> classifiers, and their predictions
task_errors                   errors of Ray tasks as what they were
agent_actor                   the agent as an actor
"""
