"""What a report contains, section by section, masked below the threshold."""
