"""The command line: options -> task -> show. Nothing below prints, exits or knows a terminal."""
