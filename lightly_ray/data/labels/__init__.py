"""Labels: one table for all tasks, and the files of labelling tools that they come from and go to.

table    the form that every reader makes and every writer takes
joining  which samples of a dataset they are of
same     which of them say the same
packed   that form as a file, as client and platform send and keep it
"""
