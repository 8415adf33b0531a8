# tests of lib/tools
