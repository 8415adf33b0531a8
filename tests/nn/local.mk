# tests of lib/nn
