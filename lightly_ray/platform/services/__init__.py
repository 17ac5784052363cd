"""What routes call where it is more than one function of the store.

sample_batches     many samples with their files in one request
images             images in and out, with their thumbnails
image_uploads      images of the web app, one at a time: decoded, described, shrunk; the end of an upload
orders             in which order a selection chose its samples
tag_stories        how a tag was made, in one sentence
guide_pages        the guide, from Markdown to HTML
embedding_files    uploaded CSV and Parquet -> the one form that selections read
scoring            scores in and out
stored_predictions predictions by name, and the scores that follow from them
predicted          what is predicted of one sample
evaluated          what was measured with them, and whether the labels have changed since
kept               made once, kept as a blob
labels             what the sources of labels say now; label_imports: labels on their way in
mappings           ids and names of all samples, kept as a file
members            the samples of a mask, some at a time
tagging            tags of masks, of file names, of two other tags
held_out           samples held out for validation; what no selection offers
users              whom tokens and datasets belong to
tokens             who may come in; token_command: `lightly-ray token` and `user`
access             who may do what with a dataset; with whom it is shared
audit_lines        what was changed, by whom and when
sessions           who is signed in to the web app: one-time codes, and what a browser keeps
"""
