"""Training: what to train on, and runs of Ray Train that ask, between their rounds, which samples to label next.

labelled_images  a table of labelled images as a dataset, decoded in the workers
rounds           the run: started, or taken up behind the last round that it has finished
rounds_worker    what its worker does: predict the unlabelled, ask, learn, keep a checkpoint
"""
