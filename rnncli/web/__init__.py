"""The pages of rnncli: their modules, style and words, as files for a service and joined into one file."""
