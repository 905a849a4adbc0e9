-- Schema 7. While embedders are exchanged a row has a vector of each; the spare one is not in use.
ALTER TABLE embeddings ADD COLUMN spare_vector BLOB;
ALTER TABLE embeddings ADD COLUMN spare_embedder VARCHAR;
