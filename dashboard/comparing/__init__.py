"""The page Compare, in parts: what is chosen, the views, the words beside them, the images behind a bar, the files.

choice      the controls that all views share
categories  the categories of an atlas as groups
modes       the views by name: each makes one `Shown`
measured    views of one measure: ranking, corruptions, a baseline, the heatmap
severities  views over the severities: curves, error ratios
scatters    views of two accuracies: trade-off, trend line
words       what has to be said beside a figure
behind      the images behind a bar
export      the files of a figure
code        the Python that makes it
"""
