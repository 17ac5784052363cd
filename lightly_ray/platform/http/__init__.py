"""The protocol over HTTP.

app            routes, who may use them, and what surrounds them
middleware     around every request: id, access log without query, limits of the body
dependencies   what routes share: the platform, the token check, pages, signed URLs
schemas        bodies and answers, as types
views          records -> answers
errors         deliberate errors, FastAPI's own and bugs -> {"code", "message"}
routes/        one file per family of routes
"""
