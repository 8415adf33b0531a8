# bench/: built by 'make bench' only.
