"""One file per family of routes; each route parses, calls one function, and shows what came of it.

datasets, samples, batch, tags, embeddings, scores, predictions, evaluations, jobs, exports    the protocol
health       versions, quota, health
signed       upload and read URLs
docs         the OpenAPI page, with its own assets
app/         the web app: its page, and what that asks for
"""
