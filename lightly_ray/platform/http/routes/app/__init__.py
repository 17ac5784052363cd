"""The web app: its page, and what the page asks for, under `app/`.

pages        the page and its assets
session      signing in and out
datasets     list, make, read, delete; the state that the page looks at again and again
tags         masks, how each was made, the order of choice
selections   methods; selections are asked for
jobs         watched and cancelled
uploads      images one at a time, embedding files
guide        the guide as pages
tokens       made, listed, revoked

What is in `WITH_SESSION` needs the cookie of a session, and the header of our own page where it changes something.
"""

from fastapi import APIRouter

from lightly_ray.platform.http.routes.app import (
    datasets,
    guide,
    jobs,
    pages,
    selections,
    session,
    tags,
    tokens,
    uploads,
)

WITH_SESSION: list[APIRouter] = [
    session.router,
    datasets.router,
    tags.router,
    selections.router,
    jobs.router,
    uploads.router,
    guide.router,
    tokens.router,
]
WITHOUT_SESSION: list[APIRouter] = [pages.router, session.public]
