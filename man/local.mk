# Man pages: generated option sections plus hand-written ones.
