// A saved page: the same views, with the answers that are inside the file. To be written.
