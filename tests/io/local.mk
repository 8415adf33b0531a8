# tests of lib/io
