"""Edition: one simulated world with a survey programme, records, spells and judged figures of it, and its truth."""
