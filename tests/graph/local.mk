# tests of lib/graph
