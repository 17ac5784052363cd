"""What routes call where it is more than one function of the store.

sample_batches     many samples with their files in one request
images             images in and out, with their thumbnails
embedding_files    uploaded CSV and Parquet -> the one form that selections read
scoring            scores in and out
tagging            tags of masks, of file names, of two other tags
tokens             who may come in; token_command: `lightly-ray token`
sessions           who is signed in to the web app: one-time codes, and what a browser keeps
"""
