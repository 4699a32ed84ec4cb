"""Records of assisted victims: ratios between groups, and how long spells last."""
