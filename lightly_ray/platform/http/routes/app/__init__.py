"""The web app: its page, and what the page asks for, under `app/`.

pages        the page and its assets
session      signing in and out
datasets     list, make, read, delete; the state that the page looks at again and again
tags         masks, how each was made, the order of choice
columns      figures, labels and names of all samples, as columns
samples      some samples, one sample; thumbnails and images
embeddings   points of a plot, nearest neighbours, groups of near duplicates
downloads    what people take away of a tag
selections   methods; selections are asked for
jobs         watched and cancelled
labels       files of labelling tools imported; sources of labels
uploads      images one at a time, embedding files
guide        the guide as pages

Users, tokens, shares and the audit are the same for clients: `routes.people`.

What is in `WITH_SESSION` needs the cookie of a session, and the header of our own page where it changes something.
"""

from fastapi import APIRouter

from lightly_ray.platform.http.routes import people
from lightly_ray.platform.http.routes.app import (
    columns,
    datasets,
    downloads,
    embeddings,
    guide,
    jobs,
    labels,
    pages,
    samples,
    selections,
    session,
    tags,
    uploads,
)

WITH_SESSION: list[APIRouter] = [
    session.router,
    datasets.router,
    tags.router,
    columns.router,
    samples.router,
    embeddings.router,
    downloads.router,
    selections.router,
    jobs.router,
    uploads.router,
    labels.router,
    guide.router,
    people.in_app,
]
WITHOUT_SESSION: list[APIRouter] = [pages.router, session.public]
