"""People whom services met: victim records, their ratios, how long it lasted; another
source, another model.
"""
