"""The HTTP protocol: each route parses, calls one function, and shows what came of it.

here           what a route gets: the platform, the token check
shapes, show   what answers look like; records -> answers
errors         deliberate errors, FastAPI's own and bugs -> {"code", "message"}
edge           around every request: id, access log without query, limits of the body
meta           versions, quota, health
datasets, samples, batch, tags, embeddings, scores, jobs, exports      the protocol
signed         upload and read URLs
docs           the OpenAPI page, with its own assets
"""
