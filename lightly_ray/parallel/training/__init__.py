"""Training that selects: a run of Ray Train that asks, between its rounds, which samples to label next.

rounds           the run: started, or taken up behind the last round that it has finished
rounds_worker    what its worker does: predict the unlabelled, ask, learn, keep a checkpoint
"""
