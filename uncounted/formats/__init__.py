"""The report as page, PDF, workbook, brief and exchange files."""
