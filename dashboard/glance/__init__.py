"""The parts of the page Overview.

addresses   where its links lead      rows     what is said of each model
tiles       what one should know      table    the models, and what is needed to trust them
"""

KEY = "overview"
