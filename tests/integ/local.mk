# tests of lib/integ
