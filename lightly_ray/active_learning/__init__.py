"""Active learning as its users know it: agents ask, configurations say what, scorers say how wanted a sample is.

agents/   ActiveLearningAgent: query set, labeled set, and the queries that move samples between them
config/   SamplerConfig (also SelectionConfig), SamplingMethod
scorers/  Scorer and one file per task
utils/    boxes and predictions that scorers take
"""
