"""The protocol over HTTP.

app            routes, who may use them, and what surrounds them
web_answers    compression and caching of what the web app asks for
middleware     around every request: id, access log without query, limits of the body
dependencies   what routes share: the platform, who may come in, pages, signed URLs
schemas        bodies and answers, as types
views          records -> answers
errors         deliberate errors, FastAPI's own and bugs -> {"code", "message"}
routes/        one file per family of routes; routes/app/ those of the web app
"""
