"""Methods of selection compared on labelled data: a seed's experiment, statistics over seeds, the report."""
