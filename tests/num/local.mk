# tests of lib/num
