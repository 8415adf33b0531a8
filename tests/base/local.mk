# tests of lib/base
