# tests of lib/op
