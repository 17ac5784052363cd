"""What a selection has come to, in figures beside those of random draws, and as a page.

spread      a figure of the selection beside the same figure of random draws
cover       how near the pool lies to what is selected; near duplicates in the selection
classes     how many of each class were chosen
values      which scores were chosen
picture     the embedding in two dimensions
rounds      accuracy and labels over the rounds, and what going on would cost
page        the report as one HTML file; charts: its drawings; tables: its parts in words

Figures are JSON values throughout: numbers, texts, lists, None for what is not known. Nothing here reads or writes.
"""
