"""What to tell: tables, figures, maps, page, workbook, exchange formats."""
