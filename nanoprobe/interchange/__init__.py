"""Files of other programs: maps in, tables and images out."""
