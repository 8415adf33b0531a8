# tests of lib/kinds
